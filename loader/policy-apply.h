/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies in force: from files into the maps. The files of what is in force are kept
 * (policy-store.h), so that everybody can read what it is.
 */
#ifndef POLICY_APPLY_H
#define POLICY_APPLY_H

#include <sys/types.h>

#include "netns.h"
#include "policy.h"

/*
 * Reads the policies of `dir` and switches to them at once. A mistake changes nothing: says it
 * with file and line, and returns -EINVAL. Modes only tighten: what was made local stays local.
 * The layer must be attached, unless there is no policy, and none in force. Returns how many.
 */
int policy_apply(const char *dir);

/* What is in force; free it. Says what is wrong. */
int policy_applied(struct policies *policies);

/*
 * Looks again which policy fits whom: namespaces come, get names and lose them. Changes what has
 * changed. Says what is wrong.
 */
int policy_bind(void);

/*
 * Gives the namespace of a container the policy that fits its annotations, name, path and cgroup,
 * at once and for as long as it lives. Returns 0, also if none fits, or says what is wrong.
 */
int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count);

#endif
