// SPDX-License-Identifier: GPL-2.0-only
#include "policy/container.h"

#include "layer/pins.h"
#include "lib/log.h"
#include "policy/assign.h"
#include "policy/switch.h"

struct container {
	const struct netns *ns;
	pid_t pid;
	const struct annotation *annotations;
	size_t count;
};

static int assign_container(const struct assigner *assigner, const struct container *container,
			    size_t index)
{
	const struct policy *policy = &assigner->set->policies.policy[index];
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (ret)
		return ret;
	record.inode = container->ns->inode;
	record.held = NO;
	assign_record(assigner, &record, index, record.binding[assigner->to].name,
		      policy->annotations.count ? CONTAINER : MATCH);
	return netns_records_write(assigner->records, container->ns->id, &record);
}

/* All that can be known of it was asked for. */
static int let_container_go(const struct assigner *assigner, const struct container *container)
{
	struct netns_record record;
	int ret = netns_records_read(assigner->records, container->ns->id, &record);

	if (ret || record.held != YES || !assign_follow_maker(assigner, &record))
		return ret;
	record.held = NO;
	return netns_records_update(assigner->records, container->ns->id, &record);
}

static int assign(struct assigner *assigner, void *arg)
{
	const struct container *container = arg;
	const struct policies *policies = &assigner->set->policies;
	size_t index;
	int ret;

	ret = survey_take(&assigner->survey, policies);
	if (ret)
		return ret;
	index = survey_choose(&assigner->survey, container->ns, container->pid, policies,
			      container->annotations, container->count);
	survey_free(&assigner->survey);
	ret = index == NO_POLICY ? let_container_go(assigner, container)
				 : assign_container(assigner, container, index);
	return ret ? log_errno(-ret, "map " PIN_NAMESPACES) : 0;
}

int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count)
{
	struct container container = { ns, pid, annotations, count };

	return policy_with_set_in_force(assign, &container);
}
