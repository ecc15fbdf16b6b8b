/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The share of one tenant in a map of records, so that nobody fills it for others. What a file of
 * the kernel stands for is in the share of the tenant that made its opener's namespace. Where there
 * is none, it is in the share of the namespace, and in the initial one in that of the user; what
 * root opens there is in no share.
 *
 * A slot and not a count: a record holds one, and it is one update that takes it. So nothing has to
 * be counted up and down by tasks that do not know of each other.
 */
#ifndef TENANT_SLOTS_H
#define TENANT_SLOTS_H

#include "kernel.h"
#include "maps.h"
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

/* Of a file that was opened in the namespace `net`, which is `owner`. */
static __noinline __u64 tenant_of_opener(const struct file *file, const struct net *net,
					 netns_id owner)
{
	__u64 number = tenant_of(net);

	if (number)
		return number;
	return owner == layer_state()->init ? tenant_of_user(file) : TENANT_NETNS | owner;
}

/*
 * Takes the first free slot of `tries` from `slot->number` on, which begins again at 0 after
 * `slots`. False if none of these is free.
 */
static __always_inline bool take_slot(void *map, struct tenant_slot *slot, __u64 holder,
				      __u32 tries, __u32 slots)
{
	__u32 first = slot->number, i;

	for (i = 0; i < tries; i++) {
		slot->number = (first + i) % slots;
		if (!bpf_map_update_elem(map, slot, &holder, BPF_NOEXIST))
			return true;
	}
	return false;
}

/* Another holder's slot is not freed, whatever has been read. */
static __always_inline void free_slot_of(void *map, const struct tenant_slot *slot, __u64 holder)
{
	__u64 *of = bpf_map_lookup_elem(map, slot);

	if (of && *(volatile __u64 *)of == holder)
		bpf_map_delete_elem(map, slot);
}

#endif
