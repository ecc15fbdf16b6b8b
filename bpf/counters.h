/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of a namespace, from the first refusal on, or from the first device that it opens; where
 * it has a tenant, from the beginning. Removed with the namespace, so that they also tell whether
 * it is still the one that they were made for.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include "kernel.h"
#include "maps.h"

/* Nothing if there are any. */
static __noinline long make_counters(netns_id id, __u64 tenant)
{
	struct counters new = { .tokens = EVENT_BURST, .tenant = tenant };

	new.since_ns = bpf_ktime_get_boot_ns();
	return bpf_map_update_elem(&counters, &id, &new, BPF_NOEXIST);
}

/* Of a namespace that is there. */
static __always_inline struct counters *counters_of(netns_id id)
{
	struct counters *of = bpf_map_lookup_elem(&counters, &id);

	if (of)
		return of;
	make_counters(id, 0);
	return bpf_map_lookup_elem(&counters, &id);
}

/*
 * Of an end of a call. The owner of a guest has had counters since its device was opened. Without
 * any it has gone, and nobody would remove new ones. Where the kernel has modes the device holds
 * its namespace.
 */
static __always_inline struct counters *counters_of_end(const struct end *end)
{
	netns_id id = end->netns;

	if (!netns_has_mode() && end->cid > VMADDR_CID_HOST && id != NETNS_UNKNOWN)
		return bpf_map_lookup_elem(&counters, &id);
	return counters_of(id);
}

/* `since_ns` of counters, 0 without any. In memory that was reused it is no number of `id`. */
static __always_inline __u64 since_ns_of(const struct counters *of)
{
	return of ? *(const volatile __u64 *)&of->since_ns : 0;
}

#endif
