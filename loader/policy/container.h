/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy of a container that starts. */
#ifndef POLICY_CONTAINER_H
#define POLICY_CONTAINER_H

#include "policy/survey.h"

/*
 * Gives the namespace of a container the policy that fits what is told of it, its name, path and
 * cgroup, at once and for as long as it lives. One that was given so before, and comes first,
 * stays. Returns 0, also if none fits, or says what is wrong.
 */
int policy_assign_container(const struct container *container);

/* Whether it has what it would be given. Says what is wrong, and changes nothing. */
int policy_check_container(const struct container *container);

#endif
