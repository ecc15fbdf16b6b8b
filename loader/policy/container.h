/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy of a container that starts. */
#ifndef POLICY_CONTAINER_H
#define POLICY_CONTAINER_H

#include <sys/types.h>

#include "kernel/netns.h"
#include "policy/match.h"

/* What a container engine tells of a container, or of a pod, that starts. */
struct container {
	const struct netns *ns;
	pid_t pid;	 /* of a process in it, or 0: there is none yet */
	const char *pod; /* NAMESPACE/NAME, or NULL */
	const struct annotation *annotations;
	size_t count;
};

/*
 * Gives the namespace of a container the policy that fits what is told of it, its name, path and
 * cgroup, at once and for as long as it lives. One that was given so before, and comes first,
 * stays. Returns 0, also if none fits, or says what is wrong.
 */
int policy_assign_container(const struct container *container);

/* Whether it has what it would be given. Says what is wrong, and changes nothing. */
int policy_check_container(const struct container *container);

#endif
