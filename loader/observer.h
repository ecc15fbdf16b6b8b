/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an administrator sees of the service: events go to the journal and to those who
 * follow on the control socket, numbers to a file. Nothing of it is needed to isolate:
 * what fails here is told, and the service goes on.
 */
#ifndef OBSERVER_H
#define OBSERVER_H

#include <systemd/sd-event.h>

#include "config.h"
#include "hub.h"

struct observer;

/* `words` are answered on the control socket, with `arg`. NULL without memory. */
struct observer *observer_start(sd_event *event, const struct hub_word *words, void *arg);
void observer_stop(struct observer *observer);

/* After everything that may have attached, or read another configuration. */
void observer_follow(struct observer *observer, const struct config *config);

#endif
