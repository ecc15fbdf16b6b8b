// SPDX-License-Identifier: GPL-2.0-only
/* Records the ports of a socket when its peer leaves: lingering.h. */
#include "delivery.h"
#include "kernel.h"
#include "lingering.h"

static __always_inline bool is_end_of_connection(const struct delivery *delivery)
{
	const void *ports = (const void *)delivery->packet.ports;

	if (delivery->packet.kind != UNDETERMINED || !ports)
		return delivery->packet.kind == LEAVING;
	return kind_of_packet(ports - offsetof(struct virtio_vsock_hdr, ports)) == LEAVING;
}

/* Since Linux 6.1 a socket leaves the kernel's tables when its peer has shut down both ways. */
SEC("fentry/vsock_remove_sock")
int BPF_PROG(peer_left, struct sock *sk)
{
	if (is_delivering_loopback())
		note_lingering(sk, leaving_peer());
	return 0;
}

/*
 * Without vsock_check_source() a socket that is still in the tables matters, too. The kernel asks
 * for data when it closes a socket for its peer.
 */
SEC("fentry/vsock_stream_has_data")
int BPF_PROG(peer_left_any, struct sock *sk)
{
	if (is_delivering_loopback() && is_end_of_connection(&loopback))
		note_lingering(sk, leaving_peer());
	return 0;
}
