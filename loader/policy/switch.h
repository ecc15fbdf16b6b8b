/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From one set of policies to the next. The files of what is in force are kept (policy/store.h),
 * so that everybody can read what it is.
 */
#ifndef POLICY_SWITCH_H
#define POLICY_SWITCH_H

#include "layer/programs.h"
#include "policy/assign.h"
#include "policy/set.h"

/* Whether they could be put in force, as far as it is up to them. Says what is wrong. */
int policy_check(const struct policies *policies);

/*
 * Makes a set that policy_switch() takes, of files that become its own, or of those in `dir`.
 * Says mistakes with file and line, and returns -EINVAL; the set is empty then.
 */
int policy_prepare(struct policy_set *set, struct policy_files *files);
int policy_prepare_dir(struct policy_set *set, const char *dir);

/* What has to be attached for a set. */
enum coverage policy_coverage(const struct policy_set *set);

/*
 * Switches to the set at once. Modes only tighten: what was made local stays local. The layer
 * must be attached, unless there is no policy, and none in force. Says what is wrong. Returns how
 * many policies are in force, or an error: of what went wrong before the switch, and what was in
 * force stays; or, if `in_force`, after it: programs follow the set, and namespaces that were
 * made meanwhile are refused until the next look.
 */
int policy_switch(const struct policy_set *set, bool *in_force);

/*
 * Looks again which policy fits which namespace: they come, get names and lose them. Changes what
 * has changed. Says what is wrong.
 */
int policy_assign_again(void);

/* Writes a half of the map `rules`, the pinned one or a copy. Says what is wrong. */
int policy_write_cells(int rules, const struct compiled *compiled, __u32 half);

/* Runs work() with the lock, on the half in force; 0 where no layer can be. Says what is wrong. */
int policy_with_set_in_force(int (*work)(struct assigner *assigner, void *arg), void *arg);

#endif
