/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The share of one tenant in the map `devices`, so that nobody fills it for others. A device is in
 * the share of the tenant that made the opener's namespace. Where there is none, it is in the share
 * of the namespace, and in the initial one in that of the user; what root opens there is in no
 * share.
 *
 * A slot and not a count: a record of a device holds one, and it is one update that takes it. So
 * nothing has to be counted up and down by tasks that do not know of each other.
 */
#ifndef DEVICE_SLOTS_H
#define DEVICE_SLOTS_H

#include "kernel.h"
#include "maps.h"
#include "records.h"
#include "state.h"
#include "tenants.h"

/* Root of a user namespace is a user outside of it. */
static __always_inline __u64 tenant_of_user(const struct file *file)
{
	__u64 number = tenant_of_user_namespace(BPF_CORE_READ(file, f_cred, user_ns));
	__u32 user = BPF_CORE_READ(file, f_cred, euid.val);

	if (number || !user)
		return number;
	return TENANT_USER | user;
}

static __noinline __u64 tenant_of_device(const struct file *file, const struct net *net,
					 netns_id owner)
{
	__u64 number = tenant_of(net);

	if (number)
		return number;
	return owner == layer_state()->init ? tenant_of_user(file) : TENANT_NETNS | owner;
}

/* Takes a free slot of the tenant of `device`; false if it has none. */
static __noinline bool take_slot(__u64 address, struct device *device)
{
	struct device_slot slot = { .tenant = device->tenant };
	int i;

	if (!slot.tenant)
		return true;
	for (i = 0; i < TENANT_DEVICES; i++) {
		slot.number = i;
		if (bpf_map_update_elem(&device_slots, &slot, &address, BPF_NOEXIST))
			continue;
		device->slot = i;
		return true;
	}
	return false;
}

/* The slot of a device that has a record, which the service can write again meanwhile. */
static __always_inline bool read_slot(__u64 address, struct device_slot *slot)
{
	struct device *device;
	int i;

	for (i = 0; i < 4; i++) {
		device = bpf_map_lookup_elem(&devices, &address);
		if (!device)
			return false;
		slot->tenant = *(volatile __u64 *)&device->tenant;
		slot->number = *(volatile __u32 *)&device->slot;
		if (still_holds(&devices, &address, device))
			return true;
	}
	return true;
}

/* Another device's slot is not freed, whatever has been read. */
static __always_inline void free_slot_of(const struct device_slot *slot, __u64 address)
{
	__u64 *holder = bpf_map_lookup_elem(&device_slots, slot);

	if (holder && *(volatile __u64 *)holder == address)
		bpf_map_delete_elem(&device_slots, slot);
}

/* Removes the record of a device, and frees its slot. */
static __noinline void forget_device(__u64 address)
{
	struct device_slot slot = {};

	if (!read_slot(address, &slot))
		return;
	bpf_map_delete_elem(&devices, &address);
	free_slot_of(&slot, address);
}

#endif
