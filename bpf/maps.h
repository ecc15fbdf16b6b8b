/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that the layer remembers. The first twelve, and tenants, outlive an upgrade; the
 * others belong to one set of programs and are made anew with it, so that old
 * and new programs that overlap do not consume each other's records.
 */
#ifndef MAPS_H
#define MAPS_H

#include "kernel.h"

/*
 * Values may not have holes: a program that hands the kernel one from its stack has not written
 * what is in them, and verifiers before 6.3 refuse to read that.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/*
 * Modes by namespace. Written by user space (set) and when a namespace is made;
 * removed when its last reference goes, before its identity can be used again. Not
 * asked by raw tracepoints, which may not meet a map that allocates.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct netns_record);
} namespaces SEC(".maps");

/*
 * Facts about the layer as a whole. Mapped by user space, hence single stores. The map is that of
 * a section, an array of one: programs know where it is and need not look it up.
 */
struct layer_state state SEC(".data.state");

/*
 * Open vhost devices by address. Written when one is opened, removed when it is closed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64);
	__type(value, struct device);
} devices SEC(".maps");

/*
 * Sockets whose answer came from somebody whom they may not talk to, by address. Removed with the
 * socket. One namespace fills a part of it at most.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED);
	__type(key, __u64);
	__type(value, struct sealed_socket);
} sealed SEC(".maps");

/* Namespaces that have had more than their part of it, or found it full. Removed with them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED_NETNS);
	__type(key, netns_id);
	__type(value, __u64); /* when, in nanoseconds of CLOCK_BOOTTIME */
} sealed_netns SEC(".maps");

/*
 * Sockets whose peer has left, by address, and the ports of their connections: bpf/lingering.h.
 * One that finds no room is not noted. Removed with the socket.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u64);
	__type(value, struct lingering_socket);
} lingering_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, struct lingering_port);
} lingering_ports SEC(".maps");

/* All ports that are noted, to look for those that can be forgotten; 0 is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_slots SEC(".maps");

/* Places of that list that were given up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_reclaimed SEC(".maps");

/* Policies, in two halves; user space writes the one that is not in force. See struct rule_cell. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * RULE_CELLS);
	__type(key, __u32);
	__type(value, struct rule_cell);
} rules SEC(".maps");

/* What was refused, for who reads it; when it is full, the counters tell how much is missing. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/*
 * Refusals by namespace of who was refused. Written with the first one, removed with the
 * namespace; one that finds no room is refused all the same.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct counters);
} counters SEC(".maps");

/* A request, or the answer to one, on its way through a delivering task. */
struct delivery {
	struct end origin; /* who sent it */
	netns_id listener; /* whom a request has found, NETNS_NONE until then */
	__u64 sender; /* tells answers apart: their socket, on 5.10 what pending.h has of them */
	__u64 device; /* of the guest that is the origin, or 0: its owner is to be asked */
	__u64 ports;  /* where they are still to be read, or 0 */
	__u32 port;   /* that it was sent to */
	__u32 tid;    /* whose it is; 0 in storage, which is its task's own */
	__u32 lost_epoch; /* how many could not be recorded until then */
	enum packet_kind {
		REQUEST = 1,
		ANSWER = 2,
		UNDETERMINED = REQUEST | ANSWER, /* the hook that comes next tells */
		CONSUMED = 4,			 /* a gate has answered */
		LEAVING = 8,			 /* the end of a connection */
	} kind;
	/* The last request that was judged: who sent it, when, and the sender of its answer. */
	netns_id caller;
	__u32 verdict_epoch;
	__u32 unused;
	__u64 child;
	/* Of a worker of vhost, once it was found: the device that it works for all of its life. */
	__u64 works_for;
};

/* Deliveries by task, which takes its own with it. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct delivery);
} delivery_storage SEC(".maps");

/*
 * The same where tasks have no storage that programs may ask for (before 5.12), and of a task that
 * got none. The oldest are those of tasks that are gone: LRU removes them, and one that is lost is
 * refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct delivery);
} delivery_by_tid SEC(".maps");

/* A request over loopback between connect() and its delivery. */
struct pending {
	__u64 key;     /* the task that is in connect(), or the port; 0: nobody */
	__u32 writers; /* how many are about to write here */
	__u32 unused;
	netns_id origin;
	__u64 socket; /* the struct sock that connects, an identity only */
};

/*
 * Where packets carry no socket: who is in connect(), by task, if they have no place
 * (bpf/pending.h). Overwritten by the task's next connect; LRU and loss as above.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct pending);
} connects SEC(".maps");

/*
 * Where packets carry no socket: requests that were sent and not yet delivered, by
 * source port, if they have no place. Removed by delivery or with the socket, so one
 * who floods it spends a socket for each; a request that finds no room is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct pending);
} requests SEC(".maps");

/* Sockets whose call over loopback is on its way, and to which port: bpf/calls.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} calling SEC(".maps");

#define MAX_ANSWERS 16384

/* An answer over loopback between its making and its delivery. */
struct answer_made {
	__u64 key; /* the port that it goes to */
	netns_id origin;
};

/*
 * The same for answers. One task makes them and delivers them, in the order in which they were
 * made: a ring, by number. One that finds no room has no origin, and its socket is sealed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ANSWERS);
	__type(key, __u32);
	__type(value, struct answer_made);
} answers SEC(".maps");

#pragma GCC diagnostic pop

static __always_inline struct layer_state *layer_state(void)
{
	return &state;
}

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
 * Which half of the rules holds. Read once for a whole decision: what a binding of one half
 * points to is something else in the other.
 */
static __always_inline __u32 half_in_force(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->half & 1;
}

/* Read before what it stands for, once for a whole decision. */
static __always_inline __u32 current_epoch(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->verdict_epoch;
}

/*
 * A set of programs answers from the moment on that all of it is attached; until
 * then the set before it does, which still has the records of what is on its way. For a
 * moment both do, and then only the new one: the kernel takes the old set out program by
 * program, and what is left of it knows less and less.
 */
static __always_inline bool in_force(const struct layer_state *layer)
{
	return layer->generation >= generation && layer->retired_generation < generation;
}

#endif
