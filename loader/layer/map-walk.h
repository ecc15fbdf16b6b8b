/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keys of a hash map that programs change meanwhile. A walk starts over when the entry at which
 * it stands is removed: so keys come twice, and without a bound it may not end.
 */
#ifndef MAP_WALK_H
#define MAP_WALK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct map_keys {
	__u64 *key; /* sorted, each once */
	size_t count, room;
};

/* Reads the keys of 64 bits of a map that has room for `most`; map_walk_free() frees them. */
void map_walk(struct map_keys *keys, int map, size_t most);
void map_walk_free(struct map_keys *keys);

bool map_walk_has(const struct map_keys *keys, __u64 key);

#endif
