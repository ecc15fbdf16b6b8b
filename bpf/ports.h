/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The holders of a port, read from the kernel's own tables at the moment of a decision.
 *
 * The kernel gives a packet to the connected socket that has both of its addresses, else to the
 * socket that is bound to its destination, listener or not. Over loopback every packet claims CID
 * LOCAL, so ports alone decide who meets whom. Hence the rule: a port is held by sockets of one
 * namespace, or of several that may talk to each other.
 *
 * Nothing is recorded here, so nothing can be filled, and sockets from before the layer are found
 * like all others. The lists are read without their lock. An entry that was removed points to
 * itself, and one that was moved leads to the head of another list. A walk that reaches the head of
 * its own list has met all sockets that were there when it began. One that meets a removed entry
 * begins again, and one that has not ended after WALKS times STEPS is a refusal.
 */
#ifndef PORTS_H
#define PORTS_H

#include "calls.h"
#include "kernel.h"
#include "lingering.h"
#include "netns.h"
#include "state.h"
#include "verdict.h"

/* Steps of one walk, and walks of one question. Making a bucket longer costs a socket for each. */
#define STEPS 128
#define WALKS 512

enum table {
	BOUND = 1,     /* listeners, and sockets that connect or have connected */
	CONNECTED = 2, /* those that have connected, and children of listeners */
};

/* What a walk finds if it is not a socket, and what a search finds if it is not the next entry. */
enum {
	FOUND = 1,   /* a bit; the rest is the socket that is looked for */
	MORE = 2,    /* a bit; the rest is the entry to go on from */
	CHANGED = 4, /* the list changed meanwhile */
	END = 8,
};

/* What counts, beside the sockets of a table. */
enum {
	LISTENERS = 4,	/* listeners */
	ANYBODY = 8,	/* sockets of the same namespace */
	LINGERING = 16, /* sockets whose peer has left: bpf/lingering.h */
	CALLS = 32,	/* calls that are on their way: bpf/calls.h */
	HOLDERS = 64,	/* of those that linger, the ones whose own port it is */
};

/* The remote address of no socket: without a peer it is all ones. */
#define NO_PEER ((__u64)0)

static __always_inline __u64 address_of(__u32 cid, __u32 port)
{
	return (__u64)cid << 32 | port;
}

/* The head of the list with the sockets at `port`, or of those connected to loopback from it. */
static __always_inline __u64 head_of(enum table table, __u32 port)
{
	const struct kernel_addresses *addresses = &layer_state()->addresses;
	__u32 bucket = table == BOUND ? port : VMADDR_CID_LOCAL ^ port;
	__u64 heads = table == BOUND ? addresses->bound_table : addresses->connected_table;

	return heads + bucket % VSOCK_HASH_SIZE * sizeof(struct list_head);
}

static __always_inline __u64 link_of(enum table table)
{
	return table == BOUND ? offsetof(struct vsock_sock_tail, bound_table)
			      : offsetof(struct vsock_sock_tail, connected_table);
}

static __always_inline __u64 next_of(__u64 entry)
{
	__u64 next = 0;

	bpf_probe_read_kernel(&next, sizeof(next), (void *)entry);
	return next;
}

static __always_inline __u32 cid_of_socket(__u64 socket)
{
	__u32 cid = 0;

	bpf_probe_read_kernel(&cid, sizeof(cid),
			      &tail_of((const struct sock *)socket)->local_addr.svm_cid);
	return cid;
}

/*
 * The next socket, from `entry` on, that is at `port` and in another namespace than `net`, or has
 * the peer `peer`. A global function, so that the verifier checks it once a program; on 5.10 such a
 * function takes numbers only.
 */
__noinline __u64 walk(__u64 entry, __u32 table, __u32 port, __u64 net, __u64 peer)
{
	__u64 head = head_of(table, port), link = link_of(table), socket, next;
	struct vsock_sock_tail tail;
	int i;

	for (i = 0; i < STEPS; i++) {
		if (entry == head)
			return END;
		if (bpf_probe_read_kernel(&tail, sizeof(tail), (void *)(entry - link)))
			return CHANGED;
		socket = entry - link - bpf_core_type_size(struct sock);
		if (tail.local_addr.svm_port == port &&
		    (address_of(tail.remote_addr.svm_cid, tail.remote_addr.svm_port) == peer ||
		     net_of_socket(socket) != net))
			return socket;
		next = (__u64)(table == BOUND ? tail.bound_table.next : tail.connected_table.next);
		if (next == entry)
			return CHANGED;
		entry = next;
	}
	return entry | MORE;
}

static __always_inline __u64 first_entry(enum table table, __u32 port)
{
	return next_of(head_of(table, port));
}

static __always_inline __u64 entry_after(__u64 socket, enum table table)
{
	return next_of(socket + bpf_core_type_size(struct sock) + link_of(table));
}

/* If walk() has found no socket, sets `entry` to where to go on. */
static __always_inline bool is_no_socket(__u64 found, enum table table, __u32 port, __u64 *entry)
{
	if (found == CHANGED)
		*entry = first_entry(table, port);
	else if (found & MORE)
		*entry = found & ~(__u64)MORE;
	else
		return false;
	return true;
}

/*
 * Kernels with modes keep the sockets of local namespaces apart themselves. Not inline: the
 * compiler would move what only those kernels have out of a loop, where all kernels see it.
 */
static __noinline bool are_kept_apart(const struct net *a, const struct net *b)
{
	return netns_has_mode() && (native_mode(a) == LOCAL || native_mode(b) == LOCAL);
}

/* Whether two sockets at one port may not meet. A global function, as loops call it. */
__noinline __u32 is_stranger(__u64 net, __u64 socket, __u32 port, __u32 how)
{
	const struct net *one = (const void *)net, *other = (const void *)net_of_socket(socket);
	netns_id a, b;

	if (one == other)
		return true;
	if (are_kept_apart(one, other))
		return false;
	if (!(how & LISTENERS) && state_of_socket(socket) == TCP_LISTEN)
		return false;
	a = netns_at(one);
	b = netns_at(other);
	return are_strangers(a, b, port);
}

/* The namespace, if it is a stranger. */
static __always_inline netns_id if_stranger(netns_id id, netns_id own, __u32 port)
{
	if (id == NETNS_NONE || id == own)
		return NETNS_NONE;
	return are_strangers(own, id, port) ? id : NETNS_NONE;
}

/* A stranger that holds a port in another way than by the kernel's tables. */
static __always_inline netns_id noted_stranger(__u32 port, __u64 self, __u32 how)
{
	bool lingering = how & LINGERING && layer_state()->lingering == YES;
	/* Where sources are checked no call is recorded, and there are no slots for them. */
	bool calls = how & CALLS && !sources_are_checked;
	netns_id id = NETNS_NONE, own;

	if (!lingering && !calls)
		return NETNS_NONE;
	own = netns_at((void *)net_of_socket(self));
	if (lingering)
		id = if_stranger(lingers_at(port, own, how & HOLDERS), own, port);
	if (id == NETNS_NONE && calls)
		id = if_stranger(caller_of(port), own, port);
	return id;
}

/*
 * One step of the search for a stranger. A global function, as is seek_holder(): the verifier
 * follows each turn of a loop that calls it, and would follow all of this at each.
 */
__noinline __u64 seek_stranger(__u64 entry, __u32 port, __u64 self, __u64 peer, __u32 how)
{
	__u32 table = how & (BOUND | CONNECTED);
	__u64 net = net_of_socket(self);
	__u64 found = walk(entry, table, port, how & ANYBODY ? 0 : net, peer);

	if (found == END)
		return END;
	if (is_no_socket(found, table, port, &entry))
		return entry;
	if (found != self && is_stranger(net, found, port, how))
		return found | FOUND;
	return entry_after(found, table);
}

/*
 * The namespace of a stranger that holds the port beside the socket `self`: NETNS_NONE if there is
 * none, NETNS_UNKNOWN if that cannot be decided. With the peer `peer` any socket is a stranger.
 */
__noinline __u64 stranger_at(__u32 port, __u64 self, __u64 peer, __u32 how)
{
	netns_id noted = noted_stranger(port, self, how);
	__u64 entry = first_entry(how & (BOUND | CONNECTED), port);
	int i;

	if (noted != NETNS_NONE)
		return noted;
	for (i = 0; i < WALKS; i++) {
		entry = seek_stranger(entry, port, self, peer, how);
		if (entry == END)
			return NETNS_NONE;
		if (entry & FOUND)
			return netns_at((void *)net_of_socket(entry & ~(__u64)FOUND));
	}
	return NETNS_UNKNOWN;
}

/* A stranger that has the port in any way: packets to one socket could reach the other. */
static __always_inline netns_id stranger_beside(__u32 port, __u64 self)
{
	netns_id id = stranger_at(port, self, NO_PEER, BOUND | LISTENERS | LINGERING | CALLS);

	return id == NETNS_NONE ? stranger_at(port, self, NO_PEER, CONNECTED | LISTENERS) : id;
}

/* One step of the search for a socket that gets packets to CID and port. */
__noinline __u64 seek_holder(__u64 entry, __u32 cid, __u32 port)
{
	__u64 found = walk(entry, BOUND, port, 0, NO_PEER);
	__u32 at;

	if (found == END)
		return END;
	if (is_no_socket(found, BOUND, port, &entry))
		return entry;
	at = cid_of_socket(found);
	return at == cid || at == VMADDR_CID_ANY ? found | FOUND : entry_after(found, BOUND);
}

/*
 * Whether a socket is bound to the destination of a packet to CID and port; also if that cannot be
 * decided.
 */
__noinline __u32 has_port_holder(__u32 cid, __u32 port)
{
	__u64 entry = first_entry(BOUND, port);
	int i;

	for (i = 0; i < WALKS; i++) {
		entry = seek_holder(entry, cid, port);
		if (entry == END)
			return false;
		if (entry & FOUND)
			return true;
	}
	return true;
}

#endif
