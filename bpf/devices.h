/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests: a CID belongs to the device that has it, and a device to the namespace of the task that
 * opened it.
 *
 * The device with a CID is looked up in the kernel's own table at the moment of the decision.
 * Nothing is recorded about VHOST_VSOCK_SET_GUEST_CID, so nothing can differ from the kernel's
 * view: not a number that a process changes in memory while the ioctl runs, not a claim that was
 * refused, not a later one.
 */
#ifndef DEVICES_H
#define DEVICES_H

#include "counters.h"
#include "kernel.h"
#include "maps.h"
#include "records.h"
#include "state.h"

#define MAX_DEVICE_SIZE 65536

static __always_inline __u64 first_in_bucket(__u32 cid, const struct kernel_addresses *addresses)
{
	__u64 node = 0;

	if (addresses->guest_table)
		bpf_probe_read_kernel(&node, sizeof(node),
				      (void *)(addresses->guest_table + vhost_bucket(cid) * 8));
	return node;
}

static __always_inline __u32 cid_of(__u64 device, const struct kernel_addresses *addresses)
{
	__u32 cid = 0;

	bpf_probe_read_kernel(&cid, sizeof(cid), (void *)(device + addresses->device_cid));
	return cid;
}

/* In the place of a mode: the kernel itself looks. */
#define SEES_ALL (~0U)

/*
 * From 7.0 on several guests can have one CID, and a namespace sees at most one of them. A device
 * without a record is visible and has no owner.
 */
static __always_inline bool may_see(netns_id asker, __u32 native, __u64 address)
{
	struct device *device;

	if (!netns_has_mode() || native == SEES_ALL)
		return true;
	device = bpf_map_lookup_elem(&devices, &address);
	if (!device || device->owner == asker)
		return true;
	return native == GLOBAL && device->native == GLOBAL;
}

/* The first device with the CID that is seen. Devices are freed by RCU: it is alive. */
static __always_inline __u64 find_device(__u32 cid, netns_id asker, __u32 native)
{
	const struct kernel_addresses *addresses = &layer_state()->addresses;
	__u64 node = first_in_bucket(cid, addresses), address;
	int i;

	for (i = 0; i < MAX_BUCKET_DEVICES && node; i++) {
		address = node - addresses->device_node;
		if (cid_of(address, addresses) == cid && may_see(asker, native, address))
			return address;
		if (bpf_probe_read_kernel(&node, sizeof(node), (void *)node))
			break;
	}
	return 0;
}

/*
 * Like vhost_vsock_get(), for a namespace with the mode `native`: 0 if no device has the CID. A
 * global function, as the next: the verifier walks the loop once, and not with all that follows.
 */
__noinline __u64 device_of(__u32 cid, netns_id asker, __u32 native)
{
	return find_device(cid, asker, native);
}

/*
 * The first one, as the kernel itself looks. Asks no map: 5.10 warns of a raw tracepoint with a map
 * that is not preallocated, and refuses it if it is a real-time kernel.
 */
__noinline __u64 first_device_of(__u32 cid)
{
	return find_device(cid, NETNS_NONE, SEES_ALL);
}

/*
 * NETNS_UNKNOWN if the device is closed or its opener is not known. A guest can outlive its
 * namespace, on which the device holds no reference. Then it has no owner, not even a new namespace
 * with the same identity.
 */
static __always_inline netns_id owner_of_device(__u64 address)
{
	struct device *device = bpf_map_lookup_elem(&devices, &address);
	netns_id owner;
	__u64 since_ns;

	if (!device)
		return NETNS_UNKNOWN;
	owner = device->owner;
	since_ns = device->owner_since_ns;
	if (!since_ns || since_ns != since_ns_of(bpf_map_lookup_elem(&counters, &owner)) ||
	    !still_holds(&devices, &address, device))
		return NETNS_UNKNOWN;
	return owner;
}

/* NETNS_UNKNOWN also if no device has the CID. */
static __always_inline netns_id owner_of_cid(__u32 cid, netns_id asker, __u32 native)
{
	return owner_of_device(device_of(cid, asker, native));
}

#endif
