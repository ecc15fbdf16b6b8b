/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring buffer `events`: what the programs tell. */
#ifndef EVENT_RING_H
#define EVENT_RING_H

#include "vsock-bpfd.h"

struct event_ring;

/* `traffic` is all zero but for EVENT_ACCEPTED. */
typedef void event_fn(const struct event *event, const struct traffic *traffic, void *arg);

/*
 * Follows the pinned map. Called again it changes over to another one, as there is after
 * --detach; nothing happens if it is the same. -ENOENT if none is pinned; says nothing.
 */
int event_ring_follow(struct event_ring **events, event_fn *each, void *arg);

/* Readable once there are events, until event_ring_read() has called each() for them. */
int event_ring_fd(const struct event_ring *events);
void event_ring_read(struct event_ring *events);

void event_ring_close(struct event_ring *events);

#endif
