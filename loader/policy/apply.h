/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies in force: from files into the maps. The files of what is in force are kept
 * (policy/store.h), so that everybody can read what it is.
 */
#ifndef POLICY_APPLY_H
#define POLICY_APPLY_H

#include <sys/types.h>

#include "kernel/netns.h"
#include "policy/policy.h"
#include "layer/programs.h"

/* Whether they could be put in force, as far as it is up to them. Says what is wrong. */
int policy_check(const struct policies *policies);

/* Reads the policies of `dir` and tells what has to be attached for them. Says what is wrong. */
int policy_coverage(const char *dir, enum coverage *coverage);

/*
 * Reads the policies of `dir` and switches to them at once. A mistake changes nothing: says it
 * with file and line, and returns -EINVAL. Modes only tighten: what was made local stays local.
 * The layer must be attached, unless there is no policy, and none in force. Returns how many.
 */
int policy_apply(const char *dir);

/*
 * What is in force, and who has which. Says what is wrong; *set is NULL then, as if none were
 * known.
 */
struct policy_set;
int policy_set_open(struct policy_set **set);
void policy_set_close(struct policy_set *set);
const struct policies *policy_set_policies(const struct policy_set *set);
const struct compiled *policy_set_compiled(const struct policy_set *set);

/* The policy that a record says, or NULL if it says none that is known. */
const struct policy *policy_in_record(const struct policy_set *set,
				      const struct netns_record *record);

/*
 * Looks again which policy fits whom: namespaces come, get names and lose them. Changes what has
 * changed. Says what is wrong.
 */
int policy_assign_again(void);

/*
 * Gives the namespace of a container the policy that fits its annotations, name, path and cgroup,
 * at once and for as long as it lives. Returns 0, also if none fits, or says what is wrong.
 */
int policy_assign_container(const struct netns *ns, pid_t pid, const struct annotation *annotations,
			    size_t count);

#endif
