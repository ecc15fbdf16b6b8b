/* SPDX-License-Identifier: GPL-2.0-only */
/* From a file, or a descriptor of the current task, to its socket. */
#ifndef SOCKET_FILES_H
#define SOCKET_FILES_H

#include "kernel.h"

#define S_IFMT	     00170000
#define S_IFSOCK     0140000
#define SOCKFS_MAGIC 0x534F434B

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	unsigned long s_magic;
};

struct inode___mode {
	unsigned short i_mode;
	struct super_block *i_sb;
};

struct file___inode {
	struct inode___mode *f_inode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct___files {
	struct files_struct *files;
};

#pragma clang attribute pop

/* Of the current task; NULL if it has no such descriptor. */
static __always_inline const struct file *file_of_descriptor(__u64 number)
{
	struct task_struct___files *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (number >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + number);
	return file;
}

/* The socket of a file, or 0; other files have other things in `private_data`. */
static __always_inline __u64 socket_of_file(const struct file *file, unsigned short family)
{
	const struct inode___mode *inode =
		BPF_CORE_READ((const struct file___inode *)file, f_inode);
	const struct socket *sock;
	__u64 socket;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK ||
	    BPF_CORE_READ(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	sock = BPF_CORE_READ(file, private_data);
	socket = address_of_sock(sock);
	if (!socket || BPF_CORE_READ((struct sock *)socket, __sk_common.skc_family) != family)
		return 0;
	return socket;
}

#endif
