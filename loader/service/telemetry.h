/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an administrator sees of the service: events go to the journal and to those who
 * follow on the control socket, numbers to a file. Nothing of it is needed to isolate:
 * what fails here is told, and the service goes on.
 */
#ifndef OBSERVER_H
#define OBSERVER_H

#include <systemd/sd-event.h>

#include "service/config.h"
#include "service/control-server.h"
#include "service/names-watch.h"

struct observer;

/* What it needs of the service. */
struct observer_needs {
	sd_event *event;
	const struct hub_word *words; /* answered on the control socket */
	void (*made)(void *arg);      /* a namespace was made, and policies ask for that */
	void *arg;		      /* of both */
	const struct names_watch *names;
};

/* NULL without memory. */
struct observer *observer_start(const struct observer_needs *needs);
void observer_stop(struct observer *observer);

/* After everything that may have attached, or read another configuration. */
void observer_follow(struct observer *observer, const struct config *config);

#endif
