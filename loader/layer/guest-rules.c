// SPDX-License-Identifier: GPL-2.0-only
#include "layer/guest-rules.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include "layer/pins.h"

/* A half of the map `rules`. */
struct half {
	int rules;
	__u32 first;
};

static bool read_cell(const struct half *half, __u32 number, struct rule_cell *cell)
{
	__u32 index = half->first + number;

	return number < RULE_CELLS && !bpf_map_lookup_elem(half->rules, &index, cell);
}

/* The value of the last span that does not begin after `key`. */
static __u32 table_value(const struct half *half, __u32 table, __u32 key)
{
	__u32 value = DENY, count, i;
	struct rule_cell cell;

	if (!table)
		return UNDECIDED;
	if (!read_cell(half, table, &cell))
		return DENY;
	count = cell.count;
	for (i = 1; i <= count; i++) {
		if (!read_cell(half, table + i, &cell))
			return DENY;
		if (cell.first > key)
			break;
		value = cell.value;
	}
	return value;
}

static bool denies(const struct half *half, __u32 policy, __u32 cid)
{
	struct rule_cell cell;

	return !read_cell(half, policy + 1 + RULE_PEERS, &cell) ||
	       table_value(half, cell.on_guest, cid) == DENY;
}

bool guest_rules_deny(const struct netns_records *records, const struct netns_record *record,
		      __u32 cid)
{
	__u32 number = records->state->half & 1, policy = record->binding[number].policy;
	struct half half = { .first = number * RULE_CELLS };
	bool denied;

	if (!policy)
		return false;
	half.rules = pin_open_map(PIN_RULES);
	if (half.rules < 0)
		return true;
	denied = denies(&half, policy, cid);
	close(half.rules);
	return denied;
}
