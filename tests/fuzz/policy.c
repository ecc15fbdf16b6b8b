// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes are policies, or mistakes. Policies compile into cells that hang together, and what a
 * search of those decides is what a plain reading of the rules says.
 *
 * A line "%%" ends one file and begins the next: p0.policy, p1.policy and so on.
 */
#include <stdio.h>
#include <string.h>

#include "model/plain.h"
#include "fuzz.h"
#include "kernel-side.h"
#include "policy/compile.h"
#include "policy/policies.h"
#include "policy/match.h"
#include "policy/read.h"

#define FILES	 6
#define BORDER	 "\n%%\n"
#define CALLS	 256
#define NUMBERS	 64
#define MANY	 128 /* rules: more would take long, and show no more */
#define PORT_MAX 0xfffffffeU
#define INIT	 1 /* identity of the initial namespace */

/* --- The cells hang together --- */

/* A table lies within the cells, begins with 0, and its spans rise. */
static void check_table(const struct compiled *compiled, __u32 place, bool deep)
{
	const struct rule_cell *head = &compiled->cells[place];
	__u32 i;

	if (!place)
		return;
	check(place >= 1 + POLICY_CELLS && place < compiled->count);
	check(head->count && head->count < compiled->count - place && !head[1].first);
	for (i = 1; i <= head->count; i++) {
		check(i == 1 || head[i].first > head[i - 1].first);
		check(i == 1 || head[i].value != head[i - 1].value);
		if (deep)
			check_table(compiled, head[i].value, false);
		else
			check(head[i].value <= DENY);
	}
}

/* The same of the table of guests, whose values are policies. */
static void check_guests(const struct policies *policies, const struct compiled *compiled)
{
	__u32 place = compiled->cells[0].guests, i;
	const struct rule_cell *head = &compiled->cells[place];

	if (!place)
		return;
	check(place >= policy_cell(policies->count) && place < compiled->count);
	check(head->count && head->count < compiled->count - place && !head[1].first);
	for (i = 1; i <= head->count; i++) {
		check(i == 1 || head[i].first > head[i - 1].first);
		check(i == 1 || head[i].value != head[i - 1].value);
		check(!head[i].value ||
		      policy_at_cell(head[i].value, policies->count) != NO_POLICY);
	}
}

static void check_policy(const struct compiled *compiled, const struct rule_cell *head)
{
	int peer;

	for (peer = 0; peer < RULE_PEERS; peer++) {
		check_table(compiled, head[1 + peer].on_connect, peer >= BY_CID);
		check_table(compiled, head[1 + peer].on_accept, peer >= BY_CID);
	}
	check_table(compiled, head[1 + RULE_PEERS].on_bind, false);
	check_table(compiled, head[1 + RULE_PEERS].on_guest, false);
}

/* --- Calls between namespaces that have these policies --- */

/* Where rules begin and end to hold, and beside that. */
struct numbers {
	__u32 number[NUMBERS];
	size_t count;
};

static struct numbers ports, cids;
static struct peer_names peer_names;
static const char *names[NUMBERS];
static size_t named;
static struct space spaces[SPACES_MAX];
static __u64 seed;

static __u32 below(size_t limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

static void add_number(struct numbers *numbers, __u32 number)
{
	if (number > PORT_MAX)
		number = 0;
	/* Of many, some. */
	if (numbers->count < NUMBERS)
		numbers->number[numbers->count++] = number;
	else
		numbers->number[below(NUMBERS)] = number;
}

static void add_edges(struct numbers *numbers, const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->count; i++) {
		add_number(numbers, ranges->range[i].first - 1);
		add_number(numbers, ranges->range[i].first);
		add_number(numbers, ranges->range[i].last);
		add_number(numbers, ranges->range[i].last + 1);
	}
}

static size_t collect(const struct policies *policies)
{
	size_t i, j, rules_seen = 0;

	ports = cids = (struct numbers){};
	named = 0;
	add_number(&ports, 1024);
	add_number(&cids, 3);
	for (i = 0; i < policies->count; i++) {
		const struct policy *policy = &policies->policy[i];

		add_edges(&cids, &policy->guests);
		for (j = 0; j < policy->rules; j++) {
			add_edges(&ports, &policy->rule[j].ports);
			add_edges(&cids, &policy->rule[j].cids);
			if (policy->rule[j].peer == BY_NAME && named < NUMBERS)
				names[named++] = policy->rule[j].name;
		}
		rules_seen += policy->rules;
	}
	return rules_seen;
}

static void make_space(const struct policies *policies, size_t i, __u32 half)
{
	struct space *space = &spaces[i];
	size_t policy = below(policies->count + 1);

	*space = (struct space){ .mode = below(3) ? GLOBAL : LOCAL };
	records[i] = (struct netns_record){ .mode = space->mode, .bound_by = MATCH };
	if (!below(12)) {
		space->pending = true;
		records[i].binding[half].policy = POLICY_PENDING;
	} else if (policy < policies->count) {
		space->policy = &policies->policy[policy];
		records[i].binding[half].policy = policy_cell(policy);
	}
	if (named && below(2)) {
		space->name = names[below(named)];
		records[i].binding[half].name = peer_names_number(&peer_names, space->name);
	}
}

static struct end any_end(void)
{
	struct end end = { .netns = 1 + below(record_count) };

	if (!below(10))
		return (struct end){ .netns = NETNS_NONE, .cid = 2 };
	if (!below(16))
		end.netns = NETNS_UNKNOWN;
	else if (!below(3))
		end.cid = cids.number[below(cids.count)];
	return end;
}

/* For a guest with a policy of its own it holds until the call after the next. */
static const struct space *space_of(const struct policies *policies, const struct end *end)
{
	static struct space apart[2];
	static unsigned int turn;
	const struct policy *own =
		end->netns == INIT && end->cid ? plain_policy_of_guest(policies, end->cid) : NULL;

	if (own) {
		apart[++turn % 2] = (struct space){ .policy = own, .apart = true };
		return &apart[turn % 2];
	}
	return end->netns >= 1 && end->netns <= record_count ? &spaces[end->netns - 1] : NULL;
}

static void check_side(__u32 objection, enum reason reason, bool audited)
{
	check((objection & REASON) == reason);
	check(!!(objection & AUDITED) == audited);
}

static void check_call(const struct policies *policies, __u32 half)
{
	struct call call = { .from = any_end(), .to = any_end() };
	struct answer answer;

	call.to.port = ports.number[below(ports.count)];
	answer = plain_answer(&call.from, space_of(policies, &call.from), &call.to,
			      space_of(policies, &call.to));
	check(!!judge(&call, &state) == answer.may);
	check_side(ask_end(&call, half ? SECOND_HALF : 0), answer.reason[0], answer.audited[0]);
	/* Where one end refuses nobody asks the other. */
	if (!answer.reason[0] || answer.audited[0])
		check_side(ask_end(&call, (half ? SECOND_HALF : 0) | OF_CALLED), answer.reason[1],
			   answer.audited[1]);
}

static void check_calls(const struct policies *policies, const struct compiled *compiled)
{
	__u32 half = below(2);
	size_t i;

	half_cells = compiled->cells;
	half_count = compiled->count;
	state = (struct layer_state){
		.gates_wanted = YES, .has_rules = YES, .half = half, .init = INIT
	};
	record_count = policies->count + 3;
	for (i = 0; i < record_count; i++)
		make_space(policies, i, half);
	for (i = 0; i < CALLS; i++)
		check_call(policies, half);
}

/* --- One input --- */

static void read_files(struct policies *policies, const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *border;
	char name[16], file[32];
	size_t length;
	int i;

	for (i = 0; i < FILES; i++) {
		border = i < FILES - 1 ? memmem(text, size, BORDER, strlen(BORDER)) : NULL;
		length = border ? (size_t)(border - text) : size;
		snprintf(name, sizeof(name), "p%d", i);
		snprintf(file, sizeof(file), "p%d.policy", i);
		policy_read(policies, name, file, text, length);
		if (!border)
			return;
		text += length + strlen(BORDER);
		size -= length + strlen(BORDER);
	}
}

/* Rules that speak of a policy that is not there are refused by who reads a directory. */
static bool hangs_together(const struct policies *policies)
{
	size_t i, j;

	for (i = 0; i < policies->count; i++)
		for (j = 0; j < policies->policy[i].rules; j++) {
			const struct rule *rule = &policies->policy[i].rule[j];

			if (rule->peer == BY_POLICY && !policies_find(policies, rule->name))
				return false;
		}
	return true;
}

static void check_set(const struct policies *policies)
{
	struct compiled compiled;
	size_t i;

	peer_names_take(&peer_names, policies);
	if (policies_compile(policies, &peer_names, &compiled)) {
		peer_names_free(&peer_names);
		return;
	}
	for (i = 0; i < policies->count; i++)
		check_policy(&compiled, &compiled.cells[policy_cell(i)]);
	check_guests(policies, &compiled);
	if (collect(policies) <= MANY)
		check_calls(policies, &compiled);
	compiled_free(&compiled);
	peer_names_free(&peer_names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name[] = { "web" }, *path[] = { "/a" }, *cgroup[] = { "/b" };
	struct traits traits = { .names = { name, 1 },
				 .paths = { path, 1 },
				 .cgroups = { cgroup, 1 } };
	struct policies policies = {};
	size_t i;

	seed = size;
	for (i = 0; i < size; i++)
		seed = (seed ^ data[i]) * 0x100000001b3ULL;
	read_files(&policies, data, size);
	policies_match(&policies, &traits);
	if (!policies.mistakes && hangs_together(&policies))
		check_set(&policies);
	policies_free(&policies);
	return 0;
}
