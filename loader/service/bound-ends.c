// SPDX-License-Identifier: GPL-2.0-only
#include "service/bound-ends.h"

#include "kernel/mode-names.h"
#include "policy/policies.h"

void bound_ends_open(struct bound_ends *ends)
{
	bound_ends_close(ends);
	ends->open = netns_records_exist() && !netns_records_open(&ends->records);
}

void bound_ends_close(struct bound_ends *ends)
{
	policy_set_close(&ends->set);
	if (ends->open)
		netns_records_close(&ends->records);
	*ends = (struct bound_ends){};
}

/* One that cannot be read is tried once, and said once. */
void bound_ends_refresh(struct bound_ends *ends)
{
	__u32 half;

	if (!ends->open)
		return;
	half = ends->records.state->half;
	if (ends->records.state->policies[half] != ends->hash) {
		policy_set_close(&ends->set);
		ends->hash = ends->records.state->policies[half];
		policy_set_of_half(&ends->set, &ends->records, half);
	}
	ends->set.half = half;
}

static bool is_local(const struct netns_record *record, const struct policy *policy)
{
	return record->mode == LOCAL || (policy && policy->sets_mode && policy->mode == LOCAL);
}

struct bound_end bound_ends_find(struct bound_ends *ends, const struct end *end)
{
	struct netns_record record;
	const struct policy *policy;

	if (!ends->open || end->netns == NETNS_NONE || end->netns == NETNS_UNKNOWN ||
	    netns_records_read(&ends->records, end->netns, &record))
		return (struct bound_end){};
	policy = policy_of_end(&ends->set, &ends->records, end, &record);
	return (struct bound_end){
		.policy = policy ? policy->name : NULL,
		.mode = mode_name(is_local(&record, policy) ? LOCAL : GLOBAL),
	};
}
