/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies and the namespaces that they are for. */
#ifndef POLICY_APPLY_H
#define POLICY_APPLY_H

#include <stddef.h>
#include <sys/types.h>

#include "netns.h"

/* One annotation "KEY" = "VALUE". */
struct annotation {
	const char *key, *value;
};

/*
 * Gives the namespace the first applied policy that matches these annotations (and its
 * name, cgroup, path), at once and for as long as it lives; 0 if one matched or none did,
 * else says what is wrong and returns -errno.
 */
int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count);

struct policy;
struct policy_set;
int policy_set_open(struct policy_set **set);
void policy_set_close(struct policy_set *set);
const struct policy *policy_of(const struct policy_set *set, const struct netns_record *record);

#endif
