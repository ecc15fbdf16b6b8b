/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of programs that are in force, by what the kernel itself says of its links: with or
 * without a pin that leads to them.
 */
#ifndef LINK_SETS_H
#define LINK_SETS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define SET_MAPS 32

struct link_set_map {
	__u32 id;
	char name[16]; /* as the kernel has it */
};

struct link_set {
	__u32 state;	  /* id of its map `state`, 0: there is no such set */
	__u32 generation; /* that this map says is in force */
	int links;	  /* programs that are attached and have that map */
	struct link_set_map map[SET_MAPS];
	size_t maps;
};

/* The set whose map `state` has this id. */
int link_set_find(struct link_set *set, __u32 state);

/* One that is in force and whose map `state` has another id. -errno if that cannot be found out. */
int link_set_find_other(struct link_set *set, __u32 state);

/* The id of the map of a descriptor, 0 if it is not a map. */
__u32 link_set_map_id(int fd);

/* The map of a set that is pinned as `name`, 0 if it has none. */
__u32 link_set_map_named(const struct link_set *set, const char *name);

/* A program of the set by its link. */
struct pinned_link {
	char program[16]; /* the kernel's name of it, cut off */
	__u32 program_id;
	__u64 skipped; /* calls that it was not run for (Linux 5.12 on) */
	bool of_set;
};

/* What a pinned link leads to; -errno if it is no link of a program. */
int link_set_read(const char *path, const struct link_set *set, struct pinned_link *link);

#endif
