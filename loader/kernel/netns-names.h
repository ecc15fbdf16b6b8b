/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of namespaces by identity. */
#ifndef NETNS_NAMES_H
#define NETNS_NAMES_H

#include <stddef.h>

#include "kernel/netns.h"

struct netns_names {
	struct netns_name {
		netns_id id;
		__u32 inode; /* 0 for one that netns_names_add() has added */
		char *name;
	} * entry; /* by identity, then by name */
	size_t count, room;
};

/* "(init)" and the names under /run/netns, as they are now. */
void netns_names_load(struct netns_names *names);
void netns_names_free(struct netns_names *names);

/* To load others by hand: netns_names_find() needs them sorted. */
void netns_names_append(struct netns_names *names, const char *name, const struct netns *ns);
void netns_names_sort(struct netns_names *names);

/* One that came, or belongs to another namespace from now on; one that went. */
void netns_names_add(struct netns_names *names, const char *name, netns_id id);
void netns_names_remove(struct netns_names *names, const char *name);

/* NULL for a namespace without a name; of several the first. */
const char *netns_names_find(const struct netns_names *names, netns_id id);

#endif
