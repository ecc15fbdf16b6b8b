/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many events were counted and not told. The programs keep that number by origin; it
 * is looked at only for origins of which an event came since.
 */
#ifndef DROPS_H
#define DROPS_H

#include <stdbool.h>
#include <stddef.h>

#include "vsock-bpfd.h"

struct drops {
	struct drop {
		netns_id id;
		__u64 seen;  /* this many are told, or were before */
		bool recent; /* an event came, or more were dropped at the last look */
	} * entry;	     /* by identity */
	size_t count, room;
	/* Reads the number of an origin; plays in tests. -errno if it has none. */
	int (*read)(netns_id id, __u64 *dropped, void *arg);
	void *arg;
};

/* What was dropped by now is not to be told. */
void drops_start(struct drops *drops, netns_id id, __u64 dropped);

/* An event of this origin came. */
void drops_note(struct drops *drops, netns_id id);

/* Calls each() for those with more than before; true if it is worth looking again. */
bool drops_look(struct drops *drops, void (*each)(netns_id id, __u64 count, void *arg), void *arg);

void drops_free(struct drops *drops);

#endif
