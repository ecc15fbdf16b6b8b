/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls over loopback that are on their way to a port. Kernels without vsock_check_source() give
 * them to any socket that holds the port when they arrive, listener or not. So a port that a
 * stranger is calling cannot be bound.
 *
 * A call is recorded by its socket, from the connect gate until its request has arrived or the
 * socket is freed, and counted in a slot of its port. Ports share slots, so a port can seem to be
 * called for a moment when it is not.
 */
#ifndef CALLS_H
#define CALLS_H

#include "verdict.h"

#define CALL_SLOTS 4096

/*
 * Port by calling socket. Removed when the request arrives or the socket is freed. A call that
 * finds no room is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} calling SEC(".maps");

/*
 * Calls by port, several ports to a slot. The namespace is that of all calls in the slot,
 * NETNS_UNKNOWN if they come from several.
 */
static struct call_slot {
	netns_id netns;
	__u32 calls;
	__u32 unused;
} call_slots[CALL_SLOTS];

static __always_inline struct call_slot *slot_of_call(__u32 port)
{
	return &call_slots[port % CALL_SLOTS];
}

/*
 * The first call sets the namespace. It is unknown if another call comes before that is done, or if
 * a stranger is counted already.
 */
static __always_inline void count_call(struct call_slot *at, netns_id id, __u32 port)
{
	volatile struct call_slot *now = at;

	__sync_fetch_and_add(&at->calls, 1);
	if (now->calls != 1) {
		if (are_strangers(now->netns, id, port))
			now->netns = NETNS_UNKNOWN;
		return;
	}
	now->netns = id;
	barrier();
	if (now->calls != 1)
		now->netns = NETNS_UNKNOWN;
}

static __always_inline void forget_call(__u64 socket)
{
	__u32 *known = bpf_map_lookup_elem(&calling, &socket), port;

	if (!known)
		return;
	port = *known;
	if (!bpf_map_delete_elem(&calling, &socket))
		__sync_fetch_and_add(&slot_of_call(port)->calls, -1);
}

/* False if there is no room: the call must be refused. */
static __always_inline bool note_call(__u64 socket, netns_id id, __u32 port)
{
	forget_call(socket);
	if (bpf_map_update_elem(&calling, &socket, &port, BPF_NOEXIST))
		return false;
	count_call(slot_of_call(port), id, port);
	return true;
}

/* The namespace that calls a port, or NETNS_NONE. */
static __always_inline netns_id caller_of(__u32 port)
{
	const volatile struct call_slot *at = slot_of_call(port);

	return at->calls ? at->netns : NETNS_NONE;
}

#endif
