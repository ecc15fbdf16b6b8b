/* SPDX-License-Identifier: GPL-2.0-only */
/* Which line of a policy a decision of the verdict comes from. It decides nothing itself. */
#ifndef POLICY_REASON_H
#define POLICY_REASON_H

#include "policy/policy.h"

/* The other end of a call, as rules can speak of it. */
struct peer {
	bool outside;
	__u32 cid;	    /* of a guest, or 0 */
	const char *policy; /* of its namespace, or NULL */
	const char *name;   /* that rules know its namespace by, or NULL */
};

/* The first rule for `verb` that decides so about the peer at this port, or NULL. */
const struct rule *reason_rule(const struct policy *policy, enum decision decision,
			       enum rule_verb verb, const struct peer *peer, __u32 port);

/* The first Deny=bind with this port, or Deny=guest with this CID, or NULL. */
const struct rule *reason_own_rule(const struct policy *policy, enum rule_verb verb, __u32 number);

#endif
