/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CIDs that are reserved for guests of local namespaces, each with the alias by which its namespace
 * knows the guest. Their map is made and pinned by the first reservation.
 */
#ifndef LAYER_ALIASES_H
#define LAYER_ALIASES_H

#include <stdbool.h>
#include <stddef.h>

#include "alias-map.h"
#include "kernel/netns.h"

#define PIN_ALIASES "aliases"

/* Real CIDs are chosen from here on where the alias itself cannot be the real one. */
#define FIRST_OWN_CID 1000000000U

/* Opens the map, which is made if it is not there. Says what is wrong. */
int aliases_open(void);

/*
 * Sets `cid` to the real CID to start a guest with that the namespace is to know as `alias`. In a
 * global namespace, and where the kernel has modes, that is `alias`. Otherwise it is reserved, and
 * stays the same while the namespace lives and no other guest has taken it. Says what is wrong:
 * -EADDRINUSE if a guest has it already.
 */
int aliases_reserve(const struct netns *ns, __u32 alias, __u32 *cid);

/* Gives a reservation up. Says what is wrong: -ENOENT without one, -EADDRINUSE with a guest. */
int aliases_release(const struct netns *ns, __u32 alias);

struct alias_line {
	netns_id netns;
	__u32 alias, cid, unwritten;
	bool running; /* a guest of the namespace has it */
};

struct alias_list {
	struct alias_line *line;
	size_t count, room;
};

/* Reservations of all namespaces that are still there. Says what is wrong. Free `line`. */
int aliases_list(struct alias_list *list);

#endif
