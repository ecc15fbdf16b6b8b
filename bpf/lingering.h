/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lingering sockets: still open, though their peer has left. When such a socket is closed or read,
 * the kernel sends a packet to its peer's port. By then that port may belong to another socket, and
 * the sending socket is not in the kernel's tables any more. So both of its ports are recorded
 * until it is freed, and strangers cannot have either.
 *
 * A peer leaves by a packet, so only the task that delivers all loopback packets adds or removes a
 * port. Freeing a socket decrements the counts of its two ports, and an entry with a count is not
 * removed.
 *
 * What finds no room is not forgotten: the ports of that socket, and others of their class, are
 * kept for its namespace from then on.
 */
#ifndef LINGERING_H
#define LINGERING_H

#include "kernel.h"
#include "maps.h"
#include "netns.h"
#include "records.h"
#include "state.h"
#include "verdict.h"

/* Slots that are checked for reuse each time a port is recorded. */
#define LOOKS 4

static __always_inline void reclaim(struct lingering_list *list, __u32 index)
{
	__u32 *slot = bpf_map_lookup_elem(&lingering_slots, &index), free = list->reclaimed;
	struct lingering_port *port;

	if (!slot || !*slot)
		return;
	port = bpf_map_lookup_elem(&lingering_ports, slot);
	if (port && *(volatile __u32 *)&port->sockets)
		return;
	if (bpf_map_update_elem(&lingering_reclaimed, &free, &index, BPF_ANY))
		return;
	bpf_map_delete_elem(&lingering_ports, slot);
	*slot = 0;
	list->reclaimed = free + 1;
}

/*
 * A slot in the list of all recorded ports: a reclaimed one, or one that was never used. A pass
 * over all slots takes fewer turns than there are slots, so none is left only if that many ports
 * are in use.
 */
static __always_inline __u32 *free_slot(struct lingering_list *list)
{
	__u32 i, index;

	for (i = 0; i < LOOKS && list->used; i++)
		reclaim(list, list->looked_at++ % list->used);
	if (list->reclaimed) {
		__u32 last = --list->reclaimed, *reclaimed;

		reclaimed = bpf_map_lookup_elem(&lingering_reclaimed, &last);
		if (!reclaimed)
			return NULL;
		index = *reclaimed;
	} else {
		if (list->used >= MAX_LINGERING)
			return NULL;
		index = list->used++;
	}
	return bpf_map_lookup_elem(&lingering_slots, &index);
}

static const struct lingering_port no_sockets;

static __always_inline struct lingering_port *add_port(__u32 port)
{
	__u32 *slot = free_slot(&layer_state()->lingering_list);

	if (!slot)
		return NULL;
	*slot = port;
	if (bpf_map_update_elem(&lingering_ports, &port, &no_sockets, BPF_NOEXIST))
		return NULL;
	return bpf_map_lookup_elem(&lingering_ports, &port);
}

static __always_inline void join_owners(struct lingering_owners *owners, netns_id own, __u32 port)
{
	if (owners->netns == NETNS_NONE) {
		owners->netns = own;
		return;
	}
	if (owners->netns == own)
		return;
	owners->several = YES;
	if (are_strangers(owners->netns, own, port))
		owners->netns = NETNS_UNKNOWN;
}

/* Notes a port of a socket in `own`: its own (`holds`), or its peer's, which is in `home`. */
static __always_inline bool note_port(__u32 port, netns_id own, netns_id home, bool holds)
{
	struct lingering_port *at = bpf_map_lookup_elem(&lingering_ports, &port);

	if (!at)
		at = add_port(port);
	if (!at)
		return false;
	if (!at->sockets) {
		at->all = at->holders = (struct lingering_owners){};
		at->home = home;
	}
	join_owners(&at->all, own, port);
	if (holds)
		join_owners(&at->holders, own, port);
	if (at->home != home)
		at->home = NETNS_UNKNOWN;
	__sync_fetch_and_add(&at->sockets, 1);
	return true;
}

/* A port that cannot be recorded: its whole class is kept for its namespace. */
static __always_inline void keep_class(__u32 port, netns_id own)
{
	__u32 class = port % PORT_CLASSES;
	netns_id *of = bpf_map_lookup_elem(&lingering_classes, &class);

	if (!of)
		return;
	*of = *of == NETNS_NONE || *of == own ? own : NETNS_UNKNOWN;
	layer_state()->lingering_list.overflow = YES;
}

static __always_inline bool note_or_keep(__u32 port, netns_id own, netns_id home, bool holds)
{
	if (note_port(port, own, home, holds))
		return true;
	keep_class(port, own);
	return false;
}

static __always_inline void leave_port(__u32 port)
{
	struct lingering_port *known = bpf_map_lookup_elem(&lingering_ports, &port);

	if (known)
		__sync_fetch_and_add(&known->sockets, -1);
}

/*
 * A port that could not be recorded is 0, which no connection has. On kernels with modes the
 * kernel separates sockets of local namespaces. `peer` is the namespace that has left.
 */
static __always_inline void note_lingering(struct sock *sk, netns_id peer)
{
	struct lingering_socket lingering = {};
	netns_id own = netns_of_sock(sk);
	struct vsock_sock_tail tail;
	__u64 address = (__u64)sk;

	if (is_released(sk) || native_mode(sk->__sk_common.skc_net.net) == LOCAL ||
	    bpf_probe_read_kernel(&tail, sizeof(tail), tail_of(sk)))
		return;
	if (bpf_map_lookup_elem(&lingering_sockets, &address))
		return;
	layer_state()->lingering = YES;
	if (bpf_map_update_elem(&lingering_sockets, &address, &lingering, BPF_NOEXIST)) {
		keep_class(tail.local_addr.svm_port, own);
		keep_class(tail.remote_addr.svm_port, own);
		return;
	}
	if (note_or_keep(tail.local_addr.svm_port, own, own, true))
		lingering.ports[0] = tail.local_addr.svm_port;
	if (note_or_keep(tail.remote_addr.svm_port, own, peer, false))
		lingering.ports[1] = tail.remote_addr.svm_port;
	bpf_map_update_elem(&lingering_sockets, &address, &lingering, BPF_EXIST);
}

static __always_inline void forget_lingering(struct sock *sk)
{
	__u64 address = (__u64)sk;
	struct lingering_socket *of, lingering;

	of = bpf_map_lookup_elem(&lingering_sockets, &address);
	if (!of)
		return;
	lingering = *of;
	bpf_map_delete_elem(&lingering_sockets, &address);
	if (lingering.ports[0])
		leave_port(lingering.ports[0]);
	if (lingering.ports[1])
		leave_port(lingering.ports[1]);
}

static __always_inline netns_id keeps_class(__u32 port)
{
	__u32 class = port % PORT_CLASSES;
	netns_id *of = bpf_map_lookup_elem(&lingering_classes, &class);

	return of ? *(volatile netns_id *)of : NETNS_UNKNOWN;
}

/*
 * If one namespace stands for all, the verdict on it is asked, as rules or modes may have changed
 * since. If none does, the namespace whose own port it is may still have it: it has talked to each.
 */
static __always_inline netns_id recorded_at(__u32 port, netns_id asker, bool holders)
{
	struct lingering_port *at = bpf_map_lookup_elem(&lingering_ports, &port);
	const volatile struct lingering_owners *owners;
	netns_id id;

	if (!at || !*(volatile __u32 *)&at->sockets)
		return NETNS_NONE;
	owners = holders ? &at->holders : &at->all;
	id = stands_for(owners->netns, owners->several);
	if (!holders && id == NETNS_UNKNOWN && *(volatile netns_id *)&at->home == asker)
		id = asker;
	return still_holds(&lingering_ports, &port, at) ? id : NETNS_UNKNOWN;
}

/*
 * The namespace whose sockets linger at a port, or NETNS_NONE. If all that linger there have talked
 * to the asker, it is the asker itself. With `holders` only sockets whose own port it is count.
 */
static __always_inline netns_id lingers_at(__u32 port, netns_id asker, bool holders)
{
	netns_id recorded = recorded_at(port, asker, holders), keeper = NETNS_NONE;

	if (*(volatile __u32 *)&layer_state()->lingering_list.overflow == YES)
		keeper = keeps_class(port);
	if (keeper == NETNS_NONE || keeper == recorded)
		return recorded;
	return recorded == NETNS_NONE ? keeper : NETNS_UNKNOWN;
}

#endif
