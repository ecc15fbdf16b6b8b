// SPDX-License-Identifier: GPL-2.0-only
#include "events/counters.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "layer/pins.h"
#include "lib/log.h"

struct ids {
	netns_id *id;
	size_t count, room;
};

static void add_id(struct ids *ids, netns_id id)
{
	if (ids->count == ids->room) {
		ids->room = ids->room ? 2 * ids->room : 64;
		ids->id = reallocarray(ids->id, ids->room, sizeof(*ids->id));
		if (!ids->id)
			err(EXIT_FAILURE, NULL);
	}
	ids->id[ids->count++] = id;
}

static int by_number(const void *a, const void *b)
{
	const netns_id *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* A walk begins anew when the entry at which it stands goes: some come twice. */
static void collect(int map, struct ids *ids)
{
	netns_id id, *previous = NULL;

	while (ids->count < 4 * MAX_NAMESPACES && !bpf_map_get_next_key(map, previous, &id)) {
		previous = &id;
		add_id(ids, id);
	}
	if (ids->count)
		qsort(ids->id, ids->count, sizeof(*ids->id), by_number);
}

/* One that only says which tenant made the namespace. */
static bool is_empty(const struct counters *counters)
{
	return !counters_sum(counters->refused) && !counters_sum(counters->audited) &&
	       !counters->dropped;
}

int counters_each(void (*each)(netns_id id, const struct counters *counters, void *arg), void *arg)
{
	struct counters counters;
	struct ids ids = {};
	size_t i;
	int map = pin_open_map(PIN_COUNTERS);

	if (map < 0)
		return map == -ENOENT ? map : log_errno(-map, "map " PIN_COUNTERS);
	collect(map, &ids);
	for (i = 0; i < ids.count; i++)
		if ((!i || ids.id[i] != ids.id[i - 1]) &&
		    !bpf_map_lookup_elem(map, &ids.id[i], &counters) && !is_empty(&counters))
			each(ids.id[i], &counters, arg);
	free(ids.id);
	close(map);
	return 0;
}

__u64 counters_sum(const __u64 counts[REASONS])
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < REASONS; i++)
		sum += counts[i];
	return sum;
}
