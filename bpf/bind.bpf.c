// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bind gate: refuses a port at bind() that the verdict would refuse later, and a port that a
 * stranger holds. A socket that gets its port in another way, because the kernel chose it or it was
 * bound before the policy, is found by the other gates.
 */
#include "call.h"
#include "events.h"
#include "gate.h"
#include "kernel.h"
#include "netns.h"
#include "ports.h"
#include "state.h"
#include "verdict.h"

/*
 * A stranger can hold the port at another CID, or by a child whose listener has gone. Packets to
 * one socket could then reach the other.
 */
static __always_inline int check_holders(struct socket *sock, netns_id own, __u32 port)
{
	struct call call = { .from.netns = own, .by_caller = true };

	if (stranger_beside(port, address_of_sock(sock)) == NETNS_NONE)
		return 0;
	call.to.netns = own;
	call.to.port = port;
	report(&call, EVENT_REFUSED, REASON_PORT, BIND);
	return -EADDRINUSE;
}

static __always_inline int check_bind(struct socket *sock, struct sockaddr *address, int length)
{
	struct layer_state *layer = layer_state();
	struct sock *sk = sock->sk;
	__u32 port;

	if (layer->gates_wanted == NO || !sk || !is_vsock(sk) ||
	    length < (int)sizeof(struct sockaddr_vm))
		return 0;
	port = vsock_address(address)->svm_port;
	if (port == VMADDR_PORT_ANY)
		return 0;
	if (layer->has_rules == YES && !may_bind(netns_of_sock(sk), port, layer))
		return -EACCES;
	return check_holders(sock, netns_of_sock(sk), port);
}

GATE(bind_gate, "lsm/socket_bind", "fmod_ret/security_socket_bind",
     check_bind(sock, address, length), struct socket *sock, struct sockaddr *address, int length)
