// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "policy/cover.h"
#include "policy/note.h"
#include "policy/policies.h"
#include "policy/rule.h"

/* Rules of a policy for which wanted() is true. */
struct selection {
	const struct policy *policy;
	bool (*wanted)(const struct rule *rule, const void *arg);
	const void *arg;
};

/* A range of ports of some rule that has this one. */
static const struct range *selected_at(const struct selection *selection, __u64 port)
{
	const struct policy *policy = selection->policy;
	const struct range *found = NULL;
	size_t i;

	for (i = 0; i < policy->rules && !found; i++)
		if (selection->wanted(&policy->rule[i], selection->arg))
			found = range_at(&policy->rule[i].ports, port);
	return found;
}

/* Whether every one of the ports is in a rule that is selected. */
static bool all_selected(const struct selection *selection, const struct ranges *ports)
{
	const struct range *found;
	__u64 port;
	size_t i;

	for (i = 0; i < ports->count; i++)
		for (port = ports->range[i].first; port <= ports->range[i].last;
		     port = found->last + 1ULL) {
			found = selected_at(selection, port);
			if (!found)
				return false;
		}
	return ports->count;
}

/* Whether a rule covers all peers of the other one. */
static bool peer_covers(const struct rule *wide, const struct rule *narrow)
{
	if (wide->peer == ANYONE)
		return true;
	if (wide->peer != narrow->peer)
		return false;
	if (wide->peer == BY_CID)
		return ranges_cover(&wide->cids, &narrow->cids);
	return wide->peer == OUTSIDE || !strcmp(wide->name, narrow->name);
}

static bool denies_same(const struct rule *rule, const void *arg)
{
	const struct rule *allow = arg;

	return rule->decision == DENY && rule->verb == allow->verb && peer_covers(rule, allow);
}

/* --- Allow= that the other end refuses --- */

static enum rule_verb answer_to(enum rule_verb verb)
{
	return verb == CONNECT ? ACCEPT : CONNECT;
}

struct asker {
	const struct policy *policy;
	const struct rule *allow;
};

/* Whether a rule of the other end is about every namespace with the policy that asks. */
static bool denies_asker(const struct rule *rule, const void *arg)
{
	const struct asker *asker = arg;

	if (rule->decision != DENY || rule->verb != answer_to(asker->allow->verb))
		return false;
	return rule->peer == ANYONE ||
	       (rule->peer == BY_POLICY && !strcmp(rule->name, asker->policy->name));
}

/* Whether it may be about some of them: their names and guests are not known. */
static bool may_allow_asker(const struct rule *rule, const struct asker *asker)
{
	__u32 port;

	if (rule->decision != ALLOW || rule->verb != answer_to(asker->allow->verb) ||
	    !ranges_overlap(&rule->ports, &asker->allow->ports, &port))
		return false;
	return rule->peer != OUTSIDE &&
	       (rule->peer != BY_POLICY || !strcmp(rule->name, asker->policy->name));
}

static bool may_agree(const struct policy *other, const struct asker *asker)
{
	size_t i;

	if (!other->sets_mode || other->mode != LOCAL)
		return true;
	for (i = 0; i < other->rules; i++)
		if (may_allow_asker(&other->rule[i], asker))
			return true;
	return false;
}

/* The policy that a namespace of this name certainly has, or NULL. */
static const struct policy *policy_of_name(const struct policies *policies, const char *name)
{
	const struct policy *policy;
	size_t i;

	for (i = 0; i < policies->count; i++) {
		policy = &policies->policy[i];
		if (policy_is_for_guests(policy) ||
		    (policy->names.count && !globs_cover_one(&policy->names, name)))
			continue;
		return policy->paths.count || policy->cgroups.count || policy->annotations.count ||
				       policy->pods.count
			       ? NULL
			       : policy;
	}
	return NULL;
}

static const struct policy *other_end(const struct policies *policies, const struct rule *rule)
{
	if (rule->peer == BY_POLICY)
		return policies_find(policies, rule->name);
	return rule->peer == BY_NAME ? policy_of_name(policies, rule->name) : NULL;
}

static void look_at_other(struct notes *notes, const struct policies *policies,
			  const struct policy *policy, const struct rule *rule)
{
	const struct policy *other = other_end(policies, rule);
	struct asker asker = { policy, rule };
	struct selection denies = { other, denies_asker, &asker };
	const char *verb = rule->verb == CONNECT ? "accept from" : "connect to";

	if (!other || other->audit)
		return;
	if (all_selected(&denies, &rule->ports))
		note_add(notes, policy, rule->line, "Allow=%s: a Deny=%s of %s refuses it",
			 rule->text, verb, other->file);
	else if (!may_agree(other, &asker))
		note_add(notes, policy, rule->line,
			 "Allow=%s: the other end is local, and %s has no Allow=%s that agrees",
			 rule->text, other->file, verb);
}

void note_rule(struct notes *notes, const struct policies *policies, const struct policy *policy,
	       const struct rule *rule)
{
	struct selection denies = { policy, denies_same, rule };

	if (rule->decision != ALLOW)
		return;
	if (all_selected(&denies, &rule->ports))
		note_add(notes, policy, rule->line,
			 "Allow=%s: never holds, as a Deny= of this file is stronger", rule->text);
	else
		look_at_other(notes, policies, policy, rule);
}
