// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads all AF_VSOCK sockets of the machine, for `vsockctl sockets`: those of open files, with the
 * processes that have them, and those in the kernel's tables, where are also the ones that no file
 * has. An object by itself, which runs when it is read and is attached to nothing that others call.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "kernel.h"
#include "socket-bytes.h"
#include "socket-files.h"
#include "socket-line.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock___read {
	kuid_t sk_uid;
	unsigned int sk_ack_backlog;
	unsigned short sk_type;
};

#pragma clang attribute pop

struct socket_lines lines;

static __always_inline void read_counts(struct socket_line *line, __u64 socket)
{
	struct socket_bytes bytes;

	if (!read_bytes(&bytes, socket))
		return;
	line->sent = bytes.sent;
	line->read = bytes.read;
	line->counted = true;
}

static __always_inline enum holder holder_of(const struct sock *sk)
{
	if (BPF_CORE_READ(sk, __sk_common.skc_flags) & 1UL << SOCK_DEAD)
		return NOBODY_HOLDS;
	return BPF_CORE_READ(sk, sk_socket) ? FILE_HOLDS : NOT_ACCEPTED;
}

static __always_inline void read_addresses(struct socket_line *line, __u64 socket)
{
	struct vsock_sock_tail tail = {};

	bpf_probe_read_kernel(&tail, sizeof(tail), tail_of((const struct sock *)socket));
	line->cid = tail.local_addr.svm_cid;
	line->port = tail.local_addr.svm_port;
	line->peer_cid = tail.remote_addr.svm_cid;
	line->peer_port = tail.remote_addr.svm_port;
}

static __always_inline void read_socket(struct socket_line *line, __u64 socket)
{
	const struct sock *sk = (const void *)socket;
	const struct sock___read *read = (const void *)socket;

	line->address = socket;
	line->netns = identity_at(BPF_CORE_READ(sk, __sk_common.skc_net.net));
	line->counted = false;
	line->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	line->type = BPF_CORE_READ(read, sk_type);
	line->uid = BPF_CORE_READ(read, sk_uid.val);
	line->waiting = BPF_CORE_READ(read, sk_ack_backlog);
	line->holder = holder_of(sk);
	read_addresses(line, socket);
	read_counts(line, socket);
}

/* A line for each process and socket. The iterator holds the file, so that the socket stays. */
SEC("iter/task_file")
int sockets_of_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_line line = {};
	__u64 socket;

	if (!file || !task)
		return 0;
	socket = socket_of_file(file, AF_VSOCK);
	if (!socket)
		return 0;
	read_socket(&line, socket);
	line.pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&line.comm, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &line, sizeof(line));
	return 0;
}

static __always_inline __u64 link_of(enum socket_link link)
{
	return bpf_core_type_size(struct sock) +
	       (link == BOUND_LINK ? offsetof(struct vsock_sock_tail, bound_table)
				   : offsetof(struct vsock_sock_tail, connected_table));
}

static __always_inline __u64 pointer_at(__u64 address)
{
	__u64 pointer = 0;

	bpf_probe_read_kernel(&pointer, sizeof(pointer), (void *)address);
	return pointer;
}

/* Whether an entry is in a list: one that was removed points to itself. */
static __always_inline bool is_linked(__u64 entry)
{
	__u64 before = pointer_at(entry + offsetof(struct list_head, prev));

	return before != entry && pointer_at(before) == entry;
}

/*
 * Reads sockets of one list, without its lock: arguments are the head, the entry to begin with
 * (0: the first), and the link. What was read counts if the entry is still in a list after that.
 */
SEC("raw_tp")
int sockets_of_list(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 head = ctx->args[0], link = link_of(ctx->args[2]);
	__u64 entry = ctx->args[1] ?: pointer_at(head);
	__u32 i;

	lines.count = 0;
	lines.next = LIST_CHANGED;
	for (i = 0; i < LINES_OF_A_RUN && entry != head; i++) {
		__u64 next = pointer_at(entry);

		read_socket(&lines.line[i], entry - link);
		if (!is_linked(entry) || !next)
			return 0;
		entry = next;
		lines.count = i + 1;
	}
	lines.next = entry == head ? LIST_END : entry;
	return 0;
}

char _license[] SEC("license") = "GPL";
