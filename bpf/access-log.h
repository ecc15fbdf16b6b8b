/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections that were made, for policies with Log=accepted. A connection is recorded by the
 * address of one of its sockets, and reported when that socket is freed. Over loopback, and where a
 * guest calls, this is the listener's child, which the delivery gate has let pass. Where the
 * listener is not in this kernel, it is the socket that called, once the answer has come.
 *
 * Nothing here takes part in a decision. Connections do not displace refusals: they leave half of
 * the ring buffer and half of each burst to those.
 */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include "call.h"
#include "events.h"
#include "maps.h"
#include "netns.h"
#include "records.h"
#include "rules.h"
#include "socket-bytes.h"
#include "state.h"
#include "verdict.h"

static __always_inline bool end_is_logged(const struct end *end, __u32 half)
{
	struct side side = {};

	look_up(&side, end, half);
	return side.bound.policy && policy_has(half, side.bound.policy, POLICY_LOG);
}

/*
 * Whether the policy of an end has Log=accepted. If so, makes the caller's counters while its
 * namespace is there: they limit the later report.
 */
static __noinline bool is_logged(const struct call *call)
{
	__u32 half = half_in_force(layer_state());

	if (!end_is_logged(&call->from, half) && !end_is_logged(&call->to, half))
		return false;
	counters_of_end(&call->from);
	return true;
}

static __noinline void write_accepted(__u64 socket, const struct call *call, enum yes_no of_caller)
{
	struct accepted new = { .from = call->from, .to = call->to, .of_caller = of_caller };
	struct counters *of;

	new.since = bpf_ktime_get_boot_ns();
	layer_state()->accepted = YES;
	if (!bpf_map_update_elem(&accepted, &socket, &new, BPF_ANY))
		return;
	of = bpf_map_lookup_elem(&counters, &call->from.netns);
	if (of)
		__sync_fetch_and_add(&of->dropped, 1);
}

/* Two functions one after the other, as the stacks of nested ones add up, to 512 bytes at most. */
static __always_inline void record_accepted(__u64 socket, const struct call *call,
					    enum yes_no of_caller)
{
	if (is_logged(call))
		write_accepted(socket, call, of_caller);
}

static __always_inline bool may_report_accepted(struct counters *of, __u64 now)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < EVENTS_SIZE / 2 &&
	       take_token(of, now, EVENT_BURST / 2) &&
	       take_token_of_tenant(of->tenant, now, TENANT_BURST / 2);
}

static __always_inline void read_traffic(struct traffic *traffic, const struct sock *sk,
					 const struct accepted *known)
{
	struct socket_bytes bytes;

	if (!read_bytes(&bytes, (__u64)sk))
		return;
	traffic->counted = YES;
	traffic->sent = known->of_caller == YES ? bytes.sent : bytes.read;
	traffic->received = known->of_caller == YES ? bytes.read : bytes.sent;
}

static __always_inline bool submit_accepted(const struct accepted *known, const struct sock *sk,
					    __u64 now)
{
	struct accepted_event *of = bpf_ringbuf_reserve(&events, sizeof(*of), 0);

	if (!of)
		return false;
	__builtin_memset(of, 0, sizeof(*of));
	of->event.time = now;
	of->event.kind = EVENT_ACCEPTED;
	of->event.verb = ACCEPT;
	of->event.origin = known->from;
	of->event.target = known->to;
	of->traffic.lasted = now - known->since;
	read_traffic(&of->traffic, sk, known);
	bpf_ringbuf_submit(of, 0);
	return true;
}

/*
 * If the caller's namespace has gone by now, it must not get new counters, as nothing would remove
 * them. Then those of the socket's own namespace limit the report.
 */
static __noinline void report_accepted(struct sock *sk)
{
	__u64 address = (__u64)sk, now = bpf_ktime_get_boot_ns();
	struct accepted *found = bpf_map_lookup_elem(&accepted, &address), known;
	struct counters *of;

	if (!found)
		return;
	known = *found;
	/* During an upgrade two generations see the socket go: the first one to delete reports. */
	if (bpf_map_delete_elem(&accepted, &address))
		return;
	of = bpf_map_lookup_elem(&counters, &known.from.netns);
	if (!of)
		of = counters_of(netns_of_sock(sk));
	if (of && !(may_report_accepted(of, now) && submit_accepted(&known, sk, now)))
		__sync_fetch_and_add(&of->dropped, 1);
}

#endif
