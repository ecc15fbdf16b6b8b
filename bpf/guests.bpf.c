// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads all guests of the machine, with the processes that have their devices open: a line for each
 * of both. An object by itself, which runs when it is read and is attached to nothing that others
 * call.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "guest-line.h"
#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct___read {
	void *mm;
	__u64 start_boottime;
};

/* In the BTF of modules (5.11 and later). */
struct vhost_dev___read {
	void *mm;
};

struct vhost_vsock___read {
	struct vhost_dev___read dev;
	struct hlist_node___link {
		void *next, **pprev;
	} hash;
	__u32 guest_cid;
};

#pragma clang attribute pop

/* vhost_vsock_fops, which identify an open device; and where the layer has found what no BTF has.
 */
__u64 vhost_fops;
__u32 device_node, device_cid;

static __always_inline bool has_types(void)
{
	return bpf_core_type_exists(struct vhost_vsock___read);
}

static __always_inline __u64 number_at(__u64 address, __u32 size)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, size, (void *)address);
	return number;
}

/* Of a device in the kernel's table, else 0. */
static __always_inline __u32 cid_of_device(__u64 device)
{
	const struct vhost_vsock___read *vsock = (const void *)device;

	if (has_types())
		return BPF_CORE_READ(vsock, hash.pprev) ? BPF_CORE_READ(vsock, guest_cid) : 0;
	if (!device_cid || !number_at(device + device_node + sizeof(void *), sizeof(void *)))
		return 0;
	return number_at(device + device_cid, sizeof(__u32));
}

/* The memory that a device works in: the first field, where no BTF says so. */
static __always_inline __u64 memory_of_device(__u64 device)
{
	if (has_types())
		return (__u64)BPF_CORE_READ((const struct vhost_vsock___read *)device, dev.mm);
	return number_at(device, sizeof(void *));
}

/* Whether the guest is in the memory of this process; nobody's before VHOST_SET_OWNER. */
static __always_inline bool is_in_memory_of(__u64 device, const struct task_struct *task)
{
	__u64 memory = memory_of_device(device);

	return memory &&
	       memory == (__u64)BPF_CORE_READ((const struct task_struct___read *)task, mm);
}

/* The iterator holds the file, so that the device stays. */
SEC("iter/task_file")
int guests(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct guest_line line = {};
	const struct task_struct___read *leader;

	if (!file || !task || !vhost_fops || (__u64)BPF_CORE_READ(file, f_op) != vhost_fops)
		return 0;
	line.device = (__u64)BPF_CORE_READ(file, private_data);
	line.cid = cid_of_device(line.device);
	if (!line.cid)
		return 0;
	leader = (const void *)BPF_CORE_READ(task, group_leader);
	line.started_ns = BPF_CORE_READ(leader, start_boottime);
	line.pid = BPF_CORE_READ(task, tgid);
	line.runs = is_in_memory_of(line.device, task);
	BPF_CORE_READ_STR_INTO(&line.comm, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &line, sizeof(line));
	return 0;
}

char _license[] SEC("license") = "GPL";
