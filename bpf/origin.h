/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sent a request: the first step of the delivery gate.
 *
 * Loopback packets all claim the source CID LOCAL, whatever their socket is bound
 * to. A socket bound to another CID would share its address with that of somebody
 * else, who could then take its answer: its origin counts as unknown.
 */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "delivery.h"

static __always_inline netns_id origin_of(struct sock *sk)
{
	__u32 cid = local_addr(sk).svm_cid;

	if (cid != VMADDR_CID_ANY && cid != VMADDR_CID_LOCAL)
		return NETNS_UNKNOWN;
	return netns_of_sock(sk);
}

/*
 * Packets are sk_buffs that hold a reference on the socket that sent them, so its
 * namespace is still there and is the one. The far end of a packet of a guest, or
 * of the host of this guest, lies outside of this kernel.
 */
SEC("fentry/virtio_transport_recv_pkt")
int BPF_PROG(request_arrives_skb, void *transport, struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	struct virtio_vsock_hdr hdr;

	if (bpf_probe_read_kernel(&hdr, sizeof(hdr), skb->head)) {
		request_arrives(NETNS_UNKNOWN);
		return 0;
	}
	if (le16_to_cpu(hdr.op) != VIRTIO_VSOCK_OP_REQUEST)
		return 0;
	if (le64_to_cpu(hdr.src_cid) != VMADDR_CID_LOCAL)
		request_arrives(NETNS_NONE);
	else if (!sk || !is_vsock(sk))
		request_arrives(NETNS_UNKNOWN);
	else
		request_arrives(origin_of(sk));
	return 0;
}

/*
 * On 5.10 a packet is seen by its address alone. What connects is noted by the
 * connect gate, joins its address when the same task makes the request, and is
 * taken when the request arrives. Two pending requests of different origin with
 * one address: both are refused.
 */
static __always_inline void note_connect(struct sock *sk)
{
	struct request request = { .origin = origin_of(sk), .socket = (__u64)sk };
	__u32 tid = current_tid();

	if (bpf_map_update_elem(&connects, &tid, &request, BPF_ANY))
		bpf_map_delete_elem(&connects, &tid);
}

static __always_inline void record_request(__u32 port, struct request *request)
{
	struct request *pending;

	if (!bpf_map_update_elem(&requests, &port, request, BPF_NOEXIST))
		return;
	pending = bpf_map_lookup_elem(&requests, &port);
	if (!pending)
		return;
	if (pending->origin != request->origin)
		pending->origin = NETNS_UNKNOWN;
	pending->socket = request->socket;
}

SEC("raw_tp/virtio_transport_alloc_pkt")
int request_made(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *request;
	__u32 tid;

	if ((__u16)ctx->args[6] != VIRTIO_VSOCK_OP_REQUEST ||
	    (__u32)ctx->args[0] != VMADDR_CID_LOCAL)
		return 0;

	tid = current_tid();
	request = bpf_map_lookup_elem(&connects, &tid);
	if (request)
		record_request(ctx->args[1], request);
	return 0;
}

SEC("raw_tp/virtio_transport_recv_pkt")
int request_arrives_addr(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *request;
	__u32 port;

	if ((__u16)ctx->args[6] != VIRTIO_VSOCK_OP_REQUEST)
		return 0;
	if ((__u32)ctx->args[0] != VMADDR_CID_LOCAL) {
		request_arrives(NETNS_NONE);
		return 0;
	}

	port = ctx->args[1];
	request = bpf_map_lookup_elem(&requests, &port);
	request_arrives(request ? request->origin : NETNS_UNKNOWN);
	bpf_map_delete_elem(&requests, &port);
	return 0;
}

/* A request that was cancelled never arrives: its record goes with its socket. */
SEC("fentry/security_sk_free")
int BPF_PROG(socket_gone, struct sock *sk)
{
	struct request *request;
	__u32 port;

	if (!is_vsock(sk))
		return 0;
	port = local_addr(sk).svm_port;
	request = bpf_map_lookup_elem(&requests, &port);
	if (request && request->socket == (__u64)sk)
		bpf_map_delete_elem(&requests, &port);
	return 0;
}

#endif
