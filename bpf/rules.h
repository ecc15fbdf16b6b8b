/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy says of one number: a port or a CID. User space lays out the tables
 * (include/vsock-bpfd.h). An invalid cell number is a table that denies, so that nothing unreadable
 * is open.
 */
#ifndef RULES_H
#define RULES_H

#include "kernel.h"
#include "maps.h"

/* Halvings until one cell is left of a whole half. */
#define SEARCH_STEPS 18

/* NULL if the number is outside of the half. */
static __always_inline struct rule_cell *rule_cell(__u32 half, __u32 number)
{
	__u32 index = (half & 1) * RULE_CELLS + number;

	return number < RULE_CELLS ? bpf_map_lookup_elem(&rules, &index) : NULL;
}

/* Instead of a branch, of which the verifier would follow both ways at each halving. */
static __always_inline __u32 all_ones_unless_after(__u32 first, __u32 key)
{
	return ~(((__u64)key - first) >> 32);
}

/*
 * The value of the last span that does not begin after `key`. A global function, so that the
 * verifier checks it once and not at each call, which would be too much for it.
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

/* The cell where the rules of `policy` for such a peer start. */
static __always_inline __u32 rules_for(__u32 half, __u32 policy, enum rule_verb verb,
				       enum rule_peer peer)
{
	struct rule_cell *cell = rule_cell(half, policy + 1 + peer);

	if (!cell)
		return RULE_CELLS;
	return verb == CONNECT ? cell->on_connect : cell->on_accept;
}

/* The same for peers that have numbers, each with a table of ports. */
static __always_inline __u32 decide_by(__u32 half, __u32 policy, enum rule_verb verb,
				       enum rule_peer peer, __u32 key, __u32 port)
{
	__u32 table = rules_for(half, policy, verb, peer);

	return table_value(half, table_value(half, table, key), port);
}

/*
 * All decisions of a policy about a peer at a port of the target, combined with OR. Comparing them
 * would make the verifier follow each order that they can have.
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

/* The policy (Guest=) for guests of the initial namespace with this CID; 0 if there is none. */
static __always_inline __u32 policy_of_guest(__u32 half, __u32 cid)
{
	struct rule_cell *cell = rule_cell(half, 0);

	return table_value(half, cell ? cell->guests : RULE_CELLS, cid);
}

static __always_inline bool policy_has(__u32 half, __u32 policy, __u32 flag)
{
	struct rule_cell *cell = rule_cell(half, policy);

	return cell && (cell->flags & flag);
}

#endif
