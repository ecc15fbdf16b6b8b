/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types, by hand: only the fields in use, found by CO-RE at load time.
 */
#ifndef TYPES_H
#define TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

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
#define SOCK_DEAD		 0 /* numbers of bits */
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
#define PF_WQ_WORKER   0x00000020
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
	int level; /* 0: the initial one */
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

struct file;

enum socket_state {
	SS_UNCONNECTED = 1,
	SS_CONNECTING = 2,
};

struct socket {
	enum socket_state state;
	short type;
	struct file *file;
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
	struct task_struct *group_leader;
	struct nsproxy *nsproxy;
	int *set_child_tid;
	void *worker_private; /* from 5.17 on the struct kthread of a kernel thread */
};

/* What kthread_create() was called with. */
struct kthread {
	void *data;
};

struct inode {
	unsigned int i_rdev;
};

struct file_operations;

struct cred {
	kuid_t euid;
	struct user_namespace *user_ns;
};

struct file {
	const struct file_operations *f_op;
	const struct cred *f_cred;
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

/* 6.1 on: the memory of a removed map value can be reused at once. */
struct bpf_mem_alloc {
};

/* 6.5 on. Still a kernel thread if the opener of the device asks for one. */
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
 * Head of struct vsock_sock, the same since 5.5. 5.10 has no BTF for modules, so it is found behind
 * struct sock, whose size vmlinux BTF has.
 */
struct vsock_sock_tail {
	void *transport;
	struct sockaddr_vm local_addr;
	struct sockaddr_vm remote_addr;
	struct list_head bound_table;
	struct list_head connected_table;
};

#endif
