// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler of rules: what cells say is what rules say. The look-up is that of the BPF
 * programs, in C; the other reading asks every rule.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/compile.h"
#include "policy/peer-names.h"
#include "policy/policies.h"
#include "policy/rule.h"
#include "unit.h"

/* --- Policies without files --- */

static void make_policies(struct policies *policies, size_t count)
{
	size_t i;

	memset(policies, 0, sizeof(*policies));
	policies->policy = calloc(count, sizeof(*policies->policy));
	policies->count = count;
	for (i = 0; i < count; i++) {
		assert_true(asprintf(&policies->policy[i].name, "p%06zu", i) > 0);
		assert_true(asprintf(&policies->policy[i].file, "p%06zu.policy", i) > 0);
		policies->policy[i].inherit = true;
	}
}

static void add_rule(struct policies *policies, size_t index, enum decision decision,
		     const char *text)
{
	struct policy *policy = &policies->policy[index];
	char *reason;

	if (!(policy->rules & (policy->rules - 1)))
		policy->rule =
			reallocarray(policy->rule, 2 * policy->rules + 1, sizeof(*policy->rule));
	assert_int_equal(rule_parse(&policy->rule[policy->rules++], decision, text, &reason), 0);
}

static struct peer_names peer_names;

static int compile(const struct policies *policies, struct compiled *compiled)
{
	peer_names_take(&peer_names, policies);
	return policies_compile(policies, &peer_names, compiled);
}

static void release(struct compiled *compiled)
{
	peer_names_free(&peer_names);
	compiled_free(compiled);
}

/* --- Two readings --- */

/* The other end, or the number that BIND and GUEST ask for, which is in `port`. */
struct question {
	size_t policy;
	enum rule_verb verb;
	bool outside;
	__u32 cid; /* 0: no guest */
	int peer;  /* index of its policy, -1: none */
	const char *name;
	__u32 port;
};

static enum decision stronger(enum decision a, enum decision b)
{
	return a > b ? a : b;
}

static bool has(const struct ranges *ranges, __u32 number)
{
	size_t i;

	for (i = 0; i < ranges->count; i++)
		if (ranges->range[i].first <= number && number <= ranges->range[i].last)
			return true;
	return false;
}

static bool concerns(const struct policies *policies, const struct rule *rule,
		     const struct question *question)
{
	if (rule->verb != question->verb)
		return false;
	if (rule->verb == GUEST)
		return has(&rule->cids, question->port);
	if (!has(&rule->ports, question->port))
		return false;
	if (rule->verb == BIND)
		return true;
	switch (rule->peer) {
	case ANYONE:
		return true;
	case OUTSIDE:
		return question->outside;
	case BY_CID:
		return question->cid && has(&rule->cids, question->cid);
	case BY_POLICY:
		return question->peer >= 0 &&
		       !strcmp(rule->name, policies->policy[question->peer].name);
	default:
		return question->name && !strcmp(rule->name, question->name);
	}
}

static enum decision plainly(const struct policies *policies, const struct question *question)
{
	const struct policy *policy = &policies->policy[question->policy];
	enum decision decision = UNDECIDED;
	size_t i;

	for (i = 0; i < policy->rules; i++)
		if (concerns(policies, &policy->rule[i], question))
			decision = stronger(decision, policy->rule[i].decision);
	return decision;
}

static __u32 look_up(const struct compiled *compiled, __u32 place, __u32 number)
{
	const struct rule_cell *cells = compiled->cells;
	__u32 low = 1, high, middle;

	if (!place)
		return 0;
	assert_true(place + cells[place].count < compiled->count);
	assert_int_equal(cells[place + 1].first, 0);
	for (high = cells[place].count; low < high;) {
		middle = low + (high - low + 1) / 2;
		if (cells[place + middle].first <= number)
			low = middle;
		else
			high = middle - 1;
	}
	return cells[place + low].value;
}

static enum decision deeply(const struct compiled *compiled, __u32 place, __u32 number, __u32 port)
{
	return look_up(compiled, look_up(compiled, place, number), port);
}

static enum decision by_cells(const struct compiled *compiled, const struct question *question)
{
	const struct rule_cell *head = &compiled->cells[policy_cell(question->policy)];
	__u32 place[RULE_PEERS],
		name = question->name ? peer_names_number(&peer_names, question->name) : 0;
	enum decision decision;
	int i;

	if (question->verb == BIND)
		return look_up(compiled, head[1 + RULE_PEERS].on_bind, question->port);
	if (question->verb == GUEST)
		return look_up(compiled, head[1 + RULE_PEERS].on_guest, question->port);
	for (i = 0; i < RULE_PEERS; i++)
		place[i] =
			question->verb == CONNECT ? head[1 + i].on_connect : head[1 + i].on_accept;
	decision = look_up(compiled, place[ANYONE], question->port);
	if (question->outside)
		decision = stronger(decision, look_up(compiled, place[OUTSIDE], question->port));
	if (question->cid)
		decision = stronger(decision,
				    deeply(compiled, place[BY_CID], question->cid, question->port));
	/* 0 is asked, too: who has no policy and no name is none of those that are meant. */
	decision = stronger(decision, deeply(compiled, place[BY_POLICY],
					     question->peer < 0 ? 0 : policy_cell(question->peer),
					     question->port));
	return stronger(decision, deeply(compiled, place[BY_NAME], name, question->port));
}

/* --- Random ones --- */

static unsigned long long seed;

static __u32 random_to(__u32 end)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % end;
}

/* Few and near, so that they meet; and both ends of all there are. */
static __u32 random_number(__u32 least)
{
	switch (random_to(8)) {
	case 0:
		return least;
	case 1:
		return 4294967294U - random_to(3);
	default:
		return least + random_to(40);
	}
}

static void random_list(char *text, __u32 least)
{
	__u32 count = 1 + random_to(3), first, last;

	for (; count; count--) {
		first = random_number(least);
		last = random_to(2) ? first : first + random_to(20);
		if (last < first || last > 4294967294U)
			last = 4294967294U;
		text += sprintf(text, "%u-%u%s", first, last, count > 1 ? "," : "");
	}
}

#define NAMES 4
static const char *const names[NAMES] = { "a", "ab", "db", "(init)" };

/* `end` is where to write. */
static void random_peer(const struct policies *policies, char *end)
{
	switch (random_to(6)) {
	case 0:
		strcpy(end, "anyone");
		break;
	case 1:
		strcpy(end, "host");
		break;
	case 2:
		strcpy(end, "guests");
		break;
	case 3:
		strcpy(end, "guest ");
		random_list(end + strlen(end), 3);
		break;
	case 4:
		sprintf(end, "policy p%06u", random_to(policies->count));
		break;
	default:
		sprintf(end, "namespace %s", names[random_to(NAMES)]);
	}
}

static void random_rule(struct policies *policies, size_t index)
{
	static const char *const commands[] = { "connect to ", "accept from ", "bind ", "guest " };
	enum rule_verb verb = random_to(6) % 4;
	char text[256];

	strcpy(text, commands[verb]);
	if (verb <= ACCEPT)
		random_peer(policies, text + strlen(text));
	if (random_to(8)) {
		if (verb != GUEST)
			strcat(text, " port ");
		random_list(text + strlen(text), verb == GUEST ? 3 : 0);
	}
	add_rule(policies, index, verb >= BIND || random_to(2) ? DENY : ALLOW, text);
}

static void random_question(const struct policies *policies, struct question *question)
{
	*question = (struct question){
		.policy = random_to(policies->count),
		.verb = random_to(4),
		.outside = !random_to(5),
		.cid = random_to(2) ? random_number(3) : 0,
		.peer = (int)random_to(policies->count + 1) - 1,
		.name = random_to(3)   ? names[random_to(NAMES)]
			: random_to(2) ? "unspoken"
				       : NULL,
		.port = random_number(0),
	};
	if (!random_to(50))
		question->port = 4294967295U;
}

static void test_random(void **state)
{
	unsigned int decisions[3] = {}, round, i;
	struct question question;
	struct policies policies;
	struct compiled compiled;
	enum decision expected;

	(void)state;
	for (round = 0; round < 400; round++) {
		seed = round;
		make_policies(&policies, 1 + random_to(6));
		for (i = random_to(round % 4 ? 25 : 400); i; i--)
			random_rule(&policies, random_to(policies.count));
		assert_int_equal(compile(&policies, &compiled), 0);
		for (i = 0; i < 1500; i++) {
			random_question(&policies, &question);
			expected = plainly(&policies, &question);
			if (by_cells(&compiled, &question) != expected)
				fail_msg("round %u, question %u: not %d\n", round, i, expected);
			decisions[expected]++;
		}
		release(&compiled);
		policies_free(&policies);
	}
	/* All three were asked for. */
	assert_true(decisions[UNDECIDED] > 10000);
	assert_true(decisions[ALLOW] > 10000);
	assert_true(decisions[DENY] > 10000);
}

/* --- Shapes --- */

static void test_empty(void **state)
{
	struct policies policies = {};
	struct compiled compiled;

	(void)state;
	assert_int_equal(compile(&policies, &compiled), 0);
	assert_int_equal(compiled.count, 1);
	assert_false(policies_have_rules(&policies) || policies_ask_for_cgroups(&policies));
	assert_int_equal(peer_names_number(&peer_names, "a"), 0);
	release(&compiled);
	make_policies(&policies, 3);
	assert_int_equal(compile(&policies, &compiled), 0);
	assert_int_equal(compiled.count, 1 + 3 * POLICY_CELLS);
	assert_int_equal(policy_cell(0), 1);
	assert_int_equal(policy_cell(2), 1 + 2 * POLICY_CELLS);
	assert_false(policies_have_rules(&policies));
	release(&compiled);
	policies.policy[1].audit = policies.policy[1].log_accepted = true;
	policies.policy[2].cgroups.count = 1;
	policies.policy[2].cgroups.glob = calloc(1, sizeof(char *));
	assert_int_equal(compile(&policies, &compiled), 0);
	assert_true(policies_have_rules(&policies) && policies_ask_for_cgroups(&policies));
	assert_int_equal(policy_at_cell(1 + POLICY_CELLS, 3), 1);
	assert_true(policy_at_cell(0, 3) == NO_POLICY);
	assert_true(policy_at_cell(2, 3) == NO_POLICY);
	assert_true(policy_at_cell(1 + 3 * POLICY_CELLS, 3) == NO_POLICY);
	assert_true(compiled.cells[policy_cell(1)].flags & POLICY_AUDIT);
	assert_false(compiled.cells[policy_cell(0)].flags & POLICY_AUDIT);
	assert_true(compiled.cells[policy_cell(1)].flags & POLICY_LOG);
	assert_false(compiled.cells[policy_cell(0)].flags & POLICY_LOG);
	release(&compiled);
	policies_free(&policies);
}

/* Spans that touch and say the same are one; the end of all numbers needs no span. */
static void test_merged(void **state)
{
	const struct rule_cell *cells;
	struct policies policies;
	struct compiled compiled;
	__u32 place;

	(void)state;
	make_policies(&policies, 1);
	add_rule(&policies, 0, DENY, "bind port 5-9,10-19,12-15");
	add_rule(&policies, 0, DENY, "bind port 20");
	add_rule(&policies, 0, DENY, "guest");
	assert_int_equal(compile(&policies, &compiled), 0);
	cells = compiled.cells;
	place = cells[policy_cell(0) + 1 + RULE_PEERS].on_bind;
	assert_int_equal(cells[place].count, 3);
	assert_int_equal(cells[place + 1].value, UNDECIDED);
	assert_int_equal(cells[place + 2].first, 5);
	assert_int_equal(cells[place + 2].value, DENY);
	assert_int_equal(cells[place + 3].first, 21);
	assert_int_equal(cells[place + 3].value, UNDECIDED);
	place = cells[policy_cell(0) + 1 + RULE_PEERS].on_guest;
	assert_int_equal(cells[place].count, 1);
	assert_int_equal(cells[place + 1].value, DENY);
	release(&compiled);
	policies_free(&policies);
}

/* Equal tables are one, whoever has them. */
static void test_shared(void **state)
{
	struct policies policies;
	struct compiled compiled;
	size_t i;

	(void)state;
	make_policies(&policies, 100);
	for (i = 0; i < 100; i++)
		add_rule(&policies, i, DENY, "accept from guests port 22");
	assert_int_equal(compile(&policies, &compiled), 0);
	assert_int_equal(compiled.count, 1 + 100 * POLICY_CELLS + 4 + 2);
	release(&compiled);
	policies_free(&policies);
}

static void add_guests(struct policies *policies, size_t index, const char *text)
{
	char *reason;

	assert_int_equal(rule_parse_cids(&policies->policy[index].guests, text, &reason), 0);
}

/* Which policy the cells have for a guest is the first that fits. */
static void compare_guests(const struct policies *policies)
{
	struct compiled compiled;
	__u32 expected, cid, i;

	assert_int_equal(compile(policies, &compiled), 0);
	for (i = 0; i < 200; i++) {
		cid = i < 100 ? i : 4294967295U - (i - 100);
		for (expected = 0; expected < policies->count; expected++)
			if (has(&policies->policy[expected].guests, cid))
				break;
		expected = expected < policies->count ? policy_cell(expected) : 0;
		assert_int_equal(look_up(&compiled, compiled.cells[0].guests, cid), expected);
	}
	release(&compiled);
}

static void test_guests(void **state)
{
	struct policies policies;
	unsigned int round, i;
	char text[256];

	(void)state;
	for (round = 0; round < 400; round++) {
		seed = round;
		make_policies(&policies, 1 + random_to(6));
		for (i = random_to(6); i; i--) {
			random_list(text, 3);
			add_guests(&policies, random_to(policies.count), text);
		}
		for (i = random_to(25); i; i--)
			random_rule(&policies, random_to(policies.count));
		compare_guests(&policies);
		policies_free(&policies);
	}
}

static double compile_seconds(struct policies *policies, int expected)
{
	struct timespec before, now;
	struct compiled compiled;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	assert_int_equal(compile(policies, &compiled), expected);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	print_message("# %zu policies, %zu rules in the first: %zu cells\n", policies->count,
		      policies->policy[0].rules, compiled.count);
	release(&compiled);
	policies_free(policies);
	return (double)(now.tv_sec - before.tv_sec) + (double)(now.tv_nsec - before.tv_nsec) / 1e9;
}

#define MANY 10000

static void test_many_policies(void **state)
{
	struct policies policies;
	char text[64];
	size_t i;

	(void)state;
	make_policies(&policies, MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "accept from guest %zu port %zu", i + 3, i % 100 + 1);
		add_rule(&policies, i, DENY, text);
	}
	assert_true(compile_seconds(&policies, 0) < 2);
	make_policies(&policies, MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%zu", 2 * i + 3);
		add_guests(&policies, i, text);
	}
	assert_true(compile_seconds(&policies, 0) < 2);
	make_policies(&policies, RULE_CELLS / POLICY_CELLS + 1);
	compile_seconds(&policies, -ENOSPC);
	/* No room is left for the table of guests. */
	make_policies(&policies, RULE_CELLS / POLICY_CELLS);
	add_guests(&policies, 0, "3,5");
	compile_seconds(&policies, -ENOSPC);
}

/* `form` has places for two numbers, which rise. */
static void many_rules(const char *form, size_t step, int expected)
{
	struct policies policies;
	char text[96];
	size_t i;

	make_policies(&policies, MANY);
	for (i = 0; i < MANY; i++) {
		/* From a literal of this file. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), form, 3 + i, 3 + step * i);
#pragma GCC diagnostic pop
		add_rule(&policies, 0, i % 2 ? DENY : ALLOW, text);
	}
	assert_true(compile_seconds(&policies, expected) < 3);
}

static void test_many_rules(void **state)
{
	(void)state;
	many_rules("connect to anyone port %zu,%zu", 7, 0);
	many_rules("connect to guest %zu port %zu", 3, 0);
	many_rules("connect to namespace n%zu port %zu", 3, 0);
	many_rules("connect to guest %zu-4000000000 port 22,1%zu", 0, 0);
	/* Each guest would need a table of its own, longer than the one before. */
	many_rules("connect to guest %zu-4000000000 port %zu", 3, -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_merged),
		cmocka_unit_test(test_shared),	   cmocka_unit_test(test_random),
		cmocka_unit_test(test_guests),	   cmocka_unit_test(test_many_policies),
		cmocka_unit_test(test_many_rules),
	};

	return cmocka_run_group_tests_name("policy-compile", tests, NULL, NULL);
}
