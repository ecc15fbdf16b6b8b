// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes are a policy or mistakes; a policy compiles into cells that hang together. */
#include <stdint.h>
#include <stdlib.h>

#include "policy-files.h"
#include "report.h"

int fail(int error, const char *format, ...)
{
	(void)format;
	return -error;
}

int fail_errno(int error, const char *format, ...)
{
	(void)format;
	return -error;
}

static void check(bool good)
{
	if (!good)
		abort();
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct traits traits = { .name = "web", .path = "/a", .cgroup = "/b" };
	struct policies policies = {};
	struct compiled compiled;
	size_t i;

	policy_read(&policies, "fuzz", "fuzz.policy", (const char *)data, size);
	policies_match(&policies, &traits);
	/* Rules that speak of others are refused by who reads more than one file. */
	for (i = 0; i < policies.policy[0].rules; i++)
		if (policies.policy[0].rule[i].peer == BY_POLICY &&
		    !policies_find(&policies, policies.policy[0].rule[i].name))
			break;
	if (!policies.mistakes && i == policies.policy[0].rules) {
		if (!policies_compile(&policies, &compiled))
			check_policy(&compiled, &compiled.cells[compiled.heads[0]]);
		compiled_free(&compiled);
	}
	policies_free(&policies);
	return 0;
}
