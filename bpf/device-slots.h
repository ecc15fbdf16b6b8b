/* SPDX-License-Identifier: GPL-2.0-only */
/* A tenant's share of the map `devices`: tenant-slots.h. */
#ifndef DEVICE_SLOTS_H
#define DEVICE_SLOTS_H

#include "kernel.h"
#include "maps.h"
#include "records.h"
#include "tenant-slots.h"

/* Takes a free slot of the tenant of `device`; false if it has none. */
static __noinline bool take_device_slot(__u64 address, struct device *device)
{
	struct tenant_slot slot = { .tenant = device->tenant };

	if (!slot.tenant)
		return true;
	if (!take_slot(&device_slots, &slot, address, TENANT_DEVICES, TENANT_DEVICES))
		return false;
	device->slot = slot.number;
	return true;
}

/* The slot of a device that has a record, which the service can write again meanwhile. */
static __always_inline bool read_slot(__u64 address, struct tenant_slot *slot)
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

/* Removes the record of a device, and frees its slot. */
static __noinline void forget_device(__u64 address)
{
	struct tenant_slot slot = {};

	if (!read_slot(address, &slot))
		return;
	bpf_map_delete_elem(&devices, &address);
	free_slot_of(&device_slots, &slot, address);
}

#endif
