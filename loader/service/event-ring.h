/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring buffer `events`: what the programs tell. */
#ifndef EVENTS_H
#define EVENTS_H

#include "vsock-bpfd.h"

struct events;

/*
 * Follows the pinned map. Called again it changes over to another one, as there is after
 * --detach; nothing happens if it is the same. -ENOENT if none is pinned; says nothing.
 */
int events_follow(struct events **events, void (*each)(const struct event *event, void *arg),
		  void *arg);

/* Readable once there are events, until events_read() has called each() for them. */
int events_fd(const struct events *events);
void events_read(struct events *events);

void events_close(struct events *events);

#endif
