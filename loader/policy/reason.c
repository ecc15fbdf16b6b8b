// SPDX-License-Identifier: GPL-2.0-only
#include "policy/reason.h"

#include <string.h>

static bool has_number(const struct ranges *ranges, __u32 number)
{
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->range[i].first <= number && number <= ranges->range[i].last)
			return true;
	return false;
}

static bool is_called(const char *name, const char *wanted)
{
	return name && !strcmp(name, wanted);
}

static bool is_about(const struct rule *rule, const struct peer *peer)
{
	switch (rule->peer) {
	case ANYONE:
		return true;
	case OUTSIDE:
		return peer->outside;
	case BY_CID:
		return peer->cid && has_number(&rule->cids, peer->cid);
	case BY_POLICY:
		return is_called(peer->policy, rule->name);
	default:
		return is_called(peer->name, rule->name);
	}
}

const struct rule *reason_rule(const struct policy *policy, enum decision decision,
			       enum rule_verb verb, const struct peer *peer, __u32 port)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		rule = &policy->rule[i];
		if (rule->decision == decision && rule->verb == verb &&
		    has_number(&rule->ports, port) && is_about(rule, peer))
			return rule;
	}
	return NULL;
}

const struct rule *reason_own_rule(const struct policy *policy, enum rule_verb verb, __u32 number)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		rule = &policy->rule[i];
		if (rule->verb == verb &&
		    has_number(verb == GUEST ? &rule->cids : &rule->ports, number))
			return rule;
	}
	return NULL;
}
