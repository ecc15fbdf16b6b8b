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
#include "verdict.h"

static __always_inline void packet_arrives(enum step step, const struct end *origin, __u32 port)
{
	struct delivery delivery = { .origin = *origin, .port = port, .step = step };
	__u32 tid = current_tid();

	/* Failing must not leave the record of an earlier request. */
	if (bpf_map_update_elem(&deliveries, &tid, &delivery, BPF_ANY))
		bpf_map_delete_elem(&deliveries, &tid);
}

static __always_inline struct delivery *current_delivery(enum step step)
{
	__u32 tid = current_tid();
	struct delivery *delivery = bpf_map_lookup_elem(&deliveries, &tid);

	return delivery && delivery->step == step ? delivery : NULL;
}

static __always_inline void listener_found(netns_id listener)
{
	struct delivery *delivery = current_delivery(REQUEST);

	if (delivery)
		delivery->listener = listener;
}

/* Refuses what is not complete, and leaves nothing that a later request could use. */
static __always_inline bool take_request(void)
{
	struct delivery *delivery = current_delivery(REQUEST);
	struct call call = { .from.netns = NETNS_UNKNOWN, .to.netns = NETNS_UNKNOWN };

	if (delivery && delivery->listener != NETNS_NONE) {
		delivery->step = TAKEN;
		call.from = delivery->origin;
		call.to.netns = delivery->listener;
		call.to.port = delivery->port;
	}
	return may_call(&call);
}

static __always_inline int check_sk_alloc(int family)
{
	bool allowed;

	if (family != AF_VSOCK || !is_delivering())
		return 0;
	allowed = take_request();
	return allowed || !in_force(layer_state()) ? 0 : -EACCES;
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
	if (family == AF_VSOCK && is_delivering())
		listener_found(netns_of(net));
	return 0;
}

SEC("lsm/sk_alloc_security")
int BPF_PROG(delivery_gate_lsm, struct sock *sk, int family)
{
	return check_sk_alloc(family);
}

/* Where BPF is no active LSM, an lsm program attaches and is never called. */
SEC("fmod_ret/security_sk_alloc")
int BPF_PROG(delivery_gate_fmod_ret, struct sock *sk, int family)
{
	return check_sk_alloc(family);
}
