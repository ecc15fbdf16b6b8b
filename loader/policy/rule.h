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

/* Adds CIDs, as "42,100-199", to those that are there. Returns what rule_parse() does. */
int rule_parse_cids(struct ranges *cids, const char *text, char **reason);

/* The first range that has the number, or NULL. */
const struct range *range_at(const struct ranges *ranges, __u64 number);

/* Whether each narrow range is within a wide one; whether both have a number, and which. */
bool ranges_cover(const struct ranges *wide, const struct ranges *narrow);
bool ranges_overlap(const struct ranges *a, const struct ranges *b, __u32 *number);

#endif
