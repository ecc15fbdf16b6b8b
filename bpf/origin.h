/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a packet that arrives: the first step of the delivery gate. Only two
 * kinds of packets matter: requests, and the answers that make a connection.
 *
 * Loopback packets all claim the source CID LOCAL, whatever their socket is bound
 * to. A socket bound to another CID would share its address with that of somebody
 * else, who could then take its answer: its origin counts as unknown.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "delivery.h"
#include "guests.h"

static __always_inline netns_id origin_of_socket(struct sock *sk)
{
	__u32 cid = local_addr(sk).svm_cid;

	if (cid != VMADDR_CID_ANY && cid != VMADDR_CID_LOCAL)
		return NETNS_UNKNOWN;
	return netns_of_sock(sk);
}

/*
 * Guests of this kernel speak to CID HOST. Anything else comes from the host of this guest. `net`
 * is the namespace of the guest, where the kernel tells it.
 */
static __always_inline void origin_of_guest(struct end *origin, __u32 src_cid, __u32 dst_cid,
					    const struct net *net)
{
	bool outside = dst_cid != VMADDR_CID_HOST;

	origin->cid = outside ? VMADDR_CID_HOST : src_cid;
	if (outside)
		origin->netns = NETNS_NONE;
	else
		origin->netns = net ? netns_of(net) : owner_of_sender(src_cid);
}

static __always_inline enum step step_of(__u16 op)
{
	if (op == VIRTIO_VSOCK_OP_REQUEST)
		return REQUEST;
	return op == VIRTIO_VSOCK_OP_RESPONSE ? ANSWER : TAKEN;
}

/* The end that sent a loopback packet, by the socket that the packet holds a reference on. */
static __always_inline netns_id origin_of_skb(struct sk_buff *skb, enum step step)
{
	struct sock *sk = skb->sk;

	if (!sk || !is_vsock(sk))
		return NETNS_UNKNOWN;
	return step == ANSWER ? netns_of_sock(sk) : origin_of_socket(sk);
}

/*
 * Packets are sk_buffs that hold a reference on the socket that sent them, so its
 * namespace is still there and is the one.
 */
static __always_inline void skb_arrives(struct sk_buff *skb, const struct net *net)
{
	struct end origin = { .netns = NETNS_UNKNOWN };
	struct virtio_vsock_hdr hdr;
	enum step step;

	/* Data of a local socket: it never sends any with a request or an answer. */
	if (skb->len && skb->sk)
		return;
	if (bpf_probe_read_kernel(&hdr, sizeof(hdr), skb->head)) {
		packet_arrives(REQUEST, &origin, 0);
		return;
	}
	step = step_of(le16_to_cpu(hdr.op));
	if (step == TAKEN)
		return;
	if (le64_to_cpu(hdr.src_cid) == VMADDR_CID_LOCAL)
		origin.netns = origin_of_skb(skb, step);
	else
		origin_of_guest(&origin, le64_to_cpu(hdr.src_cid), le64_to_cpu(hdr.dst_cid), net);
	origin.port = le32_to_cpu(hdr.src_port);
	packet_arrives(step, &origin, le32_to_cpu(hdr.dst_port));
}

SEC("fentry/virtio_transport_recv_pkt")
int BPF_PROG(packet_arrives_skb, void *transport, struct sk_buff *skb)
{
	skb_arrives(skb, NULL);
	return 0;
}

/* From 7.0 on several guests can have one CID. */
SEC("fentry/virtio_transport_recv_pkt")
int BPF_PROG(packet_arrives_net, void *transport, struct sk_buff *skb, struct net *net)
{
	skb_arrives(skb, net);
	return 0;
}

/*
 * On 5.10 a packet is seen by its address alone. What connects is noted by the
 * connect gate, joins its address when the same task makes the request, and is
 * taken when the request arrives; the answer is made by the task that delivered the
 * request. Two that are pending with one address and not of one origin: both unknown.
 */
static __always_inline void note_connect(struct sock *sk)
{
	struct pending pending = { .origin = origin_of_socket(sk), .socket = (__u64)sk };
	__u32 tid = current_tid();

	if (bpf_map_update_elem(&connects, &tid, &pending, BPF_ANY))
		bpf_map_delete_elem(&connects, &tid);
}

static __always_inline void record_pending(void *map, __u32 port, struct pending *packet)
{
	struct pending *other;

	if (!bpf_map_update_elem(map, &port, packet, BPF_NOEXIST))
		return;
	other = bpf_map_lookup_elem(map, &port);
	if (!other)
		return;
	if (other->origin != packet->origin)
		other->origin = NETNS_UNKNOWN;
	other->socket = packet->socket;
}

static __always_inline netns_id take_pending(void *map, __u32 port)
{
	struct pending *pending = bpf_map_lookup_elem(map, &port);
	netns_id origin = pending ? pending->origin : NETNS_UNKNOWN;

	bpf_map_delete_elem(map, &port);
	return origin;
}

static __always_inline void request_made(__u32 src_port)
{
	__u32 tid = current_tid();
	struct pending *pending = bpf_map_lookup_elem(&connects, &tid);

	if (pending)
		record_pending(&requests, src_port, pending);
}

/* In the task that delivers the request, right after the gate has let it through. */
static __always_inline void answer_made(__u32 dst_port)
{
	struct delivery *delivery = current_delivery(TAKEN);
	struct pending pending = {};

	if (!delivery)
		return;
	pending.origin = delivery->listener;
	record_pending(&answers, dst_port, &pending);
}

/* Arguments of both tracepoints: src cid, src port, dst cid, dst port, len, type, op, … */
SEC("raw_tp/virtio_transport_alloc_pkt")
int packet_made(struct bpf_raw_tracepoint_args *ctx)
{
	enum step step = step_of(ctx->args[6]);

	if (step == TAKEN || (__u32)ctx->args[0] != VMADDR_CID_LOCAL)
		return 0;
	if (step == REQUEST)
		request_made(ctx->args[1]);
	else
		answer_made(ctx->args[3]);
	return 0;
}

SEC("raw_tp/virtio_transport_recv_pkt")
int packet_arrives_addr(struct bpf_raw_tracepoint_args *ctx)
{
	enum step step = step_of(ctx->args[6]);
	struct end origin = {};

	if (step == TAKEN)
		return 0;
	if ((__u32)ctx->args[0] != VMADDR_CID_LOCAL)
		origin_of_guest(&origin, ctx->args[0], ctx->args[2], NULL);
	else if (step == REQUEST)
		origin.netns = take_pending(&requests, ctx->args[1]);
	else
		origin.netns = take_pending(&answers, ctx->args[3]);
	origin.port = ctx->args[1];
	packet_arrives(step, &origin, ctx->args[3]);
	return 0;
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
