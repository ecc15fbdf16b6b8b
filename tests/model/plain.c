// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "model/plain.h"

static bool is_in(const struct ranges *ranges, __u32 number)
{
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (number >= ranges->range[i].first && number <= ranges->range[i].last)
			return true;
	return false;
}

const struct policy *plain_policy_of_guest(const struct policies *policies, __u32 cid)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (is_in(&policies->policy[i].guests, cid))
			return &policies->policy[i];
	return NULL;
}

/* An end with a CID is a guest, or outside. */
static bool is_peer(const struct rule *rule, const struct end *peer, const struct space *space)
{
	bool outside = peer->netns == NETNS_NONE;

	switch (rule->peer) {
	case ANYONE:
		return true;
	case OUTSIDE:
		return outside;
	case BY_CID:
		return !outside && peer->cid && is_in(&rule->cids, peer->cid);
	case BY_POLICY:
		return space && space->policy && !strcmp(space->policy->name, rule->name);
	default:
		return space && space->name && !strcmp(space->name, rule->name);
	}
}

/* Deny beats allow. */
static enum decision decide(const struct policy *policy, enum rule_verb verb,
			    const struct end *peer, const struct space *space, __u32 port)
{
	enum decision decision = UNDECIDED;
	const struct rule *rule;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		rule = &policy->rule[i];
		if (rule->verb != verb || !is_in(&rule->ports, port) || !is_peer(rule, peer, space))
			continue;
		if (rule->decision == DENY)
			return DENY;
		decision = ALLOW;
	}
	return decision;
}

static bool denies(const struct policy *policy, enum rule_verb verb, __u32 number)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		rule = &policy->rule[i];
		if (rule->verb == verb && is_in(verb == GUEST ? &rule->cids : &rule->ports, number))
			return true;
	}
	return false;
}

/* By what was set for good, or by its policy. */
static bool is_local(const struct space *own)
{
	return own->mode == LOCAL ||
	       (own->policy && own->policy->sets_mode && own->policy->mode == LOCAL);
}

static enum reason objection(const struct end *self, const struct space *own,
			     const struct end *peer, const struct space *others,
			     enum rule_verb verb, __u32 port)
{
	enum decision decision = UNDECIDED;

	if (self->netns == NETNS_UNKNOWN || (own && own->pending))
		return REASON_UNKNOWN;
	if (!own)
		return PERMITTED;
	if (own->policy) {
		if (self->cid && denies(own->policy, GUEST, self->cid))
			return REASON_GUEST;
		if (!self->cid && verb == ACCEPT && denies(own->policy, BIND, port))
			return REASON_BIND;
		decision = decide(own->policy, verb, peer, others, port);
	}
	if (decision == DENY)
		return REASON_RULE;
	if (decision == UNDECIDED && is_local(own) && (own->apart || self->netns != peer->netns))
		return REASON_MODE;
	return PERMITTED;
}

static bool audits(const struct space *own, enum reason reason)
{
	return reason != REASON_UNKNOWN && own && own->policy && own->policy->audit;
}

struct answer plain_answer(const struct end *from, const struct space *from_space,
			   const struct end *to, const struct space *to_space)
{
	struct answer answer = { .may = true };

	answer.reason[0] = objection(from, from_space, to, to_space, CONNECT, to->port);
	answer.audited[0] = answer.reason[0] && audits(from_space, answer.reason[0]);
	if (answer.reason[0] && !answer.audited[0]) {
		/* Nobody asks the other. */
		answer.may = false;
		return answer;
	}
	answer.reason[1] = objection(to, to_space, from, from_space, ACCEPT, to->port);
	answer.audited[1] = answer.reason[1] && audits(to_space, answer.reason[1]);
	answer.may = !answer.reason[1] || answer.audited[1];
	return answer;
}
