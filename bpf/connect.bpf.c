// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connect gate: a process is in connect(), and nothing has been sent. It decides by the socket and
 * not by its holder: a socket stays in the namespace that it was created in. Listeners over
 * loopback are left to the delivery gate, which knows the listener. No gate is called when a
 * request reaches a socket that does not listen, so a request to such a socket is not sent.
 */
#include "call.h"
#include "calls.h"
#include "devices.h"
#include "gate.h"
#include "kernel.h"
#include "netns.h"
#include "origin-by-address.h"
#include "ports.h"
#include "state.h"
#include "verdict.h"

enum route {
	LOOPBACK,
	TO_HOST,  /* out of this guest */
	TO_GUEST, /* on this host */
};

static __always_inline bool has_transport(__u64 address)
{
	__u64 transport = 0;

	if (address)
		bpf_probe_read_kernel(&transport, sizeof(transport), (void *)address);
	return transport;
}

/* The transport that the kernel will choose, as in vsock_assign_transport(). */
static __always_inline enum route route_of(const struct sockaddr_vm *to,
					   const struct layer_state *layer)
{
	bool in_guest;

	if (to->svm_cid == VMADDR_CID_LOCAL)
		return LOOPBACK;
	in_guest = has_transport(layer->addresses.transport_g2h);
	if (to->svm_cid == (in_guest ? layer->local_cid : VMADDR_CID_HOST))
		return LOOPBACK;
	if (!in_guest)
		return TO_GUEST;
	if (to->svm_cid <= VMADDR_CID_HOST || (to->svm_flags & VMADDR_FLAG_TO_HOST) ||
	    !has_transport(layer->addresses.transport_h2g))
		return TO_HOST;
	return TO_GUEST;
}

/* As if there were no such guest; for seqpacket the kernel finds no transport, either. */
static __always_inline int no_such_guest(short type)
{
	return type == SOCK_SEQPACKET ? -ESOCKTNOSUPPORT : -ENODEV;
}

static __always_inline int check_host(struct call *call, const struct layer_state *layer)
{
	call->to.netns = NETNS_NONE;
	call->to.cid = VMADDR_CID_HOST;
	return may_call(call, layer) ? 0 : -ENETUNREACH;
}

/* A guest that does not exist may appear before the packet is sent: refused, and not reported. */
static __always_inline int check_guest(struct call *call, const struct sock *sk, __u32 cid,
				       short type, const struct layer_state *layer)
{
	__u32 native = native_mode(sk->__sk_common.skc_net.net);

	call->to.cid = cid;
	call->to.netns = owner_of_cid(cid, call->from.netns, native);
	call->silent = call->to.netns == NETNS_UNKNOWN;
	return may_call(call, layer) ? 0 : no_such_guest(type);
}

/*
 * The namespace of a stranger that a call to the port could reach without a gate. A child of a
 * listener can be reached only from its peer's port, so only by a socket that is bound already: the
 * kernel does not choose a port that is held.
 */
static __always_inline netns_id stranger_at_target(struct socket *sock, struct sock *sk, __u32 port)
{
	__u64 self = address_of_sock(sock);
	__u32 how = BOUND | LINGERING | HOLDERS | (sources_are_checked ? 0 : LISTENERS);
	netns_id stranger = stranger_at(port, self, NO_PEER, how);

	if (stranger == NETNS_NONE && bound_port(sk) != VMADDR_PORT_ANY)
		stranger = stranger_at(port, self, NO_PEER, CONNECTED);
	return stranger;
}

/*
 * The same for the socket's own port. Between the bind gate and the kernel's table a socket can be
 * held up, and is seen by nobody. So what the bind gate asks is asked once more.
 */
static __always_inline netns_id stranger_at_own(struct socket *sock, struct sock *sk)
{
	__u32 port = bound_port(sk);

	return port == VMADDR_PORT_ANY ? NETNS_NONE : stranger_beside(port, address_of_sock(sock));
}

/*
 * Without vsock_check_source() a call to a port that nobody holds is not sent, because a socket
 * that is bound meanwhile would get it. The kernel gives the same answer, only later.
 */
static __always_inline bool is_nobody_there(const struct sockaddr_vm *to)
{
	return !sources_are_checked && !has_port_holder(to->svm_cid, to->svm_port);
}

/*
 * The kernel itself refuses to connect a socket that listens or was connected, and sends nothing.
 */
static __always_inline bool can_connect(const struct socket *sock, const struct sock *sk)
{
	return sock->state <= SS_CONNECTING && sk->__sk_common.skc_state != TCP_LISTEN;
}

static __always_inline bool may_call_port(struct call *call, struct socket *sock, struct sock *sk,
					  const struct sockaddr_vm *to,
					  const struct layer_state *layer)
{
	/* Reported as the delivery gate would. */
	call->by_caller = false;
	call->to.netns = stranger_at_target(sock, sk, to->svm_port);
	if (call->to.netns == NETNS_NONE)
		call->to.netns = stranger_at_own(sock, sk);
	if (call->to.netns != NETNS_NONE && !may_call(call, layer))
		return false;
	return !is_nobody_there(to);
}

/*
 * The call is recorded first. Either this sees the new holder of the port, or the new holder sees
 * the call: at bind(), or, where bind() was held up behind its gate, at its own connect() and at
 * the delivery of its request. Before that it takes no packet but requests, as it listens.
 */
static __always_inline int check_loopback(struct call *call, struct socket *sock, struct sock *sk,
					  const struct sockaddr_vm *to,
					  const struct layer_state *layer)
{
	__u32 number = 0;

	if (!can_connect(sock, sk))
		return 0;
	if (!sources_are_checked) {
		number = note_call(sock, call->from.netns, to->svm_port);
		if (!number)
			return -ECONNRESET;
	}
	if (may_call_port(call, sock, sk, to, layer))
		return 0;
	if (!sources_are_checked)
		withdraw_call((__u64)sk, number, to->svm_port);
	return -ECONNRESET;
}

static __always_inline int check_route(struct socket *sock, const struct sockaddr_vm *to,
				       const struct layer_state *layer)
{
	struct call call = { .by_caller = true };
	struct sock *sk = sock->sk;
	enum route route;
	int ret = 0;

	if (!sk || !is_vsock(sk))
		return 0;
	route = route_of(to, layer);
	if (layer->gates_wanted == YES) {
		call.from.netns = netns_of_sock(sk);
		call.to.port = to->svm_port;
		if (route == LOOPBACK)
			ret = check_loopback(&call, sock, sk, to, layer);
		else if (route == TO_HOST)
			ret = check_host(&call, layer);
		else
			ret = check_guest(&call, sk, to->svm_cid, sock->type, layer);
	}
	if (packets_carry_socket)
		return ret;
	if (route == LOOPBACK && !ret)
		note_connect(sock, sk);
	else
		forget_connect();
	return ret;
}

/* The kernel itself refuses an address that is short or of another family than its socket. */
static __always_inline int check_connect(struct socket *sock, struct sockaddr *address, int length)
{
	const struct sockaddr_vm *to = vsock_address(address);

	if (length < (int)sizeof(*to) || to->svm_family != AF_VSOCK)
		return 0;
	return check_route(sock, to, layer_state());
}

GATE(connect_gate, "lsm/socket_connect", "fmod_ret/security_socket_connect",
     check_connect(sock, address, length), struct socket *sock, struct sockaddr *address,
     int length)
