/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that the layer remembers. `namespaces` and `state` outlive an upgrade; the
 * others belong to one set of programs and are made anew with it, so that old
 * and new programs that overlap do not consume each other's records.
 */
#ifndef MAPS_H
#define MAPS_H

#include "kernel.h"

/*
 * Modes by namespace. Written by user space (set) and when a namespace is made;
 * removed when its last reference goes, before its identity can be used again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct netns_record);
} namespaces SEC(".maps");

/* Facts about the layer as a whole. Mapped by user space, hence single stores. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct layer_state);
} state SEC(".maps");

/* A request on its way through a delivering task. */
struct delivery {
	netns_id origin;   /* who sent it */
	netns_id listener; /* whom it has found, NETNS_NONE until then */
};

/*
 * Deliveries by task. Overwritten by the task's next request, so the oldest are
 * those of tasks that are gone: LRU removes them, and one that is lost is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct delivery);
} deliveries SEC(".maps");

/* A loopback request between connect() and its delivery. */
struct request {
	netns_id origin;
	__u64 socket; /* its struct sock, an identity only */
};

/*
 * Where packets carry no socket: who is in connect(), by task. Overwritten by the
 * task's next connect; LRU and loss as above.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct request);
} connects SEC(".maps");

/*
 * Where packets carry no socket: requests that were sent and not yet delivered, by
 * source port, which only one living socket can own. Removed by delivery or with
 * the socket, so one who floods it spends a socket for each; a request that finds
 * no room is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct request);
} requests SEC(".maps");

static __always_inline struct layer_state *layer_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&state, &zero);
}

/*
 * A set of programs answers from the moment on that all of it is attached; until
 * then the set before it does, which still has the records of what is on its way.
 */
static __always_inline bool in_force(const struct layer_state *layer)
{
	return layer && layer->generation >= generation;
}

#endif
