/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of a socket, as the kernel counts them: modulo 2^32. Needs BTF of modules (5.11 on). */
#ifndef SOCKET_BYTES_H
#define SOCKET_BYTES_H

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vsock_sock___trans {
	void *trans;
};

/* Of virtio, vhost and loopback. */
struct virtio_vsock_sock {
	__u32 tx_cnt;
	__u32 fwd_cnt;
};

#pragma clang attribute pop

/* What the socket has sent, and what was read from it. */
struct socket_bytes {
	__u32 sent, read;
};

/* False where they are not known: with Hyper-V or VMware `trans` can be of another type. */
static __always_inline bool read_bytes(struct socket_bytes *bytes, __u64 socket)
{
	struct virtio_vsock_sock *counts;

	if (kworkers_deliver_others || !bpf_core_type_exists(struct virtio_vsock_sock))
		return false;
	counts = BPF_CORE_READ((struct vsock_sock___trans *)socket, trans);
	if (!counts)
		return false;
	bytes->sent = BPF_CORE_READ(counts, tx_cnt);
	bytes->read = BPF_CORE_READ(counts, fwd_cnt);
	return true;
}

#endif
