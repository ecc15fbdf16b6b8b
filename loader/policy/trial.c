// SPDX-License-Identifier: GPL-2.0-only
#include "policy/trial.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "layer/map-walk.h"
#include "layer/pins.h"
#include "lib/log.h"
#include "policy/assign.h"
#include "policy/policies.h"
#include "policy/switch.h"

union value {
	struct netns_record record;
	struct device device;
	struct counters counters;
};

/* What goes meanwhile is left out. */
static int copy_map(int to, int from, size_t most)
{
	struct map_keys keys;
	union value value;
	int ret = 0;
	size_t i;

	map_walk(&keys, from, most);
	for (i = 0; i < keys.count && !ret; i++)
		if (!bpf_map_lookup_elem(from, &keys.key[i], &value))
			ret = bpf_map_update_elem(to, &keys.key[i], &value, BPF_ANY);
	map_walk_free(&keys);
	return ret ? log_errno(errno, "copying a map") : 0;
}

static int copy_pinned(int to, const char *name, size_t most)
{
	int from = pin_open_map(name), ret;

	if (from < 0)
		return log_errno(-from, "map %s", name);
	ret = copy_map(to, from, most);
	close(from);
	return ret;
}

static int copy_layer(const struct verdict_maps *maps, struct policy_set *before)
{
	struct netns_records pinned;
	int ret;

	if (!netns_records_exist())
		return 0;
	ret = netns_records_open(&pinned);
	if (ret)
		return ret;
	*maps->state = *pinned.state;
	ret = copy_map(maps->namespaces, pinned.namespaces, MAX_NAMESPACES);
	if (!ret)
		ret = copy_pinned(maps->devices, PIN_DEVICES, MAX_DEVICES);
	if (!ret)
		ret = copy_pinned(maps->counters, PIN_COUNTERS, MAX_NAMESPACES);
	if (!ret)
		ret = policy_set_in_force(before, &pinned);
	netns_records_close(&pinned);
	return ret;
}

struct netns_records trial_records(const struct verdict *verdict)
{
	struct verdict_maps maps = verdict_maps(verdict);

	return (struct netns_records){ .namespaces = maps.namespaces, .state = maps.state };
}

/* What holds from a switch on, for one that has the copies to itself. */
static void put_in_force(struct layer_state *state, const struct policy_set *set)
{
	state->has_rules = policies_have_rules(&set->policies) ? YES : NO;
	state->hold_new_netns = policies_hold_new(&set->policies) ? YES : NO;
	if (policy_coverage(set) >= GATES)
		state->gates_wanted = YES;
	state->half = set->half;
}

/*
 * As policy_switch() does: policies are assigned before the switch, and modes become permanent
 * after it.
 */
static int switch_copies(const struct verdict *verdict, struct policy_set *set,
			 const struct policy_set *before)
{
	struct verdict_maps maps = verdict_maps(verdict);
	struct netns_records records = trial_records(verdict);
	struct assigner assigner = { .records = &records, .set = set, .before = before };
	int ret;

	assigner.from = maps.state->half;
	assigner.to = set->half = !assigner.from;
	ret = policy_write_cells(maps.rules, &set->compiled, assigner.to);
	if (!ret)
		ret = assign_look(&assigner);
	if (ret)
		return ret;
	put_in_force(maps.state, set);
	ret = assign_look(&assigner);
	return ret ? ret : assign_pending(&assigner);
}

int trial_make(struct verdict *verdict, struct policy_set *set, const char *dir)
{
	struct verdict_maps maps = verdict_maps(verdict);
	struct policy_set before = {};
	int ret = policy_prepare_dir(set, dir);

	if (!ret)
		ret = copy_layer(&maps, &before);
	if (!ret)
		ret = switch_copies(verdict, set, &before);
	policy_set_close(&before);
	return ret;
}
