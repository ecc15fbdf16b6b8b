/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls over loopback on their way to a port. Whoever comes to hold that port meanwhile would get
 * them, listener or not, where a socket takes packets of anybody: kernels that have no
 * vsock_check_source(). So nobody binds a port that a stranger is calling.
 *
 * A call is noted by its socket, from the connect gate until its request has arrived or the socket
 * has gone, and counted at a place of its port. Ports share places, so a port can seem to be
 * called for a moment that is not.
 */
#ifndef CALLS_H
#define CALLS_H

#include "maps.h"
#include "verdict.h"

#define CALL_SLOTS 4096

/* Sockets whose call over loopback is on its way, and to which port: bpf/calls.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} calling SEC(".maps");

/* The namespace is that of all calls which are counted, NETNS_UNKNOWN if they are of several. */
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
 * The first one names the place. If another has come before that is done, it is nobody's; so is it
 * if a stranger has named it.
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

/* False if there is no room: the call is not to be made. */
static __always_inline bool note_call(__u64 socket, netns_id id, __u32 port)
{
	forget_call(socket);
	if (bpf_map_update_elem(&calling, &socket, &port, BPF_NOEXIST))
		return false;
	count_call(slot_of_call(port), id, port);
	return true;
}

/* Who calls a port: NETNS_NONE if nobody does. */
static __always_inline netns_id caller_of(__u32 port)
{
	const volatile struct call_slot *at = slot_of_call(port);

	return at->calls ? at->netns : NETNS_NONE;
}

#endif
