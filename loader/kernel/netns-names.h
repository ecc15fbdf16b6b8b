/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of namespaces by identity. */
#ifndef NAMES_H
#define NAMES_H

#include <stddef.h>

#include "kernel/netns.h"

struct names {
	struct name {
		netns_id id;
		__u32 inode; /* 0 for one that names_add() has added */
		char *name;
	} * entry; /* by identity, then by name */
	size_t count, room;
};

/* "(init)" and the names under /run/netns, as they are now. */
void names_load(struct names *names);
void names_free(struct names *names);

/* For who loads others: names_find() wants them sorted. */
void names_append(struct names *names, const char *name, const struct netns *ns);
void names_sort(struct names *names);

/* One that came, or belongs to another namespace from now on; one that went. */
void names_add(struct names *names, const char *name, netns_id id);
void names_remove(struct names *names, const char *name);

/* NULL for a namespace without a name; of several the first. */
const char *names_find(const struct names *names, netns_id id);

#endif
