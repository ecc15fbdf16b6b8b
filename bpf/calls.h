/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls over loopback to a port. Kernels without vsock_check_source() give a packet to any socket
 * that holds the port when it arrives, listener or not. So a port that a stranger has called cannot
 * be bound while a packet of the caller could still come. That is longer than its request is on its
 * way: a socket that was refused, or waits, still sends to the port that it has called, by
 * setsockopt() and shutdown().
 *
 * So a call is recorded by its socket, from the connect gate until the socket is connected or
 * freed, and counted in a slot of its port. Ports share slots, so a port can seem to be called when
 * it is not.
 */
#ifndef CALLS_H
#define CALLS_H

#include "maps.h"
#include "verdict.h"

static __always_inline struct call_slot *slot_of_call(__u32 port)
{
	__u32 slot = port % CALL_SLOTS;

	return bpf_map_lookup_elem(&call_slots, &slot);
}

/*
 * The first call sets the namespace and the port. They are unknown if another call comes before
 * that is done; the namespace also if a stranger is counted already, the port if there are several.
 */
static __always_inline void count_call(struct call_slot *at, netns_id id, __u32 port)
{
	volatile struct call_slot *now = at;

	__sync_fetch_and_add(&at->calls, 1);
	if (now->calls != 1) {
		if (are_strangers(now->netns, id, port))
			now->netns = NETNS_UNKNOWN;
		if (now->port != port)
			now->port = VMADDR_PORT_ANY;
		return;
	}
	now->port = port;
	now->netns = id;
	barrier();
	if (now->calls != 1) {
		now->netns = NETNS_UNKNOWN;
		now->port = VMADDR_PORT_ANY;
	}
}

static __always_inline void uncount_call(__u32 port)
{
	struct call_slot *at = slot_of_call(port);

	if (at)
		__sync_fetch_and_add(&at->calls, -1);
}

/* One writer at a time. One that is not alone does without: its call is refused, or stays. */
static __always_inline bool enter_called(struct called_ports *called)
{
	__sync_fetch_and_add(&called->writers, 1);
	if (*(volatile __u32 *)&called->writers == 1)
		return true;
	__sync_fetch_and_add(&called->writers, -1);
	return false;
}

static __always_inline void leave_called(struct called_ports *called)
{
	__sync_fetch_and_add(&called->writers, -1);
}

/* Ports are stored plus one: 0 is a free place. */
static __always_inline bool add_called(struct called_ports *called, netns_id id, __u32 port)
{
	struct call_slot *at = slot_of_call(port);
	int i;

#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++) {
		if (called->ports[i] == port + 1) {
			called->last = 0;
			return true;
		}
		if (called->ports[i])
			continue;
		if (!at)
			return false;
		count_call(at, id, port);
		called->ports[i] = port + 1;
		called->last = i + 1;
		return true;
	}
	return false;
}

static __always_inline struct called_ports *called_of(__u64 socket)
{
	static const struct called_ports none;
	struct called_ports *known = bpf_map_lookup_elem(&calling, &socket);

	if (known)
		return known;
	bpf_map_update_elem(&calling, &socket, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&calling, &socket);
}

/*
 * 0 if there is no room: the call must be refused. Else the number of this call, for forget_call().
 * A record that was removed meanwhile may be another socket's by now.
 */
static __always_inline __u32 note_call(__u64 socket, netns_id id, __u32 port)
{
	struct called_ports *called = called_of(socket);
	__u32 number = 0;

	if (!called || !enter_called(called))
		return 0;
	if (add_called(called, id, port))
		number = ++called->notes;
	leave_called(called);
	return bpf_map_lookup_elem(&calling, &socket) == called ? number : 0;
}

/*
 * A call that was not sent, unless its port was recorded before, or the socket has made another
 * call meanwhile.
 */
static __always_inline void forget_call(__u64 socket, __u32 number, __u32 port)
{
	struct called_ports *called = bpf_map_lookup_elem(&calling, &socket);
	int i;

	if (!called || !enter_called(called))
		return;
#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++)
		if (called->notes == number && called->last == i + 1U) {
			called->ports[i] = 0;
			called->last = 0;
			uncount_call(port);
		}
	leave_called(called);
}

/* The socket is connected, or freed. The record is left locked, for who has found it before. */
static __always_inline void end_calls(__u64 socket)
{
	struct called_ports *called = bpf_map_lookup_elem(&calling, &socket);
	int i;

	if (!called || !enter_called(called))
		return;
	if (bpf_map_delete_elem(&calling, &socket))
		return;
#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++)
		if (called->ports[i])
			uncount_call(called->ports[i] - 1);
}

/* The namespace that calls a port, or NETNS_NONE. */
static __always_inline netns_id caller_of(__u32 port)
{
	const volatile struct call_slot *at = slot_of_call(port);

	if (!at)
		return NETNS_UNKNOWN;
	if (!at->calls || (at->port != port && at->port != VMADDR_PORT_ANY))
		return NETNS_NONE;
	return at->netns;
}

#endif
