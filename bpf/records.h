/* SPDX-License-Identifier: GPL-2.0-only */
/* Records of namespaces, read while others write them. */
#ifndef RECORDS_H
#define RECORDS_H

#include "kernel.h"
#include "maps.h"

enum lookup {
	NO_RECORD,
	RECORD,
	NOT_READ, /* it kept changing */
};

/*
 * Whether a value that was read belongs to the key: it does if the key still has that value. Up to
 * 6.0 the memory of a removed value is not reused while a program may read it.
 */
static __always_inline bool still_holds(void *map, const void *key, const void *value)
{
	if (!bpf_core_type_exists(struct bpf_mem_alloc))
		return true;
	barrier();
	return bpf_map_lookup_elem(map, key) == value;
}

/*
 * Whether a copy equals the record now. A copy that two writers have crossed does not: a record
 * that was removed, reused and given back in between still has its address.
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

/* Copies a namespace's record. */
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

#endif
