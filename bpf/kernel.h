/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions to the kernel's structs, and which kernel this is. Kernels differ here and in programs
 * of which the loader chooses one (loader/layer/programs.c).
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "types.h"

/*
 * The address that bind() and connect() were called with, in the kernel's own copy. By its type a
 * struct sockaddr is read without a helper; it is no longer than sockaddr_vm.
 */
static __always_inline const struct sockaddr_vm *vsock_address(const struct sockaddr *address)
{
	return (const void *)address;
}

/*
 * Set by the loader: the kernel's features (loader/kernel/kernel-probe.c), and the set of programs.
 */
const volatile bool netns_has_cookie;	  /* else identified by inode number */
const volatile bool packets_carry_socket; /* else origins are recorded by address */
const volatile bool
	sources_are_checked; /* vsock_check_source(): a socket takes packets of its peer only */
const volatile bool
	kworkers_deliver_others; /* kernel workers deliver for Hyper-V and VMware, too */
const volatile __u32 generation;

static __always_inline netns_id identity_of(const struct net *net)
{
	if (netns_has_cookie)
		return net->net_cookie;
	return net->ns.inum;
}

/* The same by a pointer that the verifier does not trust. */
static __always_inline netns_id identity_at(const struct net *net)
{
	if (netns_has_cookie)
		return BPF_CORE_READ(net, net_cookie);
	return BPF_CORE_READ(net, ns.inum);
}

/* A socket's address as a number, as global functions take numbers only. */
static __always_inline __u64 address_of_sock(const struct socket *sock)
{
	return (__u64)BPF_CORE_READ(sock, sk);
}

/* The network namespace of a socket by its address; 0 if it cannot be read. */
static __always_inline __u64 net_of_socket(__u64 socket)
{
	return (__u64)BPF_CORE_READ((struct sock *)socket, __sk_common.skc_net.net);
}

static __always_inline unsigned char state_of_socket(__u64 socket)
{
	return BPF_CORE_READ((struct sock *)socket, __sk_common.skc_state);
}

/* Whether the kernel itself has modes (7.0 on). */
static __always_inline bool netns_has_mode(void)
{
	return bpf_core_field_exists(((struct net *)0)->vsock);
}

/* The mode that the kernel itself gives a namespace when it is created. */
static __always_inline enum vsock_mode native_mode(const struct net *net)
{
	enum vsock_net_mode mode = VSOCK_NET_MODE_GLOBAL;

	if (netns_has_mode())
		bpf_core_read(&mode, sizeof(mode), &net->vsock.mode);
	return mode == VSOCK_NET_MODE_GLOBAL ? GLOBAL : LOCAL;
}

static __always_inline bool is_vsock(const struct sock *sk)
{
	return sk->__sk_common.skc_family == AF_VSOCK;
}

static __always_inline const struct vsock_sock_tail *tail_of(const struct sock *sk)
{
	return (const void *)sk + bpf_core_type_size(struct sock);
}

/* The port of a vsock socket; 0 if it cannot be read. */
static __always_inline __u32 bound_port(const struct sock *sk)
{
	__u32 port = 0;

	bpf_probe_read_kernel(&port, sizeof(port), &tail_of(sk)->local_addr.svm_port);
	return port;
}

/* With BTF of modules. If it cannot be read, the socket is in no table. */
static __always_inline bool is_in_connected_table(const struct sock *sk)
{
	const struct vsock_sock *vsk = (const void *)sk;
	const void *link = &vsk->connected_table, *next = link;

	bpf_core_read(&next, sizeof(next), &vsk->connected_table.next);
	return next != link;
}

static __always_inline bool is_closed_by_peer(const struct sock *sk)
{
	const struct vsock_sock *vsk = (const void *)sk;
	__u32 how = 0;

	bpf_core_read(&how, sizeof(how), &vsk->peer_shutdown);
	return how;
}

/* No process can use it any more. */
static __always_inline bool is_released(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & 1UL << SOCK_DEAD;
}

/* It was connected once and cannot connect again. */
static __always_inline bool is_done(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & 1UL << SOCK_DONE;
}

/*
 * Adds in full order with what the task reads and writes before and after. x86 always does. Other
 * machines do if the result is used, which takes an instruction of Linux 5.12; they attach programs
 * from 6.0 on.
 */
static __always_inline void add_in_order(__u32 *to, __s32 number)
{
#ifdef __TARGET_ARCH_x86
	__sync_fetch_and_add(to, number);
#else
	__u32 before = __sync_fetch_and_add(to, number);

	barrier_var(before);
#endif
	barrier();
}

static __always_inline __u32 current_tid(void)
{
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline unsigned int task_flags(void)
{
	struct task_struct *task;

	if (packets_carry_socket)
		return bpf_get_current_task_btf()->flags;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, flags);
}

/*
 * Whether the current task delivers packets: the loopback kworker or a vhost worker. A process that
 * calls socket() does not, nor an io_uring worker that does so for a process.
 */
static __always_inline bool is_delivering(void)
{
	unsigned int flags = task_flags();

	if (flags & PF_IO_WORKER)
		return false;
	if (flags & PF_KTHREAD)
		return true;
	return bpf_core_type_exists(struct vhost_task) && (flags & PF_USER_WORKER);
}

/* Whether this can be a kworker that delivers packets of another transport. */
static __always_inline bool is_of_other_transport(void)
{
	return kworkers_deliver_others && (task_flags() & PF_WQ_WORKER);
}

/* Whether a task that delivers is a thread of a VMM that works for vhost. */
static __always_inline bool is_user_worker(void)
{
	return bpf_core_type_exists(struct vhost_task) && !(task_flags() & PF_KTHREAD);
}

/* The argument of the current kernel thread. */
static __always_inline void *kthread_data(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct kthread *kthread;

	if (bpf_core_field_exists(task->worker_private))
		kthread = BPF_CORE_READ(task, worker_private);
	else
		kthread = (void *)BPF_CORE_READ(task, set_child_tid);
	return BPF_CORE_READ(kthread, data);
}

#endif
