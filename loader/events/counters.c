// SPDX-License-Identifier: GPL-2.0-only
#include "events/counters.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "layer/map-walk.h"
#include "layer/pins.h"
#include "lib/log.h"

/* One that only says which tenant made the namespace. */
static bool is_empty(const struct counters *counters)
{
	return !counters_sum(counters->refused) && !counters_sum(counters->audited) &&
	       !counters->dropped;
}

int counters_each(void (*each)(netns_id id, const struct counters *counters, void *arg), void *arg)
{
	int map = pin_open_map(PIN_COUNTERS);
	struct counters counters;
	struct map_keys ids;
	size_t i;

	if (map < 0)
		return map == -ENOENT ? map : log_errno(-map, "map " PIN_COUNTERS);
	map_walk(&ids, map, MAX_NAMESPACES);
	for (i = 0; i < ids.count; i++)
		if (!bpf_map_lookup_elem(map, &ids.key[i], &counters) && !is_empty(&counters))
			each(ids.key[i], &counters, arg);
	map_walk_free(&ids);
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
