// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules as cells of the map `rules`; vsock-bpfd.h says how those lie.
 *
 * A table comes from edges: where on a line of numbers a rule begins to hold or ends. Walking
 * along them, counting rules that allow and that deny, gives the spans. A table of tables has a
 * line of its own (CIDs, policies, names), on which edges of ports come and go. Equal tables are
 * one.
 */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/guest-spans.h"
#include "policy/policies.h"

/* After the last number. */
#define END (1ULL << 32)

/* By how much more, or fewer, rules allow and deny from here on. */
struct edge {
	__u64 at; /* first, as for turns: they are sorted by it */
	int allow, deny;
};

struct edges {
	struct edge *edge;
	size_t count, room;
};

/* On the line of a table of tables: where the ports of a rule come or go. */
struct turn {
	__u64 at;
	const struct rule *rule;
	int by; /* 1 or -1 */
};

struct turns {
	struct turn *turn;
	size_t count, room;
};

struct compiler {
	const struct policies *policies;
	const struct peer_names *names;
	struct compiled *compiled;
	bool full;		/* there was no room for a cell */
	struct edges now, next; /* of ports, while walking along turns; sorted */
	struct edges change;	/* from one to the other */
	struct turns turns;
	__u32 *known; /* cells of tables, by hash; 0: free */
	size_t slots;
};

static void add_edge(struct edges *edges, __u64 at, int allow, int deny)
{
	if (at == END || (!allow && !deny))
		return;
	*array_add(edges->edge, edges->count, edges->room) =
		(struct edge){ .at = at, .allow = allow, .deny = deny };
}

/* The numbers for which a rule holds come (by 1) or go (by -1). */
static void add_ranges(struct edges *edges, const struct rule *rule, const struct ranges *ranges,
		       int by)
{
	int allow = rule->decision == ALLOW ? by : 0, deny = rule->decision == DENY ? by : 0;
	size_t i;

	for (i = 0; i < ranges->count; i++) {
		add_edge(edges, ranges->range[i].first, allow, deny);
		add_edge(edges, ranges->range[i].last + 1ULL, -allow, -deny);
	}
}

static void append(struct edges *edges, const struct edge *edge)
{
	struct edge *last = edges->count ? &edges->edge[edges->count - 1] : NULL;

	if (!last || last->at != edge->at) {
		add_edge(edges, edge->at, edge->allow, edge->deny);
		return;
	}
	last->allow += edge->allow;
	last->deny += edge->deny;
	/* What came and went leaves nothing to walk over. */
	if (!last->allow && !last->deny)
		edges->count--;
}

/* Makes the change, which need not be sorted, and forgets it. */
static void apply_change(struct compiler *compiler)
{
	struct edges *now = &compiler->now, *change = &compiler->change, swap;
	size_t i = 0, j = 0;

	if (change->count)
		qsort(change->edge, change->count, sizeof(*change->edge), array_by_u64);
	compiler->next.count = 0;
	while (i < now->count || j < change->count) {
		if (j == change->count || (i < now->count && now->edge[i].at <= change->edge[j].at))
			append(&compiler->next, &now->edge[i++]);
		else
			append(&compiler->next, &change->edge[j++]);
	}
	change->count = 0;
	swap = compiler->now;
	compiler->now = compiler->next;
	compiler->next = swap;
}

/* Tables grow at the end of the cells: a head, then spans. */
static __u32 begin_table(struct compiler *compiler)
{
	struct compiled *compiled = compiler->compiled;
	__u32 cell = compiled->count;

	if (cell == RULE_CELLS) {
		compiler->full = true;
		return 0;
	}
	compiled->cells[compiled->count++] = (struct rule_cell){};
	return cell;
}

/* A span that says what the one before says is part of it. */
static void add_span(struct compiler *compiler, __u32 cell, __u32 first, __u32 value)
{
	struct compiled *compiled = compiler->compiled;
	struct rule_cell *head = &compiled->cells[cell];

	if (head->count && head[head->count].value == value)
		return;
	if (compiled->count == RULE_CELLS) {
		compiler->full = true;
		return;
	}
	compiled->cells[compiled->count++] = (struct rule_cell){ .first = first, .value = value };
	head->count++;
}

static __u32 hash_table(const struct rule_cell *head)
{
	const __u32 *word = (const __u32 *)head;
	__u32 hash = 2166136261U;
	size_t i;

	for (i = 0; i < 2 * (1UL + head->count); i++)
		hash = (hash ^ word[i]) * 16777619U ^ hash >> 15;
	return hash;
}

static bool same_table(const struct rule_cell *a, const struct rule_cell *b)
{
	return a->count == b->count && !memcmp(a, b, (1UL + a->count) * sizeof(*a));
}

/* The cell of the table that grew at `cell`, or of one like it; 0 if it decides nothing. */
static __u32 end_table(struct compiler *compiler, __u32 cell)
{
	struct compiled *compiled = compiler->compiled;
	struct rule_cell *head = &compiled->cells[cell];
	size_t slot;

	if (compiler->full)
		return 0;
	if (head->count == 1 && !head[1].value) {
		compiled->count = cell;
		return 0;
	}
	slot = hash_table(head) & (compiler->slots - 1);
	for (; compiler->known[slot]; slot = (slot + 1) & (compiler->slots - 1)) {
		if (same_table(&compiled->cells[compiler->known[slot]], head)) {
			compiled->count = cell;
			return compiler->known[slot];
		}
	}
	compiler->known[slot] = cell;
	return cell;
}

/* The table of the edges that are there now. */
static __u32 make_table(struct compiler *compiler)
{
	const struct edges *edges = &compiler->now;
	__u32 cell = begin_table(compiler);
	int allow = 0, deny = 0;
	size_t i;

	if (!cell)
		return 0;
	if (!edges->count || edges->edge[0].at)
		add_span(compiler, cell, 0, UNDECIDED);
	for (i = 0; i < edges->count && !compiler->full; i++) {
		allow += edges->edge[i].allow;
		deny += edges->edge[i].deny;
		add_span(compiler, cell, edges->edge[i].at,
			 deny	 ? DENY
			 : allow ? ALLOW
				 : UNDECIDED);
	}
	return end_table(compiler, cell);
}

/* Whether the rule is about this. */
static bool is_about(const struct rule *rule, enum rule_verb verb, enum rule_peer peer)
{
	return rule->verb == verb && rule->peer == peer;
}

/* A table by port, or by CID for GUEST. */
static __u32 make_flat(struct compiler *compiler, const struct policy *policy, enum rule_verb verb,
		       enum rule_peer peer)
{
	size_t i;

	for (i = 0; i < policy->rules; i++)
		if (is_about(&policy->rule[i], verb, peer))
			add_ranges(&compiler->change, &policy->rule[i],
				   verb == GUEST ? &policy->rule[i].cids : &policy->rule[i].ports,
				   1);
	compiler->now.count = 0;
	apply_change(compiler);
	return make_table(compiler);
}

static void add_turn(struct compiler *compiler, __u64 at, const struct rule *rule, int by)
{
	struct turns *turns = &compiler->turns;

	if (at == END)
		return;
	*array_add(turns->turn, turns->count, turns->room) =
		(struct turn){ .at = at, .rule = rule, .by = by };
}

static void add_named(struct compiler *compiler, const struct rule *rule, __u32 number)
{
	add_turn(compiler, number, rule, 1);
	add_turn(compiler, number + 1ULL, rule, -1);
}

static void add_turns(struct compiler *compiler, const struct rule *rule)
{
	const struct policy *peer;
	size_t i;

	switch (rule->peer) {
	case BY_CID:
		for (i = 0; i < rule->cids.count; i++) {
			add_turn(compiler, rule->cids.range[i].first, rule, 1);
			add_turn(compiler, rule->cids.range[i].last + 1ULL, rule, -1);
		}
		return;
	case BY_POLICY:
		peer = policies_find(compiler->policies, rule->name);
		i = peer - compiler->policies->policy;
		/* Nothing begins between two heads: up to the next one it is this policy. */
		add_turn(compiler, policy_cell(i), rule, 1);
		add_turn(compiler, policy_cell(i) + POLICY_CELLS, rule, -1);
		return;
	default:
		add_named(compiler, rule, peer_names_number(compiler->names, rule->name));
		if (rule->decision == DENY)
			add_named(compiler, rule, peer_names_former(compiler->names, rule->name));
	}
}

/* The tables by port come before the one that leads to them, which is collected aside. */
static __u32 walk_turns(struct compiler *compiler)
{
	const struct turns *turns = &compiler->turns;
	struct rule_cell *spans = memory_checked(calloc(turns->count + 1, sizeof(*spans)));
	size_t count = 0, i = 0;
	__u32 cell;

	compiler->now.count = 0;
	if (turns->turn[0].at)
		spans[count++] = (struct rule_cell){};
	while (i < turns->count && !compiler->full) {
		spans[count].first = turns->turn[i].at;
		for (; i < turns->count && turns->turn[i].at == spans[count].first; i++)
			add_ranges(&compiler->change, turns->turn[i].rule,
				   &turns->turn[i].rule->ports, turns->turn[i].by);
		apply_change(compiler);
		spans[count++].value = make_table(compiler);
	}
	cell = compiler->full ? 0 : begin_table(compiler);
	for (i = 0; cell && i < count; i++)
		add_span(compiler, cell, spans[i].first, spans[i].value);
	free(spans);
	return cell ? end_table(compiler, cell) : 0;
}

/* A table of tables. */
static __u32 make_deep(struct compiler *compiler, const struct policy *policy, enum rule_verb verb,
		       enum rule_peer peer)
{
	size_t i;

	compiler->turns.count = 0;
	for (i = 0; i < policy->rules; i++)
		if (is_about(&policy->rule[i], verb, peer))
			add_turns(compiler, &policy->rule[i]);
	if (!compiler->turns.count)
		return 0;
	qsort(compiler->turns.turn, compiler->turns.count, sizeof(*compiler->turns.turn),
	      array_by_u64);
	return walk_turns(compiler);
}

static __u32 make(struct compiler *compiler, const struct policy *policy, enum rule_verb verb,
		  enum rule_peer peer)
{
	return peer == ANYONE || peer == OUTSIDE ? make_flat(compiler, policy, verb, peer)
						 : make_deep(compiler, policy, verb, peer);
}

static __u32 flags_of(const struct policy *policy)
{
	__u32 flags = policy->audit ? POLICY_AUDIT : 0;

	if (policy->log_accepted)
		flags |= POLICY_LOG;
	if (!policy->inherit)
		flags |= POLICY_PRIVATE;
	if (policy->sets_mode && policy->mode == LOCAL)
		flags |= POLICY_LOCAL | POLICY_LOCAL_CHILDREN;
	if (policy->sets_child_mode && policy->child_mode == LOCAL)
		flags |= POLICY_LOCAL_CHILDREN;
	return flags;
}

static void compile_policy(struct compiler *compiler, size_t index)
{
	const struct policy *policy = &compiler->policies->policy[index];
	struct rule_cell *head = &compiler->compiled->cells[policy_cell(index)];
	int peer;

	head->flags = flags_of(policy);
	if (!policy->rules)
		return;
	for (peer = 0; peer < RULE_PEERS; peer++) {
		head[1 + peer].on_connect = make(compiler, policy, CONNECT, peer);
		head[1 + peer].on_accept = make(compiler, policy, ACCEPT, peer);
	}
	head[1 + RULE_PEERS].on_bind = make_flat(compiler, policy, BIND, ANYONE);
	head[1 + RULE_PEERS].on_guest = make_flat(compiler, policy, GUEST, ANYONE);
}

/* Makes the table from CIDs to policies: each CID has the first that fits. 0 without Guest=. */
static __u32 make_guests(struct compiler *compiler)
{
	struct guest_spans spans;
	__u32 cell = 0;
	size_t i;

	guest_spans_make(&spans, compiler->policies);
	if (spans.count)
		cell = begin_table(compiler);
	for (i = 0; cell && i < spans.count; i++)
		add_span(compiler, cell, spans.span[i].first,
			 spans.span[i].policy == NO_POLICY ? 0 : policy_cell(spans.span[i].policy));
	free(spans.span);
	return cell ? end_table(compiler, cell) : 0;
}

/* Heads come first: tables by policy have those cells as keys. */
static int place_heads(struct compiler *compiler)
{
	struct compiled *compiled = compiler->compiled;
	size_t count = compiler->policies->count;

	if (count > (RULE_CELLS - 1) / POLICY_CELLS)
		return log_error(ENOSPC, "%zu policies: there is room for %d", count,
				 (RULE_CELLS - 1) / POLICY_CELLS);
	compiled->cells = memory_checked(calloc(RULE_CELLS, sizeof(*compiled->cells)));
	compiled->count = policy_cell(count);
	return 0;
}

static int compile_all(struct compiler *compiler)
{
	size_t i;

	for (i = 0; i < compiler->policies->count; i++) {
		compile_policy(compiler, i);
		if (compiler->full)
			return log_error(
				ENOSPC,
				"%s: with its rules, all policies need more than the %d cells "
				"that there are; say the same with fewer ranges and peers",
				compiler->policies->policy[i].file, RULE_CELLS);
	}
	compiler->compiled->cells[0].guests = make_guests(compiler);
	if (compiler->full)
		return log_error(ENOSPC,
				 "with Guest=, all policies need more than the %d cells that there "
				 "are; say the same with fewer ranges",
				 RULE_CELLS);
	return 0;
}

int policies_compile(const struct policies *policies, const struct peer_names *names,
		     struct compiled *compiled)
{
	struct compiler compiler = { .policies = policies, .names = names, .compiled = compiled };
	int ret;

	memset(compiled, 0, sizeof(*compiled));
	ret = place_heads(&compiler);
	if (ret)
		return ret;
	/* A table has two cells or more: half of the slots stay free. */
	for (compiler.slots = 1; compiler.slots < RULE_CELLS;)
		compiler.slots *= 2;
	compiler.known = memory_checked(calloc(compiler.slots, sizeof(*compiler.known)));
	ret = compile_all(&compiler);
	free(compiler.known);
	free(compiler.now.edge);
	free(compiler.next.edge);
	free(compiler.change.edge);
	free(compiler.turns.turn);
	if (ret)
		compiled_free(compiled);
	return ret;
}

void compiled_free(struct compiled *compiled)
{
	free(compiled->cells);
	*compiled = (struct compiled){};
}
