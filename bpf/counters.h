/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a namespace. They are made with its first refusal, logged connection or device, or,
 * where the namespace has a tenant, with the namespace itself. They are removed with it. So
 * `since_ns` also tells a namespace from a later one with the same identity.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include "kernel.h"
#include "maps.h"

/* An error also if the namespace has counters already: those stay. */
static __noinline long make_counters(netns_id id, __u64 tenant)
{
	struct counters new = { .tokens = EVENT_BURST, .tenant = tenant };

	new.since_ns = bpf_ktime_get_boot_ns();
	return bpf_map_update_elem(&counters, &id, &new, BPF_NOEXIST);
}

/* Makes them if need be: only for a namespace that is there. NULL if there is no room. */
static __always_inline struct counters *counters_of(netns_id id)
{
	struct counters *of = bpf_map_lookup_elem(&counters, &id);

	if (of)
		return of;
	make_counters(id, 0);
	return bpf_map_lookup_elem(&counters, &id);
}

/*
 * Of an end of a call. The owner of a guest has counters since its device was opened. If they are
 * missing, the owner has gone, and nothing would remove new ones: NULL. Where the kernel has modes
 * the device holds its namespace.
 */
static __always_inline struct counters *counters_of_end(const struct end *end)
{
	netns_id id = end->netns;

	if (!netns_has_mode() && end->cid > VMADDR_CID_HOST && id != NETNS_UNKNOWN)
		return bpf_map_lookup_elem(&counters, &id);
	return counters_of(id);
}

/* 0 if there are none. If the memory was reused meanwhile, it is that of another namespace. */
static __always_inline __u64 since_ns_of(const struct counters *of)
{
	return of ? *(const volatile __u64 *)&of->since_ns : 0;
}

#endif
