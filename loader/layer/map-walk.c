// SPDX-License-Identifier: GPL-2.0-only
#include "layer/map-walk.h"

#include <bpf/bpf.h>
#include <stdlib.h>

#include "lib/array.h"

/* So many entries a walk may see in all, for each that the map has room for. */
#define STARTS 4

static void keep_each_once(struct map_keys *keys)
{
	size_t kept = 0, i;

	if (!keys->count)
		return;
	qsort(keys->key, keys->count, sizeof(*keys->key), array_by_u64);
	for (i = 0; i < keys->count; i++)
		if (!kept || keys->key[kept - 1] != keys->key[i])
			keys->key[kept++] = keys->key[i];
	keys->count = kept;
}

void map_walk(struct map_keys *keys, int map, size_t most)
{
	__u64 key, *previous = NULL;

	*keys = (struct map_keys){};
	while (keys->count < STARTS * most && !bpf_map_get_next_key(map, previous, &key)) {
		*array_add(keys->key, keys->count, keys->room) = key;
		previous = &key;
	}
	keep_each_once(keys);
}

void map_walk_free(struct map_keys *keys)
{
	free(keys->key);
	*keys = (struct map_keys){};
}

bool map_walk_has(const struct map_keys *keys, __u64 key)
{
	return keys->count &&
	       bsearch(&key, keys->key, keys->count, sizeof(*keys->key), array_by_u64);
}
