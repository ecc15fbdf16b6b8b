/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the policy of a namespace says of one number: a port, a CID. Tables are laid out by
 * user space (include/vsock-bpfd.h); a place that is none is a table that denies, so that
 * nothing is open that cannot be read.
 */
#ifndef RULES_H
#define RULES_H

#include "maps.h"

/* Halvings until one cell of a half is left. */
#define SEARCH_STEPS 18

/* In the half that is in force; NULL outside of it. */
static __always_inline struct rule_cell *rule_cell(__u32 half, __u32 number)
{
	__u32 index = (half & 1) * RULE_CELLS + number;

	return number < RULE_CELLS ? bpf_map_lookup_elem(&rules, &index) : NULL;
}

/* Instead of a branch, both ways of which the verifier would follow at each halving. */
static __always_inline __u32 all_ones_unless_after(__u32 first, __u32 key)
{
	return ~(((__u64)key - first) >> 32);
}

/*
 * The value of the last span that does not begin behind `key`. Not static: so the verifier
 * looks at it once and not once a call, which would be too much for it.
 */
__noinline __u32 table_value(__u32 half, __u32 table, __u32 key)
{
	struct rule_cell *cell;
	__u32 count, middle, i;

	if (!table)
		return UNDECIDED;
	cell = rule_cell(half, table);
	if (!cell)
		return DENY;
	count = cell->count;
	table++;
	for (i = 0; i < SEARCH_STEPS && count > 1; i++) {
		middle = count / 2;
		cell = rule_cell(half, table + middle);
		if (!cell)
			return DENY;
		table += middle & all_ones_unless_after(cell->first, key);
		count -= middle;
	}
	cell = rule_cell(half, table);
	return cell ? cell->value : DENY;
}

/* Place of what `policy` says of such a peer. */
static __always_inline __u32 rules_for(__u32 half, __u32 policy, enum rule_verb verb,
				       enum rule_peer peer)
{
	struct rule_cell *cell = rule_cell(half, policy + 1 + peer);

	if (!cell)
		return RULE_CELLS;
	return verb == CONNECT ? cell->on_connect : cell->on_accept;
}

/* The same where peers have numbers, and each number a table of ports. */
static __always_inline __u32 decide_by(__u32 half, __u32 policy, enum rule_verb verb,
				       enum rule_peer peer, __u32 key, __u32 port)
{
	__u32 table = rules_for(half, policy, verb, peer);

	return table_value(half, table_value(half, table, key), port);
}

/*
 * What a policy says of a peer, at a port of the target: all decisions that are about it, or'ed.
 * To compare them would have the verifier follow every order that they can have.
 */
static __always_inline __u32 decide(__u32 half, __u32 policy, enum rule_verb verb,
				    const struct end *peer, const struct binding *bound, __u32 port)
{
	__u32 decisions = table_value(half, rules_for(half, policy, verb, ANYONE), port);

	if (peer->netns == NETNS_NONE)
		return decisions | table_value(half, rules_for(half, policy, verb, OUTSIDE), port);
	if (peer->cid)
		decisions |= decide_by(half, policy, verb, BY_CID, peer->cid, port);
	if (bound->policy)
		decisions |= decide_by(half, policy, verb, BY_POLICY, bound->policy, port);
	if (bound->name)
		decisions |= decide_by(half, policy, verb, BY_NAME, bound->name, port);
	return decisions;
}

static __always_inline bool denies_bind(__u32 half, __u32 policy, __u32 port)
{
	struct rule_cell *cell = rule_cell(half, policy + 1 + RULE_PEERS);

	return !cell || table_value(half, cell->on_bind, port) == DENY;
}

static __always_inline bool denies_guest(__u32 half, __u32 policy, __u32 cid)
{
	struct rule_cell *cell = rule_cell(half, policy + 1 + RULE_PEERS);

	return !cell || table_value(half, cell->on_guest, cid) == DENY;
}

static __always_inline bool policy_has(__u32 half, __u32 policy, __u32 flag)
{
	struct rule_cell *cell = rule_cell(half, policy);

	return cell && (cell->flags & flag);
}

#endif
