// SPDX-License-Identifier: GPL-2.0-only
#include "policy/container.h"

#include <errno.h>

#include "layer/pins.h"
#include "lib/log.h"
#include "policy/assign.h"
#include "policy/policies.h"
#include "policy/switch.h"

static int assign_container(const struct assigner *assigner, const struct container *container,
			    size_t index)
{
	const struct policy *policy = &assigner->set->policies.policy[index];
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (ret || (record.bound_by == CONTAINER && assign_held(assigner, &record) < index))
		return ret;
	record.inode = container->ns->inode;
	record.held = NO;
	assign_record(assigner, &record, index, record.binding[assigner->to].name,
		      policy->annotations.count || policy->pods.count ? CONTAINER : MATCH);
	return netns_records_write(assigner->records, container->ns->id, &record);
}

/* All that can be known of it was asked for, unless no process has told its cgroup yet. */
static int let_container_go(const struct assigner *assigner, const struct container *container)
{
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (!container->pid && policies_ask_for_cgroups(&assigner->set->policies))
		return ret;
	if (ret || record.held != YES || !assign_follow_maker(assigner, &record))
		return ret;
	record.held = NO;
	return netns_records_update(assigner->records, container->ns->id, &record);
}

static int choose_for(struct assigner *assigner, const struct container *container, size_t *index)
{
	const struct policies *policies = &assigner->set->policies;
	int ret = survey_take_one(&assigner->survey, container->ns, policies);

	if (!ret)
		*index = survey_choose(&assigner->survey, container, policies);
	survey_free(&assigner->survey);
	return ret;
}

static int assign(struct assigner *assigner, void *arg)
{
	const struct container *container = arg;
	size_t index;
	int ret = choose_for(assigner, container, &index);

	if (ret)
		return ret;
	ret = index == NO_POLICY ? let_container_go(assigner, container)
				 : assign_container(assigner, container, index);
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

int policy_assign_container(const struct container *container)
{
	return policy_with_set_in_force(assign, (void *)container);
}

static int compare(struct assigner *assigner, void *arg)
{
	const struct container *container = arg;
	const struct policy *policy = assigner->set->policies.policy;
	struct netns_record record;
	size_t index, held;
	int ret = choose_for(assigner, container, &index);

	if (ret)
		return ret;
	ret = netns_records_read(assigner->records, container->ns->id, &record);
	if (ret)
		return log_errno(-ret, "map " PIN_NAMESPACES);
	held = assign_held(assigner, &record);
	if (index >= held || index == NO_POLICY)
		return 0;
	return log_error(EXDEV, "the policy %s fits, and %s is in force", policy[index].name,
			 held == NO_POLICY ? "none" : policy[held].name);
}

int policy_check_container(const struct container *container)
{
	return policy_with_set_in_force(compare, (void *)container);
}
