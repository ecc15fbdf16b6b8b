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
	__u32 cid = bound_cid(sk);

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

/*
 * Packets are sk_buffs. One that a socket of this kernel has sent holds a reference on it, so its
 * namespace is still there and is the one. Such a packet arrives over loopback alone.
 */
static __always_inline void packet_of_socket(const struct sk_buff *skb, struct sock *sk)
{
	struct end origin = { .netns = NETNS_UNKNOWN };
	struct virtio_vsock_hdr_end hdr;
	enum step step;

	/* Data never comes with a request or an answer. */
	if (skb->len)
		return;
	if (bpf_probe_read_kernel(&hdr, sizeof(hdr), skb->head + VIRTIO_VSOCK_HDR_END)) {
		loopback_arrives(REQUEST, &origin, 0);
		return;
	}
	step = step_of(le16_to_cpu(hdr.op));
	if (step == TAKEN)
		return;
	origin.netns = step == ANSWER ? netns_of_sock(sk) : origin_of_socket(sk);
	origin.port = le32_to_cpu(hdr.src_port);
	loopback_arrives(step, &origin, le32_to_cpu(hdr.dst_port));
}

/* From a guest, or from outside. What claims to be of loopback is of nobody. */
static __always_inline void packet_of_guest(const struct sk_buff *skb, const struct net *net)
{
	struct end origin = { .netns = NETNS_UNKNOWN };
	struct virtio_vsock_hdr hdr;
	enum step step;

	if (bpf_probe_read_kernel(&hdr, sizeof(hdr), skb->head)) {
		guest_arrives(REQUEST, &origin, 0);
		return;
	}
	step = step_of(le16_to_cpu(hdr.end.op));
	if (step == TAKEN)
		return;
	if (le64_to_cpu(hdr.src_cid) != VMADDR_CID_LOCAL)
		origin_of_guest(&origin, le64_to_cpu(hdr.src_cid), le64_to_cpu(hdr.dst_cid), net);
	origin.port = le32_to_cpu(hdr.end.src_port);
	guest_arrives(step, &origin, le32_to_cpu(hdr.end.dst_port));
}

static __always_inline void skb_arrives(const struct sk_buff *skb, const struct net *net)
{
	struct sock *sk = skb->sk;

	if (sk && is_vsock(sk))
		packet_of_socket(skb, sk);
	else
		packet_of_guest(skb, net);
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

/*
 * The task's record is written in place, its tid last: should it fall to another one at this very
 * moment, that one reads that it is not its own.
 */
static __always_inline void note_connect(struct sock *sk)
{
	__u32 tid = current_tid();
	struct pending new = { .tid = tid, .origin = origin_of_socket(sk), .socket = (__u64)sk };
	struct pending *pending = bpf_map_lookup_elem(&connects, &tid);

	if (!pending) {
		bpf_map_update_elem(&connects, &tid, &new, BPF_ANY);
		return;
	}
	pending->origin = new.origin;
	pending->socket = new.socket;
	barrier();
	pending->tid = tid;
}

/* How many requests are in the map, or a few more. */
static __u64 waiting;

static __always_inline void request_made(__u32 src_port)
{
	__u32 tid = current_tid();
	struct pending *pending = bpf_map_lookup_elem(&connects, &tid), *other;

	if (!pending || pending->tid != tid)
		return;
	__sync_fetch_and_add(&waiting, 1);
	if (!bpf_map_update_elem(&requests, &src_port, pending, BPF_NOEXIST))
		return;
	__sync_fetch_and_add(&waiting, -1);
	other = bpf_map_lookup_elem(&requests, &src_port);
	if (!other)
		return;
	if (other->origin != pending->origin)
		other->origin = NETNS_UNKNOWN;
	other->socket = pending->socket;
}

static __always_inline void remove_request(__u32 src_port)
{
	if (!bpf_map_delete_elem(&requests, &src_port))
		__sync_fetch_and_add(&waiting, -1);
}

static __always_inline netns_id take_request_made(__u32 src_port)
{
	struct pending *pending = bpf_map_lookup_elem(&requests, &src_port);
	netns_id origin = pending ? pending->origin : NETNS_UNKNOWN;

	if (pending)
		remove_request(src_port);
	return origin;
}

/* Numbers of the next answer to make and to deliver. */
static __u32 next_made, next_delivered;

/* In the task that delivers the request, right after the gate has let it through. */
static __always_inline void answer_made(__u32 dst_port)
{
	struct delivery *delivery = current_delivery(TAKEN);
	__u32 place = next_made % MAX_ANSWERS;
	struct answer_made *answer = bpf_map_lookup_elem(&answers, &place);

	if (!delivery || !answer || next_made - next_delivered >= MAX_ANSWERS)
		return;
	answer->port = dst_port;
	answer->origin = delivery->listener;
	next_made++;
}

/* What was made before an answer that arrives has been lost on its way. */
static __always_inline netns_id take_answer_made(__u32 dst_port)
{
	struct answer_made *answer;
	__u32 number, place, i;

	for (i = 0; i < 64; i++) {
		number = next_delivered + i;
		place = number % MAX_ANSWERS;
		answer = bpf_map_lookup_elem(&answers, &place);
		if (!answer || number == next_made)
			break;
		if (answer->port != dst_port)
			continue;
		next_delivered = number + 1;
		return answer->origin;
	}
	return NETNS_UNKNOWN;
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
	origin.port = ctx->args[1];
	if ((__u32)ctx->args[0] != VMADDR_CID_LOCAL) {
		origin_of_guest(&origin, ctx->args[0], ctx->args[2], NULL);
		guest_arrives(step, &origin, ctx->args[3]);
		return 0;
	}
	if (step == REQUEST)
		origin.netns = take_request_made(ctx->args[1]);
	else
		origin.netns = take_answer_made(ctx->args[3]);
	loopback_arrives(step, &origin, ctx->args[3]);
	return 0;
}

/* A request that was cancelled never arrives: its record goes with its socket. */
static __always_inline void forget_request(struct sock *sk)
{
	struct pending *pending;
	__u32 port;

	if (!waiting)
		return;
	port = bound_port(sk);
	pending = bpf_map_lookup_elem(&requests, &port);
	if (pending && pending->socket == (__u64)sk)
		remove_request(port);
}

#endif
