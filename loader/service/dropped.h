/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many events were counted but not reported. The programs keep that number by origin; it
 * is looked at only for origins of which an event came since.
 */
#ifndef DROPPED_H
#define DROPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "vsock-bpfd.h"

struct dropped_list {
	struct dropped_entry {
		netns_id id;
		__u64 seen;  /* this many are reported, or were there before */
		bool recent; /* an event came, or more were dropped at the last look */
	} * entry;	     /* by identity */
	size_t count, room;
	/* Reads the number of an origin; plays in tests. -errno if it has none. */
	int (*read)(netns_id id, __u64 *dropped, void *arg);
	void *arg;
};

/* What was dropped by now is not reported. */
void dropped_start(struct dropped_list *drops, netns_id id, __u64 dropped);

/* An event of this origin came. */
void dropped_note(struct dropped_list *drops, netns_id id);

/* Calls each() for those with more than before; true if it is worth looking again. */
bool dropped_look(struct dropped_list *drops, void (*each)(netns_id id, __u64 count, void *arg),
		  void *arg);

void dropped_free(struct dropped_list *drops);

#endif
