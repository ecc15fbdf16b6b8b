// SPDX-License-Identifier: GPL-2.0-only
#include "policy/set.h"

#include <errno.h>

#include "kernel/sysctl-modes.h"
#include "lib/log.h"
#include "policy/match.h"
#include "policy/mistakes.h"
#include "policy/policies.h"
#include "policy/store.h"

void policy_set_close(struct policy_set *set)
{
	compiled_free(&set->compiled);
	peer_names_free(&set->names);
	policies_free(&set->policies);
	policy_files_free(&set->files);
	*set = (struct policy_set){};
}

int policy_set_parse(struct policy_set *set, struct policy_files *files)
{
	int ret;

	*set = (struct policy_set){ .files = *files, .hash = policy_files_hash(files) };
	ret = policies_parse(&set->policies, &set->files);
	if (ret) {
		policies_log_mistakes(&set->policies);
		policy_set_close(set);
		return ret;
	}
	peer_names_take(&set->names, &set->policies);
	return 0;
}

/* One that is lost holds on, but nobody can tell any more which policies it has. */
int policy_set_of_half(struct policy_set *set, const struct netns_records *records, __u32 half)
{
	__u64 hash = records->state->policies[half];
	struct policy_files files;
	int ret;

	*set = (struct policy_set){};
	if (!hash)
		return 0;
	if (store_read(&files, hash))
		return log_error(ESTALE,
				 "%s does not have the policies that are in force; a reload brings "
				 "new ones",
				 STORE_IN_FORCE);
	ret = policy_set_parse(set, &files);
	set->half = half;
	return ret;
}

int policy_set_in_force(struct policy_set *set, const struct netns_records *records)
{
	return policy_set_of_half(set, records, records->state->half);
}

int policy_set_open(struct policy_set *set)
{
	struct netns_records records;
	int ret;

	*set = (struct policy_set){};
	if (kernel_has_modes() && !netns_records_exist())
		return 0;
	ret = netns_records_open(&records);
	if (ret)
		return ret;
	ret = policy_set_in_force(set, &records);
	netns_records_close(&records);
	return ret;
}

const struct policy *policy_in_record(const struct policy_set *set,
				      const struct netns_record *record)
{
	size_t index = policy_at_cell(record->binding[set->half].policy, set->policies.count);

	return index == NO_POLICY ? NULL : &set->policies.policy[index];
}

const struct policy *policy_of_guest(const struct policy_set *set, __u32 cid)
{
	size_t index = policies_match_guest(&set->policies, cid);

	return index == NO_POLICY ? NULL : &set->policies.policy[index];
}

const struct policy *policy_of_end(const struct policy_set *set,
				   const struct netns_records *records, const struct end *end,
				   const struct netns_record *record)
{
	const struct policy *own = NULL;

	if (end->cid && end->netns == records->state->init)
		own = policy_of_guest(set, end->cid);
	return own ?: policy_in_record(set, record);
}
