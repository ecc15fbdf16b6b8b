/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a loopback packet where all that is seen of it is its address (5.10). What
 * connects is noted by the connect gate, joins its port when the same task makes the
 * request, is taken when the request arrives, and gets the namespace of who answers from
 * the gate that lets it through. Two that are pending with one port and not of one origin:
 * both unknown.
 *
 * Loopback packets all claim the source CID LOCAL, whatever their socket is bound
 * to. A socket bound to another CID would share its address with that of somebody
 * else, who could then take its answer: its origin counts as unknown.
 */
#ifndef PENDING_H
#define PENDING_H

#include "maps.h"

static __always_inline netns_id origin_of_socket(struct sock *sk)
{
	__u32 cid = local_addr(sk).svm_cid;

	if (cid != VMADDR_CID_ANY && cid != VMADDR_CID_LOCAL)
		return NETNS_UNKNOWN;
	return netns_of_sock(sk);
}

/* In place: of what an LRU map holds, what was just found is the last to be given away. */
static __always_inline void note_connect(struct sock *sk)
{
	struct pending own = { .origin = origin_of_socket(sk), .socket = (__u64)sk }, *pending;

	own.answerer = NETNS_UNKNOWN;
	own.tid = current_tid();
	pending = bpf_map_lookup_elem(&connects, &own.tid);
	if (pending)
		*pending = own;
	else
		bpf_map_update_elem(&connects, &own.tid, &own, BPF_ANY);
}

/* Who had the port before may have a request on its way still, or an answer to one. */
static __always_inline void join_pending(struct pending *pending, const struct pending *other)
{
	pending->answerer = NETNS_UNKNOWN;
	if (pending->delivered == YES)
		pending->origin = other->origin;
	else if (pending->origin != other->origin)
		pending->origin = NETNS_UNKNOWN;
	pending->socket = other->socket;
	pending->delivered = NO;
}

static __always_inline void request_made(__u32 port)
{
	__u32 tid = current_tid();
	struct pending *own = bpf_map_lookup_elem(&connects, &tid), *pending;

	if (!own || own->tid != tid)
		return;
	if (!bpf_map_update_elem(&requests, &port, own, BPF_NOEXIST))
		return;
	pending = bpf_map_lookup_elem(&requests, &port);
	if (pending)
		join_pending(pending, own);
}

static __always_inline netns_id take_request_of(__u32 port)
{
	struct pending *pending = bpf_map_lookup_elem(&requests, &port);

	if (!pending || pending->delivered == YES)
		return NETNS_UNKNOWN;
	pending->delivered = YES;
	return pending->origin;
}

/* In the task that delivers the request, which the gate lets through. */
static __always_inline void answer_expected(__u32 port, netns_id answerer)
{
	struct pending *pending = bpf_map_lookup_elem(&requests, &port);

	if (pending && pending->delivered == YES)
		pending->answerer = answerer;
}

static __always_inline netns_id take_answer_to(__u32 port)
{
	struct pending *pending = bpf_map_lookup_elem(&requests, &port);
	netns_id answerer;

	if (!pending || pending->delivered == NO)
		return NETNS_UNKNOWN;
	answerer = pending->answerer;
	bpf_map_delete_elem(&requests, &port);
	return answerer;
}

/* A request that was cancelled never arrives: its record goes with its socket. */
static __always_inline void forget_request(struct sock *sk)
{
	__u32 port = local_addr(sk).svm_port;
	struct pending *pending = bpf_map_lookup_elem(&requests, &port);

	if (pending && pending->socket == (__u64)sk)
		bpf_map_delete_elem(&requests, &port);
}

#endif
