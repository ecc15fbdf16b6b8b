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
 * it is not. Sockets of one tenant fill only its share of the map.
 */
#ifndef CALLS_H
#define CALLS_H

#include "alone.h"
#include "kernel.h"
#include "maps.h"
#include "tenant-slots.h"
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
	bool alone;

	add_in_order(&at->calls, 1);
	if (now->calls != 1) {
		if (now->netns != id)
			now->several = YES;
		if (are_strangers(now->netns, id, port))
			now->netns = NETNS_UNKNOWN;
		if (now->port != port)
			now->port = VMADDR_PORT_ANY;
		return;
	}
	now->port = port;
	now->netns = id;
	now->several = NO;
	/* Counted twice for a moment, so that what was written is seen before what is read now. */
	add_in_order(&at->calls, 1);
	alone = now->calls == 2;
	add_in_order(&at->calls, -1);
	if (!alone) {
		now->netns = NETNS_UNKNOWN;
		now->port = VMADDR_PORT_ANY;
	}
}

static __always_inline void uncount_call(__u32 port)
{
	struct call_slot *at = slot_of_call(port);

	if (at)
		add_in_order(&at->calls, -1);
}

/*
 * A task that is not alone does without: its call is refused, or stays. The record of a socket that
 * was removed after it was found can be another socket's by now.
 */
static __always_inline bool enter_called(struct called_ports *called, __u64 socket)
{
	if (enter_alone(&called->writers) && *(volatile __u64 *)&called->socket == socket)
		return true;
	leave(&called->writers);
	return false;
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

/* Slots that one call of take_one_of_slots() tries, so that neither of the two loops is long. */
#define TRIES 64

/*
 * Takes one of the tenant's TRIES slots from `first` on; TENANT_CALLING if none is free. A global
 * function, so that the verifier follows this loop once, and not once per turn of the outer one.
 */
__noinline __u32 take_one_of_slots(__u64 tenant, __u64 socket, __u32 first)
{
	struct tenant_slot slot = { .tenant = tenant, .number = first };

	if (!take_slot(&caller_slots, &slot, socket, TRIES, TENANT_CALLING))
		return TENANT_CALLING;
	return slot.number;
}

/* Takes any free slot of the tenant. The search begins at a random one. */
static __always_inline __u32 take_caller_slot(__u64 tenant, __u64 socket)
{
	__u32 first = bpf_get_prandom_u32() % TENANT_CALLING, taken, i;

	for (i = 0; i < TENANT_CALLING; i += TRIES) {
		taken = take_one_of_slots(tenant, socket, first + i);
		if (taken != TENANT_CALLING)
			return taken;
	}
	return TENANT_CALLING;
}

static __always_inline void free_caller_slot(const struct called_ports *called)
{
	struct tenant_slot slot = { .tenant = called->tenant, .number = called->slot };

	if (slot.tenant)
		free_slot_of(&caller_slots, &slot, called->socket);
}

/* Nothing if there is no room, or another task has added it. */
static __noinline void add_caller(struct socket *sock, netns_id id)
{
	struct called_ports new = { .socket = address_of_sock(sock) };
	const struct net *net = (const void *)net_of_socket(new.socket);

	new.tenant = tenant_of_opener(BPF_CORE_READ(sock, file), net, id);
	if (new.tenant)
		new.slot = take_caller_slot(new.tenant, new.socket);
	if (new.slot == TENANT_CALLING)
		return;
	if (bpf_map_update_elem(&calling, &new.socket, &new, BPF_NOEXIST))
		free_caller_slot(&new);
}

static __always_inline struct called_ports *called_of(struct socket *sock, netns_id id)
{
	__u64 socket = address_of_sock(sock);
	struct called_ports *known = bpf_map_lookup_elem(&calling, &socket);

	if (known)
		return known;
	add_caller(sock, id);
	return bpf_map_lookup_elem(&calling, &socket);
}

/* 0 if there is no room: the call must be refused. Else its number, for withdraw_call(). */
static __always_inline __u32 note_call(struct socket *sock, netns_id id, __u32 port)
{
	struct called_ports *called = called_of(sock, id);
	__u32 number = 0;

	if (!called || !enter_called(called, address_of_sock(sock)))
		return 0;
	if (add_called(called, id, port))
		number = ++called->notes;
	leave(&called->writers);
	return number;
}

/*
 * Removes a record. It is left locked, for a task that has found it before; what was in it is
 * copied, because its memory can be another socket's at once.
 */
static __always_inline void remove_called(const struct called_ports *called, __u64 socket)
{
	struct called_ports removed = *called;
	int i;

	if (bpf_map_delete_elem(&calling, &socket))
		return;
	free_caller_slot(&removed);
#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++)
		if (removed.ports[i])
			uncount_call(removed.ports[i] - 1);
}

static __always_inline bool calls_nobody(const struct called_ports *called)
{
	__u32 ports = 0;
	int i;

#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++)
		ports |= called->ports[i];
	return !ports;
}

/*
 * A call that was not sent, unless its port was recorded before, or the socket has made another
 * call meanwhile.
 */
static __always_inline void withdraw_call(__u64 socket, __u32 number, __u32 port)
{
	struct called_ports *called = bpf_map_lookup_elem(&calling, &socket);
	int i;

	if (!called || !enter_called(called, socket))
		return;
#pragma unroll
	for (i = 0; i < CALLED_PORTS; i++)
		if (called->notes == number && called->last == i + 1U) {
			called->ports[i] = 0;
			called->last = 0;
			uncount_call(port);
		}
	if (calls_nobody(called))
		remove_called(called, socket);
	else
		leave(&called->writers);
}

/* The socket is connected. If another task calls with it meanwhile, its calls stay. */
static __always_inline void end_calls(__u64 socket)
{
	struct called_ports *called = bpf_map_lookup_elem(&calling, &socket);

	if (called && enter_called(called, socket))
		remove_called(called, socket);
}

/* The socket is freed, so no other task writes. */
static __always_inline void forget_calls(__u64 socket)
{
	struct called_ports *called = bpf_map_lookup_elem(&calling, &socket);

	if (called)
		remove_called(called, socket);
}

/* The namespace that calls a port, or NETNS_NONE; NETNS_UNKNOWN if none stands for all callers. */
static __always_inline netns_id caller_of(__u32 port)
{
	const volatile struct call_slot *at = slot_of_call(port);

	if (!at)
		return NETNS_UNKNOWN;
	if (!at->calls || (at->port != port && at->port != VMADDR_PORT_ANY))
		return NETNS_NONE;
	return stands_for(at->netns, at->several);
}

#endif
