// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records which namespace opened each vhost device, so that devices.h knows the owner of a guest.
 */
#include "counters.h"
#include "device-slots.h"
#include "devices.h"
#include "kernel.h"
#include "maps.h"
#include "netns.h"
#include "records.h"
#include "state.h"

static __always_inline void record_device(const struct file *file, struct task_struct *task)
{
	__u64 address = (__u64)file->private_data;
	struct device device = { .opened_ns = bpf_ktime_get_boot_ns() };
	struct tenant_slot slot = {};
	struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);

	device.owner = netns_of_task(task);
	device.owner_since_ns = since_ns_of(counters_of(device.owner));
	device.inode = BPF_CORE_READ(net, ns.inum);
	device.native = native_mode(net);
	device.pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&device.comm, task, comm);
	device.tenant = tenant_of_opener(file, net, device.owner);
	if (!take_device_slot(address, &device))
		return;
	if (!bpf_map_update_elem(&devices, &address, &device, BPF_NOEXIST))
		return;
	slot.tenant = device.tenant;
	slot.number = device.slot;
	free_slot_of(&device_slots, &slot, address);
}

/*
 * Runs before open() returns the descriptor, so before the device can have a CID. A device at a
 * reused address must not inherit a record.
 */
SEC("fexit/misc_open")
int BPF_PROG(device_opened, struct inode *inode, struct file *file, int ret)
{
	if (ret || inode->i_rdev != VHOST_VSOCK_DEV)
		return 0;
	forget_device((__u64)file->private_data);
	record_device(file, (struct task_struct *)bpf_get_current_task());
	return 0;
}

/* From here on the CID has no owner, though the kernel drops it a moment later. */
SEC("fentry/vhost_vsock_dev_release")
int BPF_PROG(device_closed, struct inode *inode, struct file *file)
{
	forget_device((__u64)file->private_data);
	return 0;
}

/* The same on 5.10, where all files of the machine pass here. */
SEC("fentry/security_file_free")
int BPF_PROG(device_file_freed, struct file *file)
{
	if ((__u64)file->f_op == layer_state()->addresses.vhost_fops)
		forget_device((__u64)file->private_data);
	return 0;
}

/*
 * Adopts devices that were open before the layer: the loader runs it over all open files. The
 * opener is not known any more, so the holder is taken instead.
 */
SEC("iter/task_file")
int adopt_devices(struct bpf_iter__task_file *ctx)
{
	struct layer_state *layer = layer_state();
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	/* Loaded once: the verifier would want a second load checked again. */
	barrier_var(task);
	if (!file || !task || !layer->addresses.vhost_fops ||
	    (__u64)file->f_op != layer->addresses.vhost_fops)
		return 0;
	record_device(file, task);
	return 0;
}

/*
 * Whether the device is in the kernel's table. A closed device keeps its CID for a moment. The
 * field after `next` points to what points to the entry, and is cleared when it is removed.
 */
static __always_inline bool is_in_table(__u64 device, const struct kernel_addresses *addresses)
{
	__u64 previous = 0;

	bpf_probe_read_kernel(&previous, sizeof(previous),
			      (void *)(device + addresses->device_node + sizeof(previous)));
	return previous;
}

/* Writes a struct cid_line for each recorded device that has a CID. */
SEC("iter/bpf_map_elem")
int cids(struct bpf_iter__bpf_map_elem *ctx)
{
	struct layer_state *layer = layer_state();
	struct device *device = ctx->value;
	struct cid_line line = {};
	__u64 *address = ctx->key;

	if (!address || !device)
		return 0;
	line.cid = cid_of(*address, &layer->addresses);
	if (!line.cid || !is_in_table(*address, &layer->addresses))
		return 0;
	line.device = *device;
	bpf_seq_write(ctx->meta->seq, &line, sizeof(line));
	return 0;
}

/* The pid of the loader as the map `devices` has it; run with BPF_PROG_TEST_RUN. */
SEC("raw_tp")
int own_pid(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/*
 * Finds the offsets in struct vhost_vsock, which no BTF has on 5.10. The loader runs it
 * (BPF_PROG_TEST_RUN) on a device of its own. That device is the last that was added to the table,
 * and its CID is a number found nowhere else in it. Arguments: the address of the device, its CID.
 */
SEC("raw_tp")
int find_offsets(struct bpf_raw_tracepoint_args *ctx)
{
	struct layer_state *layer = layer_state();
	__u64 device = ctx->args[0], node;
	__u32 cid = ctx->args[1], word, i;

	node = first_in_bucket(cid, &layer->addresses);
	if (node <= device || node - device >= MAX_DEVICE_SIZE)
		return 0;
	for (i = 16; i < 512; i += 4) {
		word = 0;
		bpf_probe_read_kernel(&word, sizeof(word), (void *)(node + i));
		if (word != cid)
			continue;
		layer->addresses.device_node = node - device;
		layer->addresses.device_cid = node - device + i;
		return 1;
	}
	return 0;
}
