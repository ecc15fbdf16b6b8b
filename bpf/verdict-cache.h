/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache of verdicts, for a call that is repeated and for the answer to a call.
 *
 * A verdict depends on both ends and the port, and on nothing else until a mode, a policy or an
 * identity changes. When user space changes one, it makes `verdict_epoch` odd before and even
 * after, which voids all cached verdicts. If user space dies in between the epoch stays odd, and
 * nothing is cached. Programs, which cannot die, add two.
 */
#ifndef VERDICT_CACHE_H
#define VERDICT_CACHE_H

#include "call.h"
#include "kernel.h"

#define CACHE_SLOTS 256

struct cached_verdict {
	netns_id from, to;
	__u32 from_cid, to_cid;
	__u32 port;
	__u32 verdict_epoch; /* when the verdict was asked for */
	__u64 sum;
	__u32 objection; /* see verdict.h */
};

/*
 * Slots by sum. Any task writes any slot, so a slot can hold halves of two calls; then its sum is
 * wrong.
 */
static struct cached_verdict verdict_cache[CACHE_SLOTS];

/* Secret, so that calls whose mixed halves have a valid sum cannot be chosen. */
const volatile __u64 salt;

static __always_inline __u64 mixed(__u64 sum, __u64 word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15;
	return sum ^ (sum >> 32);
}

/* `sum` covers the question only, as it selects the slot, too. */
static __always_inline void describe(struct cached_verdict *of, const struct call *call,
				     __u32 epoch)
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

static __always_inline struct cached_verdict *cache_slot(const struct cached_verdict *of)
{
	return &verdict_cache[of->sum % CACHE_SLOTS];
}

static __always_inline __u64 sum_with(const struct cached_verdict *of, __u32 objection)
{
	return objection ? mixed(of->sum, objection) : of->sum;
}

/* Whether the verdict on this call is cached; if so, gets it. */
static __always_inline bool find_cached(const struct call *call, __u32 epoch, __u32 *objection)
{
	struct cached_verdict asked, *cached;

	describe(&asked, call, epoch);
	cached = cache_slot(&asked);
	*objection = *(const volatile __u32 *)&cached->objection;
	return cached->sum == sum_with(&asked, *objection) && cached->from == asked.from &&
	       cached->to == asked.to && cached->from_cid == asked.from_cid &&
	       cached->to_cid == asked.to_cid && cached->port == asked.port &&
	       cached->verdict_epoch == asked.verdict_epoch;
}

static __always_inline void cache_verdict(const struct call *call, __u32 epoch, __u32 objection)
{
	struct cached_verdict asked, *slot;

	if (epoch % 2)
		return;
	describe(&asked, call, epoch);
	slot = cache_slot(&asked);
	asked.sum = sum_with(&asked, objection);
	asked.objection = objection;
	*slot = asked;
}

#endif
