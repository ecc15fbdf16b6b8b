/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of namespaces, read while others write them.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include "kernel.h"
#include "maps.h"

enum lookup {
	NO_RECORD,
	RECORD,
	NOT_READ, /* it changed all the time */
};

/*
 * Whether what was read at a place in a map is of this key: it is, if the place is still the one.
 * Up to 6.0 a place is not given away before all who might look at it have left.
 */
static __always_inline bool still_holds(void *map, const void *key, const void *value)
{
	if (!bpf_core_type_exists(struct bpf_mem_alloc))
		return true;
	barrier();
	return bpf_map_lookup_elem(map, key) == value;
}

/*
 * Whether a copy is what stands there now. One that two writers have crossed is not: a place that
 * was given away, written and given back in between is still the one.
 */
static __always_inline bool is_same(const struct netns_record *copy,
				    const struct netns_record *record)
{
	const volatile __u64 *there = (const void *)record;
	const __u64 *here = (const void *)copy;
	unsigned int i;

	for (i = 0; i < sizeof(*copy) / sizeof(*here); i++)
		if (here[i] != there[i])
			return false;
	return true;
}

/* A copy of a namespace's record. */
static __noinline enum lookup read_record(netns_id id, struct netns_record *copy)
{
	struct netns_record *record;
	int i;

	_Static_assert(sizeof(*copy) % sizeof(__u64) == 0, "compared by words");

	for (i = 0; i < 4; i++) {
		record = bpf_map_lookup_elem(&namespaces, &id);
		if (!record)
			break;
		__builtin_memcpy(copy, record, sizeof(*copy));
		if (still_holds(&namespaces, &id, record) && is_same(copy, record))
			return RECORD;
	}
	__builtin_memset(copy, 0, sizeof(*copy));
	return i < 4 ? NO_RECORD : NOT_READ;
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

#endif
