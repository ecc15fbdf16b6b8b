/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a rule. */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/policy.h"

/*
 * Reads the value of Allow= or Deny=. Returns 0, or -EINVAL with *reason, which is
 * the caller's to free. rule_free() is never wrong.
 */
int rule_parse(struct rule *rule, enum decision decision, const char *text, char **reason);
void rule_free(struct rule *rule);

/* The first range that has the number, or NULL. */
const struct range *range_at(const struct ranges *ranges, __u64 number);

#endif
