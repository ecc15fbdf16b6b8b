// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seal: cuts off what the gates cannot refuse, because the kernel calls no hook there.
 *
 * Between the connect gate and the packet, and between a request and its answer, two processes that
 * work together can delay the kernel and swap what it refers to: the CID gets another owner, or the
 * answer's port another socket. So when an answer makes a connection, its sender is compared with
 * its receiver. A socket that may not talk to the sender neither sends nor receives from then on.
 * Nor does it set options or shut down, because the peer learns the size of a buffer.
 */
#include "access-log.h"
#include "call.h"
#include "calls.h"
#include "delivery.h"
#include "events.h"
#include "gate.h"
#include "kernel.h"
#include "lingering.h"
#include "maps.h"
#include "netns.h"
#include "state.h"
#include "verdict.h"

/* Never lowered: sockets stay sealed, and a level that is too high costs a look-up only. */
static __always_inline void raise_sealed(struct layer_state *layer, enum sealed to)
{
	if (layer->sealed < to)
		layer->sealed = to;
}

static __always_inline bool seal_socket(__u64 address, const struct call *call)
{
	struct sealed_socket sealed_socket = { .netns = call->from.netns,
					       .answered = call->to.netns };
	struct counters *of = counters_of(call->from.netns);

	if (!of || *(volatile __u32 *)&of->sealed >= MAX_SEALED_OF_ONE)
		return false;
	if (bpf_map_update_elem(&sealed, &address, &sealed_socket, BPF_ANY))
		return false;
	__sync_fetch_and_add(&of->sealed, 1);
	return true;
}

/* One namespace fills only a part of the map. Beyond that, all of its sockets are sealed. */
static __always_inline bool seal_netns(netns_id id)
{
	__u64 now = bpf_ktime_get_boot_ns();

	return !bpf_map_update_elem(&sealed_netns, &id, &now, BPF_ANY);
}

static __always_inline void seal(struct sock *sk, const struct call *call,
				 struct layer_state *layer)
{
	if (seal_socket((__u64)sk, call))
		raise_sealed(layer, SOCKETS);
	else
		raise_sealed(layer, seal_netns(call->from.netns) ? NAMESPACES : ALL);
	report(call, EVENT_SEALED, REASON_UNKNOWN, CONNECT);
}

/*
 * On 5.10 sockets are woken for other reasons, too, and the socket that the answer is for may be
 * gone.
 */
static __always_inline bool is_answer_to(const struct delivery *delivery, struct sock *sk)
{
	__u32 port = packets_carry_socket ? 0 : bound_port(sk);

	/* 0 also if it cannot be read. */
	return !port || port == delivery->packet.port;
}

/* Whether the receiver may talk to the sender. If not, and this is its answer, it is sealed. */
static __always_inline bool judge_answer(struct delivery *delivery, struct sock *sk,
					 netns_id receiver)
{
	struct layer_state *layer = layer_state();
	struct call call = { .from.netns = receiver, .silent = true };

	if (!in_force(layer) || is_judged_already(delivery, receiver, layer))
		return true;
	call.to.netns = NETNS_UNKNOWN;
	if (read_ports(delivery))
		call.to = origin_of(delivery);
	call.from.port = delivery->packet.port;
	if (may_call(&call, layer))
		return true;
	if (is_answer_to(delivery, sk))
		seal(sk, &call, layer);
	return false;
}

/*
 * Whether the answer comes from the address that the socket has called; over loopback, where all
 * packets claim one CID, from the port. Otherwise the socket is connected to a peer that has never
 * heard of it. Newer kernels check that themselves: vsock_check_source().
 */
static __always_inline bool is_from_called(struct delivery *delivery, const struct sock *sk)
{
	struct sockaddr_vm called = {};

	if (!read_ports(delivery) ||
	    bpf_probe_read_kernel(&called, sizeof(called), &tail_of(sk)->remote_addr))
		return false;
	if (delivery->packet.origin.cid && delivery->packet.origin.cid != called.svm_cid)
		return false;
	return delivery->packet.origin.port == called.svm_port;
}

static __always_inline void seal_ghost(struct delivery *delivery, struct sock *sk,
				       netns_id receiver)
{
	struct layer_state *layer = layer_state();
	struct call call = { .from.netns = receiver, .to = origin_of(delivery) };

	call.from.port = delivery->packet.port;
	if (layer->gates_wanted == YES && in_force(layer) && is_answer_to(delivery, sk))
		seal(sk, &call, layer);
}

/*
 * Whether the peer is the one that was called, and may be talked to. A socket that is connected to
 * another peer is a ghost: when it closes, it still sends to the port that it called.
 */
static __always_inline bool judge_connection(struct delivery *delivery, struct sock *sk)
{
	netns_id receiver = netns_of_sock(sk);

	if (!sources_are_checked && !is_from_called(delivery, sk)) {
		seal_ghost(delivery, sk, receiver);
		return false;
	}
	if (!sources_are_checked)
		end_calls((__u64)sk);
	return needs_no_verdict(delivery->packet.origin.netns, receiver, layer_state()) ||
	       judge_answer(delivery, sk, receiver);
}

/* Records the caller for the log. Over loopback the delivery gate has recorded the child. */
static __always_inline void log_answer(struct delivery *delivery, struct sock *sk)
{
	struct call call = { .from.netns = netns_of_sock(sk) };

	if (delivery == &loopback || !read_ports(delivery) || !is_answer_to(delivery, sk))
		return;
	call.from.port = delivery->packet.port;
	call.to = origin_of(delivery);
	record_accepted((__u64)sk, &call, YES);
}

/* A packet whose record is lost. All that connect a socket, or wake one that is, have one. */
static __always_inline void seal_unrecorded(struct sock *sk)
{
	struct layer_state *layer = layer_state();
	struct call call = { .from.netns = netns_of_sock(sk), .to.netns = NETNS_UNKNOWN };

	if (layer->gates_wanted == NO || !in_force(layer) || !is_delivering() ||
	    is_of_other_transport())
		return;
	call.from.port = bound_port(sk);
	seal(sk, &call, layer);
}

/* A consumed answer has been judged: see is_being_judged(). */
static __always_inline void check_answer(struct sock *sk)
{
	struct delivery *delivery = delivery_of_task(is_delivering_loopback());

	if (!delivery) {
		seal_unrecorded(sk);
		return;
	}
	if (!(delivery->packet.kind & ANSWER))
		return;
	if (judge_connection(delivery, sk) && layer_state()->log_accepted == YES)
		log_answer(delivery, sk);
	barrier();
	delivery->packet.kind = CONSUMED;
}

/* The connection is made and the socket locked: no process has used it yet. */
SEC("fentry/vsock_insert_connected")
int BPF_PROG(answer_accepted, struct sock *sk)
{
	/* No process holds a listener's child, or a socket that was closed meanwhile. */
	if (sk->sk_socket)
		check_answer(sk);
	return 0;
}

/* The same on 5.10, where all sockets of the machine that change state pass here. */
SEC("fentry/sock_def_wakeup")
int BPF_PROG(answer_accepted_wakeup, struct sock *sk)
{
	if (!is_vsock(sk))
		return 0;
	if (is_delivering_loopback() && loopback.packet.kind == LEAVING)
		note_lingering(sk, leaving_peer());
	else if (sk->__sk_common.skc_state == TCP_ESTABLISHED && sk->sk_socket)
		check_answer(sk);
	return 0;
}

static __always_inline bool is_sealed(struct sock *sk, enum sealed what)
{
	netns_id own = netns_of_sock(sk);
	__u64 address = (__u64)sk;

	if (what == ALL || bpf_map_lookup_elem(&sealed, &address))
		return true;
	return what == NAMESPACES && bpf_map_lookup_elem(&sealed_netns, &own);
}

static __always_inline int check_seal(struct sock *sk, const struct layer_state *layer)
{
	enum sealed what = layer->sealed;

	return what != NONE && is_sealed(sk, what) ? -ECONNRESET : 0;
}

static __always_inline int check_use(struct socket *sock)
{
	struct layer_state *layer = layer_state();
	struct sock *sk;

	if (layer->sealed == NONE)
		return 0;
	sk = sock->sk;
	return sk && is_vsock(sk) ? check_seal(sk, layer) : 0;
}

/*
 * Whether an answer is about to connect the socket and has not been judged. The socket is locked
 * meanwhile. After the hook where it is judged it is in the kernel's table of connections, or was
 * until its peer closed; on 5.10 before that hook already.
 */
static __always_inline bool is_being_judged(const struct sock *sk)
{
	barrier();
	if (!sk->sk_lock.owned)
		return false;
	if (packets_carry_socket)
		return !is_in_connected_table(sk) && !is_closed_by_peer(sk);
	return loopback.packet.kind == ANSWER && loopback.packet.port == bound_port(sk);
}

static __always_inline bool is_waiting_for_answer(const struct socket *sock, const struct sock *sk)
{
	if (sock->type == SOCK_DGRAM || is_done(sk))
		return false;
	return sk->__sk_common.skc_state != TCP_ESTABLISHED || is_being_judged(sk);
}

/*
 * A call that waits for the socket's lock has passed this hook. It would not pass it again if an
 * answer connects the socket meanwhile and the socket is sealed. So calls that would wait then are
 * refused, with the kernel's own error for a socket that is not connected.
 */
static __always_inline int check_transfer(struct socket *sock)
{
	struct layer_state *layer = layer_state();
	struct sock *sk = sock->sk;

	if (!sk || !is_vsock(sk) || layer->gates_wanted == NO)
		return 0;
	if (is_waiting_for_answer(sock, sk))
		return -ENOTCONN;
	return check_seal(sk, layer);
}

/* A sealed socket neither sends nor receives; it sets no options and is not shut down. */
GATE(send_seal, "lsm/socket_sendmsg", "fmod_ret/security_socket_sendmsg", check_transfer(sock),
     struct socket *sock)

GATE(receive_seal, "lsm/socket_recvmsg", "fmod_ret/security_socket_recvmsg", check_transfer(sock),
     struct socket *sock)

GATE(option_seal, "lsm/socket_setsockopt", "fmod_ret/security_socket_setsockopt", check_use(sock),
     struct socket *sock)

GATE(shutdown_seal, "lsm/socket_shutdown", "fmod_ret/security_socket_shutdown", check_use(sock),
     struct socket *sock)
