/* SPDX-License-Identifier: GPL-2.0-only */
/* All policies of a directory, or of some files. */
#ifndef POLICY_POLICIES_H
#define POLICY_POLICIES_H

#include "policy/policy.h"

struct policy_files;

/*
 * Reads DIR/NAME.policy, sorted by file name. A directory that is not there has no policies.
 * Says every mistake in a line of its own and returns -EINVAL, or the errno of what failed;
 * then there are no policies. policies_free() is never wrong.
 */
int policies_read(struct policies *policies, const char *dir);

/* The same, but the mistakes stand in policies->mistake, and what is good is there. */
int policies_load(struct policies *policies, const char *dir);

/* The same of files as a set of their own, and of files that are in memory. */
int policies_load_files(struct policies *policies, char *const *paths, size_t count);
int policies_parse(struct policies *policies, const struct policy_files *files);

void policies_free(struct policies *policies);

/* NULL if no policy has this name. */
const struct policy *policies_find(const struct policies *policies, const char *name);

/* Whether some policy has rules, audits, logs, or is for guests: the gates have to be attached. */
bool policies_have_rules(const struct policies *policies);

/* Whether some policy is for guests: Guest=. */
bool policies_have_guests(const struct policies *policies);

/* Whether some policy asks for a cgroup: new namespaces are to be reported. */
bool policies_ask_for_cgroups(const struct policies *policies);

/* Whether some policy asks where namespaces are mounted. */
bool policies_ask_for_paths(const struct policies *policies);

/* Whether some policy would refuse something to a new namespace: see `held`. */
bool policies_hold_new(const struct policies *policies);

/* Whether some policy has Log=accepted. */
bool policies_log_accepted(const struct policies *policies);

/* Whether it sets a mode to local. */
bool policy_makes_local(const struct policy *policy);

#endif
