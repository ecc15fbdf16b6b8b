/* SPDX-License-Identifier: GPL-2.0-only */
/* The map of records, by itself: objects that need no other map of bpf/maps.h reuse it, too. */
#ifndef NAMESPACES_MAP_H
#define NAMESPACES_MAP_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "vsock-bpfd.h"

/*
 * Records by namespace. Written by user space, and when a namespace is created; removed when it is
 * torn down, before its identity can be used again. Raw tracepoints do not read it, because they
 * may not use maps that allocate.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct netns_record);
} namespaces SEC(".maps");

#endif
