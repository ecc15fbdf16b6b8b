// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery gate: a request has arrived and the kernel has found the listener.
 *
 *	request arrives   -> origin   (its sender)
 *	child is created  -> listener (that it found)
 *	sk_alloc          -> verdict  (if refused, the kernel answers with a reset)
 *
 * All three run in one task, one after the other. Nothing that a process can change in between
 * takes part: the origin is the namespace of the socket that sent the packet, and the kernel
 * holds a reference on the listener.
 */
#include "access-log.h"
#include "call.h"
#include "delivery.h"
#include "events.h"
#include "gate.h"
#include "kernel.h"
#include "netns.h"
#include "ports.h"
#include "state.h"
#include "verdict.h"

static __always_inline void listener_found(netns_id listener)
{
	struct delivery *delivery = current_delivery(REQUEST);

	if (delivery)
		delivery->packet.listener = listener;
}

/* The epoch is read first, so that after a later change the answer is judged, too. */
static __always_inline bool judge_request(struct delivery *delivery, const struct sock *child,
					  const struct layer_state *layer)
{
	struct call call = { .from.netns = NETNS_UNKNOWN, .to.netns = delivery->packet.listener };

	delivery->judged.verdict_epoch = current_epoch(layer);
	if (read_ports(delivery))
		call.from = origin_of(delivery);
	delivery->judged.caller = call.from.netns;
	delivery->judged.child = (__u64)child;
	call.to.port = delivery->packet.port;
	return may_call(&call, layer);
}

/* A request with an incomplete record has unknown ends. */
static __always_inline bool judge_unknown(const struct layer_state *layer)
{
	const struct call unknown = { .from.netns = NETNS_UNKNOWN, .to.netns = NETNS_UNKNOWN };

	return !in_force(layer) || may_call(&unknown, layer);
}

#define NOT_JUDGED 1 /* an odd epoch */

/* Whether the kernel finds this socket at CID LOCAL and the port, and no other that is bound. */
static __always_inline bool is_bound_at(const struct vsock_sock_tail *tail, __u64 socket,
					__u32 port)
{
	__u64 entry = socket + bpf_core_type_size(struct sock) + link_of(BOUND);
	__u32 cid = tail->local_addr.svm_cid;

	return tail->local_addr.svm_port == port &&
	       (cid == VMADDR_CID_LOCAL || cid == VMADDR_CID_ANY) &&
	       (__u64)tail->bound_table.next != entry;
}

/*
 * Whether the answer to a request will reach the socket that asked, or none: it goes to CID LOCAL
 * and the port of that socket. An answer that another socket gets makes a child whose peer has
 * never asked for it. With two of those, two namespaces that each called within themselves would be
 * connected. So no other socket may hold the port of the caller, and none may be connected from
 * there to the port that is called.
 */
static __always_inline bool is_answer_for_sender(const struct delivery *delivery)
{
	__u32 port = delivery->packet.origin.port, how = BOUND | LISTENERS, also;
	__u64 socket = delivery->packet.sender;
	struct vsock_sock_tail tail;

	if (bpf_probe_read_kernel(&tail, sizeof(tail),
				  (void *)socket + bpf_core_type_size(struct sock)))
		return false;
	if (!is_bound_at(&tail, socket, port))
		how |= ANYBODY;
	else if (tail.local_addr.svm_cid == VMADDR_CID_ANY)
		how = 0; /* the kernel gives a port that is held at all CIDs to no other socket */
	if (how && stranger_at(port, socket, NO_PEER, how) != NETNS_NONE)
		return false;
	/* A port that the kernel has chosen did not pass the bind gate, or it was held up there. */
	also = sources_are_checked ? 0 : CALLS;
	return stranger_at(port, socket, address_of(VMADDR_CID_LOCAL, delivery->packet.port),
			   CONNECTED | LISTENERS | LINGERING | also) == NETNS_NONE;
}

static __always_inline bool refuse_port(const struct delivery *delivery)
{
	struct call call = { .from = delivery->packet.origin,
			     .to.netns = delivery->packet.listener };

	call.to.port = delivery->packet.port;
	report(&call, EVENT_REFUSED, REASON_PORT, CONNECT);
	return false;
}

static __always_inline void log_request(struct delivery *delivery, const struct sock *child)
{
	struct call call = { .to.netns = delivery->packet.listener };

	if (!read_ports(delivery))
		return;
	call.from = origin_of(delivery);
	call.to.port = delivery->packet.port;
	record_accepted((__u64)child, &call, NO);
}

static __always_inline bool may_accept(struct delivery *delivery, const struct sock *child,
				       const struct layer_state *layer)
{
	delivery->judged.verdict_epoch = NOT_JUDGED;
	if (layer->gates_wanted == NO || !in_force(layer))
		return true;
	if (delivery == &loopback && delivery->packet.origin.netns != NETNS_UNKNOWN &&
	    !(read_ports(delivery) && is_answer_for_sender(delivery)))
		return refuse_port(delivery);
	if (needs_no_verdict(delivery->packet.origin.netns, delivery->packet.listener, layer))
		return true;
	return judge_request(delivery, child, layer);
}

/* Consumes the record, so that no later request can use it. */
static __always_inline bool take_request(struct delivery *delivery, const struct sock *child,
					 const struct layer_state *layer)
{
	/* Or this is a process, at the address of a task that has delivered. */
	if (!delivery || !(delivery->packet.kind & REQUEST) ||
	    delivery->packet.listener == NETNS_NONE)
		return !is_delivering() || judge_unknown(layer);
	delivery->packet.kind = CONSUMED;
	if (!may_accept(delivery, child, layer))
		return false;
	if (layer->log_accepted == YES)
		log_request(delivery, child);
	return true;
}

static __always_inline int check_sk_alloc(const struct sock *sk, int family)
{
	bool over_loopback;

	if (family != AF_VSOCK)
		return 0;
	over_loopback = is_delivering_loopback();
	if (!over_loopback && !is_delivering())
		return 0;
	return take_request(delivery_of_task(over_loopback), sk, layer_state()) ? 0 : -EACCES;
}

/* The listener is the parent of the child that will be created. 5.11 and later: BTF of modules. */
SEC("fentry/vsock_create_connected")
int BPF_PROG(listener_found_parent, struct sock *parent)
{
	listener_found(netns_of_sock(parent));
	return 0;
}

/* The same on 5.10, where all sockets of the machine pass here. */
SEC("fentry/sk_alloc")
int BPF_PROG(listener_found_net, struct net *net, int family)
{
	if (family == AF_VSOCK)
		listener_found(netns_of(net));
	return 0;
}

GATE(delivery_gate, "lsm/sk_alloc_security", "fmod_ret/security_sk_alloc",
     check_sk_alloc(sk, family), struct sock *sk, int family)
