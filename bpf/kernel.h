/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types, by hand: only the fields in use, found by CO-RE at load
 * time. What differs between kernels is told here and nowhere else in bpf/.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "vsock-bpfd.h"

#define EACCES			 13
#define ENODEV			 19
#define ESOCKTNOSUPPORT		 94
#define EADDRINUSE		 98
#define ENETUNREACH		 101
#define ECONNRESET		 104
#define ENOTCONN		 107
#define AF_VSOCK		 40
#define SOCK_DGRAM		 2
#define SOCK_SEQPACKET		 5
#define SOCK_DEAD		 0 /* numbers of flags */
#define SOCK_DONE		 1
#define TCP_ESTABLISHED		 1
#define TCP_LISTEN		 10
#define VMADDR_PORT_ANY		 ((__u32)-1)
#define VMADDR_CID_ANY		 ((__u32)-1)
#define VMADDR_CID_LOCAL	 1
#define VMADDR_CID_HOST		 2
#define VMADDR_FLAG_TO_HOST	 1
#define VIRTIO_VSOCK_OP_REQUEST	 1
#define VIRTIO_VSOCK_OP_RESPONSE 2
#define VIRTIO_VSOCK_OP_RST	 3
#define VIRTIO_VSOCK_OP_SHUTDOWN 4
#define VHOST_VSOCK_DEV		 ((10 << 20) | 241) /* char 10:241, a fixed minor */

#define PF_IO_WORKER   0x00000010
#define PF_USER_WORKER 0x00004000 /* since 6.4; another flag's bit before */
#define PF_KTHREAD     0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

/* 7.0 on. */
enum vsock_net_mode {
	VSOCK_NET_MODE_GLOBAL,
	VSOCK_NET_MODE_LOCAL,
};

struct netns_vsock {
	enum vsock_net_mode mode;
};

typedef struct {
	unsigned int val;
} kuid_t;

struct user_namespace {
	struct user_namespace *parent;
	int level; /* 0: the one that all others are below */
	kuid_t owner;
	struct ns_common ns;
};

struct net {
	__u64 net_cookie; /* a plain u64 since 5.12, an atomic64_t before */
	struct user_namespace *user_ns;
	struct ns_common ns;
	struct netns_vsock vsock;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct socket;

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	unsigned long skc_flags;
};

typedef struct {
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct socket *sk_socket;
};

enum socket_state {
	SS_UNCONNECTED = 1,
	SS_CONNECTING = 2,
};

struct socket {
	enum socket_state state;
	short type;
	struct sock *sk;
};

struct sk_buff {
	unsigned int len;
	struct sock *sk;
	unsigned char *head;
};

struct nsproxy {
	struct net *net_ns;
};

struct task_struct {
	unsigned int flags;
	int tgid;
	char comm[16];
	struct nsproxy *nsproxy;
	int *set_child_tid;
	void *worker_private; /* 5.17 on it leads from a kernel thread to its struct kthread */
};

/* What kthread_create() was told. */
struct kthread {
	void *data;
};

struct inode {
	unsigned int i_rdev;
};

struct file_operations;

struct file {
	const struct file_operations *f_op;
	void *private_data;
};

struct sockaddr {
	unsigned short sa_family;
	char sa_data[14];
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct vsock_sock {
	struct sock sk;
	struct list_head connected_table;
	__u32 peer_shutdown;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	void *map;
	void *key;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
};

/* 6.4 on: the vhost worker is a thread of the VMM, flagged PF_USER_WORKER. */
struct vhost_task {
	struct task_struct *task;
};

/* 6.1 on: what was removed from a map that allocates can be given to somebody else at once. */
struct bpf_mem_alloc {
};

/* 6.5 on; a kernel thread after all if who opened the device asks for it. */
struct vhost_worker {
	struct vhost_task *vtsk;
	struct vhost_dev *dev;
};

struct vhost_virtqueue {
	struct vhost_worker *worker;
};

struct vhost_vsock {
	struct vhost_virtqueue vqs[2];
};

#pragma clang attribute pop

/* ABI (uapi/linux/vm_sockets.h, uapi/linux/virtio_vsock.h): never relocated. */
struct sockaddr_vm {
	__u16 svm_family;
	__u16 svm_reserved1;
	__u32 svm_port;
	__u32 svm_cid;
	__u8 svm_flags;
	__u8 svm_zero[3];
};

struct virtio_vsock_ports {
	__le32 src;
	__le32 dst;
};

struct virtio_vsock_hdr {
	__le64 src_cid;
	__le64 dst_cid;
	struct virtio_vsock_ports ports;
	__le32 len;
	__le16 type;
	__le16 op;
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define le16_to_cpu(x) __builtin_bswap16(x)
#define le32_to_cpu(x) __builtin_bswap32(x)
#define le64_to_cpu(x) __builtin_bswap64(x)
#else
#define le16_to_cpu(x) ((__u16)(x))
#define le32_to_cpu(x) ((__u32)(x))
#define le64_to_cpu(x) ((__u64)(x))
#endif

/*
 * What bind() and connect() are called with: the kernel's own copy. A struct sockaddr is no
 * longer than this one, and by its type it is read without a call.
 */
static __always_inline const struct sockaddr_vm *vsock_address(const struct sockaddr *address)
{
	return (const void *)address;
}

/*
 * Head of struct vsock_sock, the same since 5.5. 5.10 has no BTF for modules,
 * so it is reached from the size of struct sock, which vmlinux BTF knows.
 */
struct vsock_sock_tail {
	void *transport;
	struct sockaddr_vm local_addr;
	struct sockaddr_vm remote_addr;
	struct list_head bound_table;
	struct list_head connected_table;
};

/* Set by the loader: which kernel this is (loader/kernel/kernel-probe.c), and which set of
 * programs. */
const volatile bool netns_has_cookie;	     /* else told apart by inode number */
const volatile bool packets_carry_socket;    /* else origins are recorded by address */
const volatile bool sources_are_checked;     /* a socket takes packets of its peer alone */
const volatile bool kworkers_deliver_others; /* of other transports: Hyper-V's and VMware's */
const volatile __u32 generation;

/* NETNS_UNKNOWN instead, if the namespace is one of too many: bpf/tenants.h. */
static __always_inline netns_id admitted(const struct net *net, netns_id id);

static __always_inline netns_id identity_of(const struct net *net)
{
	if (netns_has_cookie)
		return net->net_cookie;
	return net->ns.inum;
}

static __always_inline netns_id netns_of(const struct net *net)
{
	return admitted(net, identity_of(net));
}

static __always_inline netns_id netns_of_sock(struct sock *sk)
{
	return netns_of(sk->__sk_common.skc_net.net);
}

/* The same by a pointer that the verifier does not vouch for. */
static __always_inline netns_id netns_at(const struct net *net)
{
	if (netns_has_cookie)
		return admitted(net, BPF_CORE_READ(net, net_cookie));
	return admitted(net, BPF_CORE_READ(net, ns.inum));
}

static __always_inline netns_id netns_of_task(struct task_struct *task)
{
	return netns_at(BPF_CORE_READ(task, nsproxy, net_ns));
}

/* The address of a socket as a number, which is what functions that are not static take. */
static __always_inline __u64 address_of_sock(const struct socket *sock)
{
	return (__u64)BPF_CORE_READ(sock, sk);
}

/* Of a socket by its address: 0 if it cannot be read. */
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

/* The mode that the kernel itself has for a namespace, fixed when it is made. */
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

/* With BTF of modules. What cannot be read is in no table, and open. */
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

/* Nobody can use it any more. */
static __always_inline bool is_released(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & 1UL << SOCK_DEAD;
}

/* It was connected once, and will not be again. */
static __always_inline bool is_done(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & 1UL << SOCK_DONE;
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
 * Whether the current task is one that delivers packets: the loopback kworker, a
 * vhost worker. A process that calls socket() is none, nor is an io_uring worker
 * that does it for one.
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

/* Of a task that delivers: whether it is a thread of a VMM that works for vhost. */
static __always_inline bool is_user_worker(void)
{
	return bpf_core_type_exists(struct vhost_task) && !(task_flags() & PF_KTHREAD);
}

/* The argument of the kernel thread that the current task is. */
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
