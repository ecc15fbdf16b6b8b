// SPDX-License-Identifier: GPL-2.0-only
#include "policy/confine.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "layer/netns-records.h"
#include "lib/log.h"
#include "policy/set.h"

#define PREFIX "io.vsock-bpfd."

static bool asks_for_policy(const struct container *container)
{
	size_t i;

	for (i = 0; i < container->count; i++)
		if (!strncmp(container->annotations[i].key, PREFIX, strlen(PREFIX)))
			return true;
	return false;
}

/* A container that shares the namespace of the host has none that is its own. */
static int is_initial(const struct netns *ns)
{
	struct netns init;
	int ret = netns_open_init(&init);

	if (ret)
		return ret;
	ret = ns->inode == init.inode;
	netns_close(&init);
	return ret;
}

static int find_policy(const struct netns *ns, const struct policy_set *set)
{
	struct netns_record record;
	struct netns_records records;
	int ret = netns_records_open(&records);

	if (ret)
		return ret;
	ret = netns_records_read(&records, ns->id, &record);
	netns_records_close(&records);
	if (ret)
		return log_errno(-ret, "record of the namespace");
	if (policy_in_record(set, &record))
		return 0;
	return log_error(ENOENT, "no policy in force fits the annotation " PREFIX
				 "policy of the container");
}

/* A word that no policy knows, misspelt perhaps, must not mean that nothing holds. */
static int check_policy(const struct netns *ns)
{
	struct policy_set set;
	int ret = policy_set_open(&set);

	if (ret)
		return ret;
	ret = find_policy(ns, &set);
	policy_set_close(&set);
	return ret;
}

static int confine(const struct container *container,
		   int (*give)(const struct container *container))
{
	bool asks = asks_for_policy(container);
	int initial = is_initial(container->ns), ret;

	if (initial < 0)
		return initial;
	if (initial && asks)
		return log_error(EINVAL, "the container has the network namespace of the host; "
					 "no policy can be given to it alone");
	if (initial)
		return 0;
	ret = give(container);
	return ret || !asks ? ret : check_policy(container->ns);
}

int confine_container(const struct container *container)
{
	return confine(container, policy_assign_container);
}

int confine_check(const struct container *container)
{
	return confine(container, policy_check_container);
}
