/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a packet that arrives: the first step of the delivery gate. Only two
 * kinds of packets matter: requests, and the answers that make a connection.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "delivery.h"
#include "guests.h"

/* Guests of this kernel speak to CID HOST. Anything else comes from the host of this guest. */
static __always_inline void origin_of_guest(struct end *origin, __u32 src_cid, __u32 dst_cid)
{
	bool outside = dst_cid != VMADDR_CID_HOST;

	origin->netns = outside ? NETNS_NONE : owner_of_cid(src_cid, NULL);
	origin->cid = outside ? VMADDR_CID_HOST : src_cid;
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
 * namespace is still there and is the one. `net` is the namespace of the guest, where
 * the kernel tells it.
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
		origin_of_guest(&origin, le64_to_cpu(hdr.src_cid), le64_to_cpu(hdr.dst_cid));
	if (net && origin.cid && origin.netns != NETNS_NONE)
		origin.netns = netns_of(net);
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
 * Arguments of both tracepoints: src cid, src port, dst cid, dst port, len, type, op, …
 * The first runs in connect(), the second where the packet is delivered.
 */
SEC("raw_tp/virtio_transport_alloc_pkt")
int packet_made(struct bpf_raw_tracepoint_args *ctx)
{
	if (step_of(ctx->args[6]) == REQUEST && (__u32)ctx->args[0] == VMADDR_CID_LOCAL)
		request_made(ctx->args[1]);
	return 0;
}

SEC("raw_tp/virtio_transport_recv_pkt")
int packet_arrives_addr(struct bpf_raw_tracepoint_args *ctx)
{
	enum step step = step_of(ctx->args[6]);
	struct end origin = {};

	/* An answer, too: that nobody listens, or nobody who may be seen. */
	if (ctx->args[6] == VIRTIO_VSOCK_OP_RST && (__u32)ctx->args[0] == VMADDR_CID_LOCAL)
		take_answer_to(ctx->args[3]);
	if (step == TAKEN)
		return 0;
	if ((__u32)ctx->args[0] != VMADDR_CID_LOCAL)
		origin_of_guest(&origin, ctx->args[0], ctx->args[2]);
	else if (step == REQUEST)
		origin.netns = take_request_of(ctx->args[1]);
	else
		origin.netns = take_answer_to(ctx->args[3]);
	origin.port = ctx->args[1];
	packet_arrives(step, &origin, ctx->args[3]);
	return 0;
}

#endif
