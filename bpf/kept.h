/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts that were given lately: who asks for the same again, and the answer to who has just
 * asked, need not look through modes and rules once more.
 *
 * A verdict depends on both ends and the port, and on nothing else until a mode, a policy or an
 * identity changes. User space, when it changes one, makes `verdict_epoch` in the state odd before
 * and even again behind it, and so all that is kept here void; if it dies in between it leaves it
 * odd, and then nothing is kept. Programs, which do not die, add two.
 */
#ifndef KEPT_H
#define KEPT_H

#include "events.h"

#define KEPT 256

struct kept {
	netns_id from, to;
	__u32 from_cid, to_cid;
	__u32 port;
	__u32 verdict_epoch; /* how many there had been when it was asked for */
	__u64 sum;
	__u32 objection; /* see verdict.h */
};

/* By sum. Any task writes any place, so one can hold halves of two calls: then its sum is wrong. */
static struct kept kept_verdicts[KEPT];

/* Unknown outside, so that nobody can choose calls whose halves have the sum of another one. */
const volatile __u64 salt;

static __always_inline __u64 mixed(__u64 sum, __u64 word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ (sum >> 32);
}

/* `sum` is of the question alone: it tells the place, too. */
static __always_inline void describe(struct kept *of, const struct call *call, __u32 epoch)
{
	__u64 sum = mixed(salt, call->from.netns);

	of->from = call->from.netns;
	of->to = call->to.netns;
	of->from_cid = call->from.cid;
	of->to_cid = call->to.cid;
	of->port = call->to.port;
	of->verdict_epoch = epoch;
	sum = mixed(sum, of->to);
	sum = mixed(sum, (__u64)of->from_cid << 32 | of->to_cid);
	of->sum = mixed(sum, (__u64)of->port << 32 | epoch);
}

static __always_inline struct kept *place_of(const struct kept *of)
{
	return &kept_verdicts[of->sum % KEPT];
}

static __always_inline __u64 sum_with(const struct kept *of, __u32 objection)
{
	return objection ? mixed(of->sum, objection) : of->sum;
}

/* Whether the verdict on this call is kept, and which. */
static __always_inline bool recall(const struct call *call, __u32 epoch, __u32 *objection)
{
	struct kept asked, *kept;

	describe(&asked, call, epoch);
	kept = place_of(&asked);
	*objection = *(const volatile __u32 *)&kept->objection;
	return kept->sum == sum_with(&asked, *objection) && kept->from == asked.from &&
	       kept->to == asked.to && kept->from_cid == asked.from_cid &&
	       kept->to_cid == asked.to_cid && kept->port == asked.port &&
	       kept->verdict_epoch == asked.verdict_epoch;
}

static __always_inline void keep(const struct call *call, __u32 epoch, __u32 objection)
{
	struct kept asked, *place;

	if (epoch % 2)
		return;
	describe(&asked, call, epoch);
	place = place_of(&asked);
	asked.sum = sum_with(&asked, objection);
	asked.objection = objection;
	*place = asked;
}

#endif
