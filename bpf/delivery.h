/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delivery gate: a request has arrived and the kernel has found the listener.
 *
 *	request arrives   -> origin   (who sent it)
 *	child is made     -> listener (whom it found)
 *	sk_alloc          -> verdict  (refused: the kernel answers with a reset)
 *
 * All three run in one task, one after the other. Nothing that a process can
 * change in between takes part: the origin is the namespace of the socket that
 * sent the packet, the listener is the one the kernel holds a reference on.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "guests.h"
#include "ports.h"

/*
 * The delivery of a loopback packet. They are delivered one after the other: all of a machine pass
 * through one work item, 5.10 to 7.3, and the kernel never runs one of those twice at a time. So
 * one place is enough, which its task alone writes.
 */
static __u64 loopback_task;
static struct delivery loopback;

static __always_inline bool is_delivering_loopback(void)
{
	return bpf_get_current_task() == loopback_task;
}

/* Counts what could not be recorded. A change makes all records void that are there. */
static __u32 lost_epoch;

/* Whether a task ever got no storage: from 7.0 on it can be refused at any time. */
static bool storage_failed;

/* Kernels whose packets carry sockets (6.1 on) have storage in tasks, too. */
static __always_inline struct delivery *storage_of_task(__u64 flags)
{
	return bpf_task_storage_get(&delivery_storage, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline struct delivery *delivery_of_guest(void)
{
	struct delivery *delivery;
	__u32 tid;

	if (packets_carry_socket) {
		delivery = storage_of_task(0);
		if (delivery || !storage_failed)
			return delivery;
	}
	tid = current_tid();
	return bpf_map_lookup_elem(&delivery_by_tid, &tid);
}

static __always_inline struct delivery *map_delivery(void)
{
	static const struct delivery none;
	struct delivery *delivery;
	__u32 tid = current_tid();

	bpf_map_update_elem(&delivery_by_tid, &tid, &none, BPF_ANY);
	delivery = bpf_map_lookup_elem(&delivery_by_tid, &tid);
	if (delivery)
		delivery->tid = tid;
	return delivery;
}

static __always_inline struct delivery *make_delivery(void)
{
	struct delivery *delivery;

	if (packets_carry_socket) {
		delivery = storage_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (delivery)
			return delivery;
		storage_failed = true;
	}
	return map_delivery();
}

/* `kind` comes last: what is not complete is at none. */
static __always_inline void begin_delivery(struct delivery *delivery, enum packet_kind kind,
					   const struct end *origin, __u32 port)
{
	delivery->origin = *origin;
	delivery->listener = NETNS_NONE;
	delivery->ports = 0;
	delivery->port = port;
	delivery->kind = kind;
}

static __always_inline void loopback_arrives(enum packet_kind kind, netns_id origin, __u32 from,
					     __u32 to)
{
	loopback_task = bpf_get_current_task();
	loopback.origin.netns = origin;
	loopback.origin.port = from;
	loopback.listener = NETNS_NONE;
	loopback.port = to;
	loopback.kind = kind;
}

/* One that tells its socket. Its ports are asked for where namespaces alone do not decide. */
static __always_inline void loopback_packet(enum packet_kind kind, struct sock *sk,
					    const void *header)
{
	loopback_task = bpf_get_current_task();
	loopback.origin.netns = netns_of_sock(sk);
	loopback.sender = (__u64)sk;
	loopback.listener = NETNS_NONE;
	loopback.ports = (__u64)header + offsetof(struct virtio_vsock_hdr, ports);
	loopback.kind = kind;
}

/*
 * From outside of this kernel, or a guest. Written in place, as only its task uses it. Should it
 * fall to another one at this very moment, that one reads that it is not its own.
 */
static __always_inline void guest_arrives(enum packet_kind kind, const struct end *origin,
					  __u32 port)
{
	struct delivery *delivery = delivery_of_guest();

	/* A task that was at the same address has delivered over loopback. */
	if (is_delivering_loopback())
		loopback_task = 0;
	if (!delivery)
		delivery = make_delivery();
	if (!delivery) {
		/* The record of an earlier request must not be taken for that of this one. */
		__sync_fetch_and_add(&lost_epoch, 1);
		return;
	}
	if (delivery->tid)
		delivery->tid = current_tid();
	delivery->lost_epoch = lost_epoch;
	delivery->device = 0;
	if (origin->netns == NETNS_UNKNOWN && origin->cid)
		delivery->device = device_of_sender(delivery, origin->cid);
	begin_delivery(delivery, kind, origin, port);
}

static __always_inline bool is_own(const struct delivery *delivery)
{
	if (delivery->tid && delivery->tid != current_tid())
		return false;
	return delivery->lost_epoch == lost_epoch;
}

static __always_inline struct delivery *own_delivery_of_guest(void)
{
	struct delivery *delivery = delivery_of_guest();

	return delivery && is_own(delivery) ? delivery : NULL;
}

static __always_inline struct delivery *current_delivery(enum packet_kind kind)
{
	struct delivery *delivery = is_delivering_loopback() ? &loopback : own_delivery_of_guest();

	return delivery && (delivery->kind & kind) ? delivery : NULL;
}

/* The packet is there until its delivery is over. */
static __always_inline bool read_ports(struct delivery *delivery)
{
	struct virtio_vsock_ports ports;

	if (!delivery->ports)
		return true;
	if (bpf_probe_read_kernel(&ports, sizeof(ports), (void *)delivery->ports))
		return false;
	delivery->origin.port = le32_to_cpu(ports.src);
	delivery->port = le32_to_cpu(ports.dst);
	delivery->ports = 0;
	return true;
}

/* Whose a guest is, is asked here and not on arrival: raw tracepoints may not ask `namespaces`. */
static __always_inline struct end origin_of(const struct delivery *delivery)
{
	struct end origin = delivery->origin;

	if (delivery->device)
		origin.netns = owner_of_device(delivery->device);
	return origin;
}

static __always_inline void listener_found(netns_id listener)
{
	struct delivery *delivery = current_delivery(REQUEST);

	if (delivery)
		delivery->listener = listener;
}

/* `verdict_epoch` is read first: what comes after makes that the answer is judged, too. */
static __always_inline bool judge_request(struct delivery *delivery, const struct sock *child,
					  const struct layer_state *layer)
{
	struct call call = { .from.netns = NETNS_UNKNOWN, .to.netns = delivery->listener };

	delivery->verdict_epoch = current_epoch(layer);
	if (read_ports(delivery))
		call.from = origin_of(delivery);
	delivery->caller = call.from.netns;
	delivery->child = (__u64)child;
	call.to.port = delivery->port;
	return may_call(&call, layer);
}

/* One that is not complete is of nobody. */
static __always_inline bool judge_unknown(const struct layer_state *layer)
{
	const struct call unknown = { .from.netns = NETNS_UNKNOWN, .to.netns = NETNS_UNKNOWN };

	return !in_force(layer) || may_call(&unknown, layer);
}

#define NOT_JUDGED 1 /* an odd number of changes */

/* Whether the kernel finds the socket, and no other that is bound, at CID LOCAL and the port. */
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
 * Whether the answer to a request will come to the socket that asked, or to nobody: it goes to
 * CID LOCAL and the port of that socket. One that another socket gets makes a child whose peer
 * has never asked for it, and with two of those two namespaces would meet that each called within
 * itself. So the port of who asks is held by nobody else, and no socket is connected to where it
 * calls from where it calls.
 */
static __always_inline bool is_answer_for_sender(const struct delivery *delivery)
{
	__u32 port = delivery->origin.port, how = BOUND | LISTENERS;
	__u64 socket = delivery->sender;
	struct vsock_sock_tail tail;

	if (bpf_probe_read_kernel(&tail, sizeof(tail),
				  (void *)socket + bpf_core_type_size(struct sock)))
		return false;
	if (!is_bound_at(&tail, socket, port))
		how |= ANYBODY;
	else if (tail.local_addr.svm_cid == VMADDR_CID_ANY)
		how = 0; /* the kernel gives a port that is held at all CIDs to nobody else */
	if (how && stranger_at(port, socket, NO_PEER, how) != NETNS_NONE)
		return false;
	return stranger_at(port, socket, address_of(VMADDR_CID_LOCAL, delivery->port),
			   CONNECTED | LISTENERS | LINGERING) == NETNS_NONE;
}

static __always_inline bool refuse_port(const struct delivery *delivery)
{
	struct call call = { .from = delivery->origin, .to.netns = delivery->listener };

	call.to.port = delivery->port;
	report(&call, EVENT_REFUSED, REASON_PORT, CONNECT);
	return false;
}

/* Leaves nothing that a later request could use. */
static __always_inline bool take_request(struct delivery *delivery, const struct sock *child,
					 const struct layer_state *layer)
{
	/* Or it is a process, at the address of a task that has delivered. */
	if (!delivery || !(delivery->kind & REQUEST) || delivery->listener == NETNS_NONE)
		return !is_delivering() || judge_unknown(layer);
	delivery->kind = CONSUMED;
	delivery->verdict_epoch = NOT_JUDGED;
	if (layer->gates_wanted == NO || !in_force(layer))
		return true;
	if (delivery == &loopback && delivery->origin.netns != NETNS_UNKNOWN &&
	    !(read_ports(delivery) && is_answer_for_sender(delivery)))
		return refuse_port(delivery);
	if (needs_no_verdict(delivery->origin.netns, delivery->listener, layer))
		return true;
	return judge_request(delivery, child, layer);
}

/*
 * Whether an answer comes from the child of the request that was judged last, and goes to where
 * that came from. The packet holds its socket, so it is that child and none that came later; on
 * 5.10 only one that is alone on its way tells a sender.
 */
static __always_inline bool is_judged_already(const struct delivery *delivery, netns_id receiver,
					      const struct layer_state *layer)
{
	return delivery->child && delivery->child == delivery->sender &&
	       delivery->caller == receiver && delivery->verdict_epoch == current_epoch(layer) &&
	       delivery->verdict_epoch % 2 == 0;
}

static __always_inline int check_sk_alloc(const struct sock *sk, int family)
{
	struct delivery *delivery = &loopback;

	if (family != AF_VSOCK)
		return 0;
	if (!is_delivering_loopback()) {
		if (!is_delivering())
			return 0;
		delivery = own_delivery_of_guest();
	}
	return take_request(delivery, sk, layer_state()) ? 0 : -EACCES;
}

/* The listener is the parent of the child that is to be made (5.11 on: BTF of modules). */
SEC("fentry/vsock_create_connected")
int BPF_PROG(listener_found_parent, struct sock *parent)
{
	listener_found(netns_of_sock(parent));
	return 0;
}

/* The same on 5.10, where every socket of the machine passes here. */
SEC("fentry/sk_alloc")
int BPF_PROG(listener_found_net, struct net *net, int family)
{
	if (family == AF_VSOCK)
		listener_found(netns_of(net));
	return 0;
}

SEC("lsm/sk_alloc_security")
int BPF_PROG(delivery_gate_lsm, struct sock *sk, int family)
{
	return check_sk_alloc(sk, family);
}

/* Where BPF is no active LSM, an lsm program attaches and is never called. */
SEC("fmod_ret/security_sk_alloc")
int BPF_PROG(delivery_gate_fmod_ret, struct sock *sk, int family)
{
	return check_sk_alloc(sk, family);
}

#endif
