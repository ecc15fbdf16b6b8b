/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy of a container that starts. */
#ifndef POLICY_CONTAINER_H
#define POLICY_CONTAINER_H

#include <sys/types.h>

#include "kernel/netns.h"
#include "policy/match.h"

/*
 * Gives the namespace of a container the policy that fits its annotations, name, path and cgroup,
 * at once and for as long as it lives. Returns 0, also if none fits, or says what is wrong.
 */
int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count);

#endif
