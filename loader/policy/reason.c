// SPDX-License-Identifier: GPL-2.0-only
#include "policy/reason.h"

#include <string.h>

#include "policy/rule.h"

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
		return peer->cid && range_at(&rule->cids, peer->cid);
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
		    range_at(&rule->ports, port) && is_about(rule, peer))
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
		    range_at(verb == GUEST ? &rule->cids : &rule->ports, number))
			return rule;
	}
	return NULL;
}
