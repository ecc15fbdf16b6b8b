/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that were allowed lately: who asks for the same again, and the answer to who has just
 * asked, need not look through modes and rules once more.
 *
 * A verdict depends on both ends and the port, and on nothing else until a mode, a policy or an
 * identity changes. Who changes one makes `changes` in the state odd before and even again behind
 * it, and so all that is kept here void; one that dies in between leaves it odd, and then nothing
 * is kept. What is refused or told is not kept either: it has to be told again.
 */
#ifndef PASSED_H
#define PASSED_H

#include "events.h"

#define PASSED 256

struct passed {
	netns_id from, to;
	__u32 from_cid, to_cid;
	__u32 port;
	__u32 changes; /* how many there had been when it was asked for */
	__u64 sum;
};

/* By sum. Any task writes any place, so one can hold halves of two calls: then its sum is wrong. */
static struct passed passed[PASSED];

/* Unknown outside, so that nobody can choose calls whose halves have the sum of another one. */
const volatile __u64 salt;

static __always_inline __u64 mixed(__u64 sum, __u64 word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ (sum >> 32);
}

static __always_inline void describe(struct passed *of, const struct call *call, __u32 changes)
{
	__u64 sum = mixed(salt, call->from.netns);

	of->from = call->from.netns;
	of->to = call->to.netns;
	of->from_cid = call->from.cid;
	of->to_cid = call->to.cid;
	of->port = call->to.port;
	of->changes = changes;
	sum = mixed(sum, of->to);
	sum = mixed(sum, (__u64)of->from_cid << 32 | of->to_cid);
	of->sum = mixed(sum, (__u64)of->port << 32 | changes);
}

static __always_inline struct passed *place_of(const struct passed *of)
{
	return &passed[of->sum % PASSED];
}

static __always_inline bool has_passed(const struct call *call, __u32 changes)
{
	struct passed asked, *kept;

	describe(&asked, call, changes);
	kept = place_of(&asked);
	return kept->sum == asked.sum && kept->from == asked.from && kept->to == asked.to &&
	       kept->from_cid == asked.from_cid && kept->to_cid == asked.to_cid &&
	       kept->port == asked.port && kept->changes == asked.changes;
}

static __always_inline void keep_passed(const struct call *call, __u32 changes)
{
	struct passed asked;

	if (changes % 2)
		return;
	describe(&asked, call, changes);
	*place_of(&asked) = asked;
}

#endif
