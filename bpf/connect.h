/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connect gate: a process is in connect(), nothing has been sent. What it decides
 * here it decides on the socket, not on who holds it: a socket stays in the
 * namespace it was made in.
 */
#include "origin.h"

static __always_inline int check_connect(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk || !is_vsock(sk))
		return 0;
	if (!packets_carry_socket)
		note_connect(sk);
	return 0;
}

SEC("lsm/socket_connect")
int BPF_PROG(connect_gate_lsm, struct socket *sock)
{
	return check_connect(sock);
}

SEC("fmod_ret/security_socket_connect")
int BPF_PROG(connect_gate_fmod_ret, struct socket *sock)
{
	return check_connect(sock);
}
