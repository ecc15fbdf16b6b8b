/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an administrator sees of the service: events go to the journal and to those who
 * follow on the control socket, numbers to a file or by HTTP. Nothing of it is needed to isolate:
 * what fails here is logged, and the service goes on.
 */
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "lib/config.h"
#include "service/control-server.h"
#include "service/names-watch.h"

struct telemetry;

/* What it needs of the service. */
struct telemetry_needs {
	sd_event *event;
	const struct control_word *words; /* answered on the control socket */
	void (*made)(void *arg);	  /* a namespace was made, and policies ask for that */
	void *arg;			  /* of both */
	const struct names_watch *names;
};

struct telemetry *telemetry_start(const struct telemetry_needs *needs);
/* Whether the control socket is this service's. */
bool telemetry_listens(const struct telemetry *telemetry);

void telemetry_stop(struct telemetry *telemetry);

/*
 * After everything that may have attached, or read another configuration. -errno if it cannot
 * listen where that says to; says what is wrong, and all else goes on.
 */
int telemetry_follow(struct telemetry *telemetry, const struct config *config);

#endif
