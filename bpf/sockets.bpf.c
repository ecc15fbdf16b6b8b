// SPDX-License-Identifier: GPL-2.0-only
/* Removes all records of a socket when it is freed. */
#include "access-log.h"
#include "calls.h"
#include "kernel.h"
#include "lingering.h"
#include "maps.h"
#include "netns.h"
#include "origin-by-address.h"
#include "state.h"

static __always_inline void forget_seal(struct sock *sk)
{
	netns_id own = netns_of_sock(sk);
	__u64 address = (__u64)sk;
	struct counters *of;

	if (bpf_map_delete_elem(&sealed, &address))
		return;
	of = bpf_map_lookup_elem(&counters, &own);
	if (of)
		__sync_fetch_and_add(&of->sealed, -1);
}

static __always_inline void socket_gone(struct sock *sk)
{
	if (!packets_carry_socket)
		forget_request(sk);
	if (!sources_are_checked)
		forget_calls((__u64)sk);
	if (layer_state()->sealed != NONE)
		forget_seal(sk);
	if (layer_state()->lingering == YES)
		forget_lingering(sk);
	if (layer_state()->accepted == YES)
		report_accepted(sk);
}

/* 5.11 and later: BTF of modules. */
SEC("fentry/vsock_sk_destruct")
int BPF_PROG(socket_gone_vsock, struct sock *sk)
{
	socket_gone(sk);
	return 0;
}

/*
 * The same on 5.10, where all sockets of the machine pass here. Not security_sk_free(): by then the
 * socket has forgotten its port.
 */
SEC("fentry/sk_free")
int BPF_PROG(socket_gone_any, struct sock *sk)
{
	if (is_vsock(sk))
		socket_gone(sk);
	return 0;
}
