// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sender of a packet that arrives: first step of the delivery gate. Only requests matter, and
 * the answers that make a connection.
 */
#include "delivery.h"
#include "kernel.h"
#include "netns.h"
#include "origin-by-address.h"

/*
 * Guests of this kernel call CID HOST. All other packets come from the host of this machine. `net`
 * is the guest's namespace if the kernel passes it; else its device leads to it.
 */
static __always_inline void origin_of_guest(struct end *origin, __u32 src_cid, __u32 dst_cid,
					    const struct net *net)
{
	if (dst_cid != VMADDR_CID_HOST) {
		origin->cid = VMADDR_CID_HOST;
		origin->netns = NETNS_NONE;
		return;
	}
	origin->cid = src_cid;
	origin->netns = net ? netns_of(net) : NETNS_UNKNOWN;
}

/*
 * A packet that a socket of this kernel has sent holds a reference on the socket, so the socket's
 * namespace still exists and is the origin. Such a packet arrives over loopback only.
 */
static __always_inline void packet_of_socket(const struct sk_buff *skb, struct sock *sk)
{
	enum packet_kind kind = UNDETERMINED;

	/* Requests and answers carry no data. */
	if (skb->len) {
		loopback.packet.kind = CONSUMED;
		return;
	}
	if (kworkers_deliver_others)
		kind = kind_of_packet(skb->head);
	loopback_packet(kind, sk, skb->head);
}

/*
 * From a guest, or from the host of this machine. If it claims to be from loopback its origin is
 * unknown.
 */
static __always_inline void packet_of_guest(const struct sk_buff *skb, const struct net *net)
{
	struct end origin = { .netns = NETNS_UNKNOWN };
	struct virtio_vsock_hdr hdr;
	enum packet_kind kind;

	if (bpf_probe_read_kernel(&hdr, sizeof(hdr), skb->head)) {
		guest_arrives(REQUEST, &origin, 0);
		return;
	}
	kind = kind_of(le16_to_cpu(hdr.op));
	if (!sources_are_checked && kind == LEAVING && le64_to_cpu(hdr.src_cid) == VMADDR_CID_LOCAL)
		loopback_resets();
	if (!(kind & UNDETERMINED))
		return;
	if (le64_to_cpu(hdr.src_cid) != VMADDR_CID_LOCAL)
		origin_of_guest(&origin, le64_to_cpu(hdr.src_cid), le64_to_cpu(hdr.dst_cid), net);
	origin.port = le32_to_cpu(hdr.ports.src);
	guest_arrives(kind, &origin, le32_to_cpu(hdr.ports.dst));
}

static __always_inline void skb_arrives(const struct sk_buff *skb, const struct net *net)
{
	struct sock *sk = skb->sk;

	if (sk)
		packet_of_socket(skb, sk);
	else
		packet_of_guest(skb, net);
}

/* Packets are sk_buffs, which hold their socket: 6.3 and later, and 6.1 by a stable update. */
SEC("fentry/virtio_transport_recv_pkt")
int BPF_PROG(packet_arrives_skb, void *transport, struct sk_buff *skb)
{
	skb_arrives(skb, NULL);
	return 0;
}

/* From 7.0 on several guests can have one CID, and the kernel passes the guest's namespace. */
SEC("fentry/virtio_transport_recv_pkt")
int BPF_PROG(packet_arrives_net, void *transport, struct sk_buff *skb, struct net *net)
{
	skb_arrives(skb, net);
	return 0;
}

/*
 * Where packets carry no socket, like the next program. Arguments of both tracepoints: src cid, src
 * port, dst cid, dst port, len, type, op, …
 */
SEC("raw_tp/virtio_transport_alloc_pkt")
int packet_made(struct bpf_raw_tracepoint_args *ctx)
{
	enum packet_kind kind = kind_of(ctx->args[6]);

	if (!(kind & UNDETERMINED) || (__u32)ctx->args[0] != VMADDR_CID_LOCAL)
		return 0;
	if (kind == REQUEST)
		request_made(ctx->args[1]);
	else
		answer_made(ctx->args[3]);
	return 0;
}

/* Takes what is recorded of the sender. */
SEC("raw_tp/virtio_transport_recv_pkt")
int packet_arrives_addr(struct bpf_raw_tracepoint_args *ctx)
{
	enum packet_kind kind = kind_of(ctx->args[6]);
	__u32 src_port = ctx->args[1], dst_port = ctx->args[3];
	struct end origin = { .port = src_port };
	netns_id sender = NETNS_UNKNOWN;

	if ((__u32)ctx->args[0] != VMADDR_CID_LOCAL) {
		/* The end of a connection wakes a socket as an answer does. */
		if (!(kind & (UNDETERMINED | LEAVING)))
			return 0;
		origin_of_guest(&origin, ctx->args[0], ctx->args[2], NULL);
		guest_arrives(kind, &origin, dst_port);
		return 0;
	}
	if (kind == REQUEST)
		sender = sender_of_request(src_port);
	else if (kind == ANSWER)
		sender = sender_of_answer(dst_port);
	loopback_arrives(kind, sender, src_port, dst_port);
	return 0;
}
