/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bind gate: tells a process at once what the verdict will say of its port. A listener that comes
 * by another way, with a port that the kernel chose or from before the policy, is found there.
 */
#include "verdict.h"

static __always_inline int check_port(netns_id own, __u32 port, const struct layer_state *layer)
{
	struct netns_record record = {};
	struct call call = { .from.netns = own, .by_caller = true };
	__u32 half = half_in_force(layer), policy;
	bool audited;

	policy = read_record(own, &record) == NOT_READ ? POLICY_PENDING
						       : record.binding[half].policy;
	if (!policy || (policy != POLICY_PENDING && !denies_bind(half, policy, port)))
		return 0;
	audited = policy_has(half, policy, POLICY_AUDIT);
	call.to.netns = own;
	call.to.port = port;
	tell(&call, audited ? EVENT_AUDITED : EVENT_REFUSED, REASON_BIND, BIND);
	return audited ? 0 : -EACCES;
}

static __always_inline int check_bind(struct socket *sock, struct sockaddr *address, int length)
{
	struct layer_state *layer = layer_state();
	struct sock *sk = sock->sk;
	__u32 port;

	if (layer->ruled == NO || !sk || !is_vsock(sk) || length < (int)sizeof(struct sockaddr_vm))
		return 0;
	port = vsock_address(address)->svm_port;
	return port == VMADDR_PORT_ANY ? 0 : check_port(netns_of_sock(sk), port, layer);
}

SEC("lsm/socket_bind")
int BPF_PROG(bind_gate_lsm, struct socket *sock, struct sockaddr *address, int length)
{
	return check_bind(sock, address, length);
}

SEC("fmod_ret/security_socket_bind")
int BPF_PROG(bind_gate_fmod_ret, struct socket *sock, struct sockaddr *address, int length)
{
	return check_bind(sock, address, length);
}
