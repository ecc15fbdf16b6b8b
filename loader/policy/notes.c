// SPDX-License-Identifier: GPL-2.0-only
/*
 * Only what is certain from the files is noted: a rule that can never hold, a policy that nothing
 * can get, an Allow= that the policy of the other end refuses.
 */
#include "policy/notes.h"

#include <stdlib.h>
#include <string.h>

#include "policy/cover.h"
#include "policy/rule.h"

static bool look_for_cover(struct notes *notes, const struct policies *policies, size_t index)
{
	const struct policy *policy = &policies->policy[index];
	size_t i;

	for (i = 0; i < index; i++)
		if (policy_covers(&policies->policy[i], policy)) {
			note_add(notes, policy, 0,
				 "no %s gets this policy: %s comes first and fits all that "
				 "this one fits",
				 policy_is_for_guests(policy) ? "guest" : "namespace",
				 policies->policy[i].file);
			return true;
		}
	return false;
}

/* Ranges of CIDs can be compared, as globs cannot. The first policy that overlaps is enough. */
static void look_for_overlap(struct notes *notes, const struct policies *policies, size_t index)
{
	const struct policy *policy = &policies->policy[index];
	__u32 cid;
	size_t i;

	for (i = 0; i < index; i++)
		if (ranges_overlap(&policies->policy[i].guests, &policy->guests, &cid)) {
			note_add(notes, policy, 0,
				 "Guest=: fits guest %u, too, which gets %s, as that comes first",
				 cid, policies->policy[i].file);
			return;
		}
}

static void look_at_effect(struct notes *notes, const struct policy *policy)
{
	if (!policy->rules && !policy->sets_child_mode && !policy->audit && !policy->log_accepted &&
	    !policy_is_for_guests(policy) && (!policy->sets_mode || policy->mode == GLOBAL))
		note_add(notes, policy, 0, "sets nothing, and keeps later policies from fitting");
}

void notes_take(struct notes *notes, const struct policies *policies)
{
	const struct policy *policy;
	size_t i, j;

	memset(notes, 0, sizeof(*notes));
	for (i = 0; i < policies->count; i++) {
		policy = &policies->policy[i];
		note_globs(notes, policy);
		if (!look_for_cover(notes, policies, i))
			look_for_overlap(notes, policies, i);
		look_at_effect(notes, policy);
		for (j = 0; j < policy->rules; j++)
			note_rule(notes, policies, policy, &policy->rule[j]);
	}
}

void notes_free(struct notes *notes)
{
	size_t i;

	for (i = 0; i < notes->count; i++)
		free(notes->note[i].text);
	free(notes->note);
	memset(notes, 0, sizeof(*notes));
}
