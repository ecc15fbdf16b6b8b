/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CIDs that are reserved for guests of local namespaces, each with the alias under which its
 * namespace knows it. They are in a map of their own, which is pinned from the first one on.
 */
#ifndef LAYER_ALIASES_H
#define LAYER_ALIASES_H

#include <stdbool.h>
#include <stddef.h>

#include "alias-map.h"
#include "kernel/netns.h"

#define PIN_ALIASES "aliases"

/* Real CIDs are taken from here on where an alias cannot be real itself. */
#define FIRST_OWN_CID 1000000000U

/* Opens the map, which is made if it is not there. Says what is wrong. */
int aliases_open(void);

/*
 * The number to start a guest with that its namespace is to know as `alias`, which it is itself in
 * a global namespace, and where the kernel has modes. The same again while the namespace lives and
 * nobody else has taken it. Says what is wrong: -EADDRINUSE if a guest has it already.
 */
int aliases_reserve(const struct netns *ns, __u32 alias, __u32 *cid);

/* Says what is wrong: -ENOENT if it is not reserved, -EADDRINUSE while a guest has it. */
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

/* Those of all namespaces that are still there. Says what is wrong; free() of the lines. */
int aliases_list(struct alias_list *list);

#endif
