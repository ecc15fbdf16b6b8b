/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CIDs=own: the layout of the pinned map `aliases`. An alias is the CID by which a local namespace
 * knows a guest of its own; the real CID is the one that the kernel has.
 */
#ifndef ALIAS_MAP_H
#define ALIAS_MAP_H

#include "vsock-bpfd.h"

/* Entries of the map: each alias has two, one to look up in each direction. */
#define MAX_ALIASES (2 * MAX_DEVICES)

enum alias_way {
	TO_REAL = 0,
	TO_ALIAS = 1,
};

struct alias_key {
	netns_id netns;
	__u32 cid;
	enum alias_way way;
};

struct alias {
	__u64 netns_created_ns; /* of the namespace's record; a later one has another time */
	__u32 cid;		/* real or alias, as `way` of the key says */
	__u32 unwritten;	/* addresses with the alias that could not be rewritten */
};

#endif
