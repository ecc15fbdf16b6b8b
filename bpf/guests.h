/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests: a CID belongs to the device that has it, a device to the namespace of the
 * task that opened it.
 *
 * Which device has a CID is asked of the kernel's own table at the moment of the
 * decision. Nothing is remembered about VHOST_VSOCK_SET_GUEST_CID, so nothing can
 * differ from what the kernel has: not the number that a process changes in memory
 * while the ioctl runs, not a claim that was refused, not one that came later.
 */
#ifndef GUESTS_H
#define GUESTS_H

#include "verdict.h"

#define GUEST_HASH_BITS	   8
#define GOLDEN_RATIO_32	   0x61C88647
#define MAX_BUCKET_DEVICES 512
#define MAX_DEVICE_SIZE	   65536

static __always_inline __u64 first_in_bucket(__u32 cid, const struct kernel_addresses *addresses)
{
	__u32 bucket = (cid * GOLDEN_RATIO_32) >> (32 - GUEST_HASH_BITS);
	__u64 node = 0;

	if (addresses->guest_table)
		bpf_probe_read_kernel(&node, sizeof(node),
				      (void *)(addresses->guest_table + bucket * 8));
	return node;
}

static __always_inline __u32 cid_of(__u64 device, const struct kernel_addresses *addresses)
{
	__u32 cid = 0;

	bpf_probe_read_kernel(&cid, sizeof(cid), (void *)(device + addresses->device_cid));
	return cid;
}

/* Who asks for a CID. */
struct asking_netns {
	netns_id id;
	enum vsock_mode native;
};

/*
 * From 7.0 on several guests can have a CID, of whom one sees at most one. One that has no record
 * is what is found, and belongs to nobody.
 */
static __always_inline bool may_see(const struct asking_netns *asker, __u64 address)
{
	struct device *device;

	if (!netns_has_mode())
		return true;
	device = bpf_map_lookup_elem(&devices, &address);
	if (!device || device->owner == asker->id)
		return true;
	return asker->native == GLOBAL && device->native == GLOBAL;
}

/*
 * As vhost_vsock_get() does it; 0 where no device has the CID. Devices are freed by RCU, so what is
 * found is alive. Without a viewer it is the first one.
 */
static __always_inline __u64 device_of(__u32 cid, const struct asking_netns *asker,
				       const struct kernel_addresses *addresses)
{
	__u64 node = first_in_bucket(cid, addresses), address;
	int i;

	for (i = 0; i < MAX_BUCKET_DEVICES && node; i++) {
		address = node - addresses->device_node;
		if (cid_of(address, addresses) == cid && (!asker || may_see(asker, address)))
			return address;
		if (bpf_probe_read_kernel(&node, sizeof(node), (void *)node))
			break;
	}
	return 0;
}

/*
 * `made` of a namespace's record, 0 where it has none. Should it be that of another record by now,
 * it is a number that this one never had.
 */
static __always_inline __u64 netns_created_ns(netns_id id)
{
	struct netns_record *record = bpf_map_lookup_elem(&namespaces, &id);

	return record ? *(const volatile __u64 *)&record->created_ns : 0;
}

/*
 * NETNS_UNKNOWN where the device is closed, or where it is not known who opened it. A guest can
 * outlive its namespace, on which the device holds no reference. Then it belongs to nobody, not
 * even to one that gets the same identity.
 */
static __always_inline netns_id owner_of_device(__u64 address)
{
	struct device *device = bpf_map_lookup_elem(&devices, &address);
	bool outlived;
	netns_id owner;

	if (!device)
		return NETNS_UNKNOWN;
	owner = device->owner;
	outlived = netns_created_ns(owner) != device->owner_created_ns;
	if (outlived || !still_holds(&devices, &address, device))
		return NETNS_UNKNOWN;
	return owner;
}

/* The same where no device has the CID. */
static __always_inline netns_id owner_of_cid(__u32 cid, const struct asking_netns *asker)
{
	return owner_of_device(device_of(cid, asker, &layer_state()->addresses));
}

/* A kernel thread is told at its birth which device it works for. */
static __always_inline __u64 device_of_thread(void)
{
	void *data = kthread_data();
	struct vhost_worker *worker = data;

	if (bpf_core_field_exists(worker->dev))
		data = BPF_CORE_READ(worker, dev);
	return (__u64)data;
}

/* A thread of a VMM is not: the device that has the CID is its own if that has it as its worker. */
static __always_inline __u64 device_of_worker(__u32 cid, const struct kernel_addresses *addresses)
{
	__u64 address = device_of(cid, NULL, addresses);
	struct vhost_vsock *vsock = (void *)address;
	struct task_struct *worker;

	if (!vsock || !bpf_core_field_exists(vsock->vqs[0].worker))
		return 0;
	worker = BPF_CORE_READ(vsock, vqs[0].worker, vtsk, task);
	return worker == (void *)bpf_get_current_task() ? address : 0;
}

/* Of the current task, if it is a worker of vhost. */
static __always_inline __u64 find_own_device(__u32 cid, const struct kernel_addresses *addresses)
{
	return is_user_worker() ? device_of_worker(cid, addresses) : device_of_thread();
}

/*
 * The device of the guest that sent what the current task delivers. The CID alone does not tell:
 * while packets are on their way, and while their device closes, another one can take it.
 */
static __always_inline __u64 device_of_sender(struct delivery *delivery, __u32 cid)
{
	const struct kernel_addresses *addresses = &layer_state()->addresses;

	/* Without storage of its own a task may find what another one has left. */
	if (delivery->tid)
		return find_own_device(cid, addresses);
	if (!delivery->works_for)
		delivery->works_for = find_own_device(cid, addresses);
	return delivery->works_for;
}

static __always_inline void record_device(const struct file *file, struct task_struct *task,
					  __u64 flags)
{
	__u64 address = (__u64)file->private_data;
	struct device device = { .opened_ns = bpf_ktime_get_boot_ns() };
	struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);

	device.owner = netns_of_task(task);
	device.owner_created_ns = netns_created_ns(device.owner);
	device.inode = BPF_CORE_READ(net, ns.inum);
	device.native = native_mode(net);
	device.pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&device.comm, task, comm);
	/* A device at an address that was used before must not inherit its record. */
	if (bpf_map_update_elem(&devices, &address, &device, flags) && flags == BPF_ANY)
		bpf_map_delete_elem(&devices, &address);
}

/* Runs before open() hands out the descriptor, so before the device can have a CID. */
SEC("fexit/misc_open")
int BPF_PROG(device_opened, struct inode *inode, struct file *file, int ret)
{
	if (ret || inode->i_rdev != VHOST_VSOCK_DEV)
		return 0;
	record_device(file, (struct task_struct *)bpf_get_current_task(), BPF_ANY);
	return 0;
}

/* From here on the CID has no owner, though the kernel may need a moment to drop it. */
SEC("fentry/vhost_vsock_dev_release")
int BPF_PROG(device_closed, struct inode *inode, struct file *file)
{
	__u64 address = (__u64)file->private_data;

	bpf_map_delete_elem(&devices, &address);
	return 0;
}

/* The same on 5.10, where every file of the machine passes here. */
SEC("fentry/security_file_free")
int BPF_PROG(device_file_freed, struct file *file)
{
	struct layer_state *layer = layer_state();
	__u64 address;

	if ((__u64)file->f_op != layer->addresses.vhost_fops)
		return 0;
	address = (__u64)file->private_data;
	bpf_map_delete_elem(&devices, &address);
	return 0;
}

/*
 * Adopts devices that were open before the layer: run by the service over all open
 * files. Who opened one is not known any more; who holds it is the next best.
 */
SEC("iter/task_file")
int adopt_devices(struct bpf_iter__task_file *ctx)
{
	struct layer_state *layer = layer_state();
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	/* Loaded once: a second load would have to be checked again. */
	barrier_var(task);
	if (!file || !task || !layer->addresses.vhost_fops ||
	    (__u64)file->f_op != layer->addresses.vhost_fops)
		return 0;
	record_device(file, task, BPF_NOEXIST);
	return 0;
}

/*
 * Whether the kernel's table has the device: one that is closed has a CID for a moment yet. Behind
 * the pointer to the next in the table is one to what points here, which goes with the entry.
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

/* Run by the service (BPF_PROG_TEST_RUN): its process as `devices` calls it. */
SEC("raw_tp")
int own_pid(void *ctx)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/*
 * Finds the offsets in struct vhost_vsock, which no BTF tells on 5.10: run once by
 * the service (BPF_PROG_TEST_RUN) on a device of its own, whose CID is a number that
 * stands nowhere else in it, and which is the last that came into the table. args: the
 * device's address, its CID.
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

#endif
