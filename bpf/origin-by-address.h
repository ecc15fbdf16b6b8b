/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where packets carry no socket (5.10) only a packet's address is known, and its sender is recorded
 * until it arrives:
 *
 *	connect()           -> by task
 *	request is created  -> by source port, which one socket has, or one of each CID
 *	answer is created   -> in order: one task creates all answers, and delivers them
 *
 * Requests have slots, which are found without a helper, and fall back to a map when the slot is
 * occupied.
 */
#ifndef ORIGIN_BY_ADDRESS_H
#define ORIGIN_BY_ADDRESS_H

#include "alone.h"
#include "delivery.h"
#include "kernel.h"
#include "netns.h"

#define SLOTS 1024

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded" /* see bpf/maps.h */

/* A request over loopback between connect() and its delivery. */
struct pending {
	__u64 key;     /* the task that is in connect(), or the port; 0: free */
	__u32 writers; /* tasks that are about to write here */
	__u32 unused;
	netns_id origin;
	__u64 socket; /* the connecting socket's address, as an identity only */
};

#pragma GCC diagnostic pop

/*
 * Connecting sockets by task, if the task's slot is occupied. The task's next connect overwrites
 * it. LRU removes the oldest; a request whose record is lost is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct pending);
} connects SEC(".maps");

/*
 * Requests on their way by source port, if the port's slot is occupied. Removed by delivery or with
 * the socket, so a flood costs a socket for each entry. A request that finds no room is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct pending);
} requests SEC(".maps");

/* Slots by task and by source port. */
static struct pending connect_slots[SLOTS], request_slots[SLOTS];

/* The key is written last: a reader that finds it finds the rest. */
static __always_inline void fill_slot(struct pending *slot, const struct pending *with)
{
	slot->origin = with->origin;
	slot->socket = with->socket;
	barrier();
	slot->key = with->key;
}

/* Reading that the slot is occupied disturbs no writer. */
static __always_inline bool claim_slot(struct pending *slot, const struct pending *with)
{
	bool is_free;

	if (slot->key)
		return false;
	is_free = enter_alone(&slot->writers) && !slot->key;
	if (is_free)
		fill_slot(slot, with);
	leave(&slot->writers);
	return is_free;
}

/*
 * Tries again if it is not alone, because a record that stays would be taken for that of the next
 * socket with its port. Others enter an occupied slot for a few instructions at most.
 */
static __always_inline bool release_slot(struct pending *slot, __u64 key, __u64 socket)
{
	bool alone = false, is_it = false;
	int i;

	for (i = 0; i < 64 && !alone && slot->key == key; i++) {
		alone = enter_alone(&slot->writers);
		is_it = alone && slot->key == key && slot->socket == socket;
		if (is_it)
			slot->key = 0;
		leave(&slot->writers);
	}
	return is_it;
}

/*
 * Copies a map entry, which can be given to another key at any moment. The copy is valid if the key
 * still has the same entry.
 */
static __always_inline bool read_pending(void *map, const __u32 *key, struct pending *copy)
{
	struct pending *entry = bpf_map_lookup_elem(map, key);

	if (!entry)
		return false;
	copy->origin = entry->origin;
	copy->socket = entry->socket;
	barrier();
	return bpf_map_lookup_elem(map, key) == entry;
}

static __always_inline struct pending *slot_of_task(__u32 tid)
{
	return &connect_slots[tid % SLOTS];
}

/* Whether a task ever found its slot occupied. */
static bool connects_in_map;

/*
 * A task that has a slot is the only one that writes there until its request is made. A task whose
 * connect() makes no request keeps its slot, so a slot is not claimed where the kernel may refuse.
 */
static __always_inline void note_connect(struct socket *sock, struct sock *sk)
{
	__u32 tid = current_tid();
	struct pending new = { .key = tid, .origin = netns_of_sock(sk), .socket = (__u64)sk };
	struct pending *slot = slot_of_task(tid);

	if (slot->key == tid) {
		fill_slot(slot, &new);
		return;
	}
	if (sock->state == SS_UNCONNECTED && claim_slot(slot, &new))
		return;
	connects_in_map = true;
	if (bpf_map_update_elem(&connects, &tid, &new, BPF_ANY))
		bpf_map_delete_elem(&connects, &tid);
}

/* The record of an earlier connect() must not be taken for this one's. */
static __always_inline void forget_connect(void)
{
	__u32 tid = current_tid();
	struct pending *slot = slot_of_task(tid);

	if (slot->key == tid)
		slot->key = 0;
	if (connects_in_map)
		bpf_map_delete_elem(&connects, &tid);
}

static __always_inline bool take_noted(struct pending *noted)
{
	__u32 tid = current_tid();
	struct pending *slot = slot_of_task(tid);

	if (slot->key == tid) {
		noted->origin = slot->origin;
		noted->socket = slot->socket;
		barrier();
		slot->key = 0;
		return true;
	}
	if (!connects_in_map || !read_pending(&connects, &tid, noted))
		return false;
	bpf_map_delete_elem(&connects, &tid);
	return true;
}

/* Requests in slots, and in the map; never fewer than there are. */
static __u64 requests_in_slots, requests_in_map;

static __always_inline __u64 key_of(__u32 port)
{
	return 1ULL << 32 | port;
}

static __always_inline struct pending *slot_of_request(__u32 port)
{
	return &request_slots[port % SLOTS];
}

/* A request that cannot be recorded must not be taken for another one with its port. */
static __always_inline void mark_origin_unknown(__u32 port)
{
	struct pending *slot = slot_of_request(port);
	struct pending *other = bpf_map_lookup_elem(&requests, &port);

	if (slot->key == key_of(port))
		slot->origin = NETNS_UNKNOWN;
	if (other)
		other->origin = NETNS_UNKNOWN;
}

static __always_inline void put_in_map(__u32 port, const struct pending *new)
{
	struct pending *other;

	__sync_fetch_and_add(&requests_in_map, 1);
	if (!bpf_map_update_elem(&requests, &port, new, BPF_NOEXIST))
		return;
	__sync_fetch_and_add(&requests_in_map, -1);
	other = bpf_map_lookup_elem(&requests, &port);
	if (!other || other->origin != new->origin)
		mark_origin_unknown(port);
	if (other)
		other->socket = new->socket;
}

static __always_inline void request_made(__u32 port)
{
	struct pending new = { .key = key_of(port) };

	if (!take_noted(&new)) {
		mark_origin_unknown(port);
		return;
	}
	__sync_fetch_and_add(&requests_in_slots, 1);
	if (claim_slot(slot_of_request(port), &new))
		return;
	__sync_fetch_and_add(&requests_in_slots, -1);
	put_in_map(port, &new);
}

static __always_inline void remove_from_slot(struct pending *slot, __u64 key, __u64 socket)
{
	if (release_slot(slot, key, socket))
		__sync_fetch_and_add(&requests_in_slots, -1);
}

static __always_inline void remove_from_map(__u32 port)
{
	if (!bpf_map_delete_elem(&requests, &port))
		__sync_fetch_and_add(&requests_in_map, -1);
}

static __always_inline bool read_from_map(__u32 port, struct pending *copy)
{
	return requests_in_map && read_pending(&requests, &port, copy);
}

static __always_inline netns_id take_from_map(__u32 port)
{
	struct pending request;

	if (!read_from_map(port, &request))
		return NETNS_UNKNOWN;
	remove_from_map(port);
	loopback.packet.sender = request.socket;
	return request.origin;
}

/*
 * If two requests with one port and different origins are on their way, the origin is unknown. A
 * request in the map came later than the one in the slot.
 */
static __always_inline netns_id take_request_made(__u32 port)
{
	struct pending *slot = slot_of_request(port), other;
	netns_id origin = slot->origin;
	__u64 socket = slot->socket;

	barrier();
	if (slot->key != key_of(port))
		return take_from_map(port);
	loopback.packet.sender = socket;
	remove_from_slot(slot, key_of(port), socket);
	if (read_from_map(port, &other) && other.origin != origin)
		return NETNS_UNKNOWN;
	return origin;
}

/* A request that was cancelled never arrives: its record is removed with its socket. */
static __always_inline void forget_request(struct sock *sk)
{
	struct pending request;
	__u32 port;

	if (!requests_in_slots && !requests_in_map)
		return;
	port = bound_port(sk);
	remove_from_slot(slot_of_request(port), key_of(port), (__u64)sk);
	if (read_from_map(port, &request) && request.socket == (__u64)sk)
		remove_from_map(port);
}

#define MAX_ANSWERS 16384

/* An answer over loopback between its creation and its delivery. */
struct answer_made {
	__u64 key; /* the destination port */
	netns_id origin;
};

/*
 * Answers on their way, a ring by number. One task creates them and delivers them in the same
 * order. An answer that finds no room has no origin, and its socket is sealed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_ANSWERS);
	__type(key, __u32);
	__type(value, struct answer_made);
} answers SEC(".maps");

/*
 * The next answer to arrive, if it is the only one; else the ring has them. Not a struct: the
 * compiler splits a static struct that is used only by its members, and 5.10 refuses the types that
 * result.
 */
static __u64 next_answer;
static netns_id next_answer_origin;

/* Ring numbers of the next answer to create and to deliver. */
static __u32 next_made, next_delivered;

static __always_inline bool is_ring_full(void)
{
	return next_made - next_delivered >= MAX_ANSWERS;
}

static __always_inline void put_in_ring(__u64 key, netns_id origin)
{
	__u32 slot = next_made % MAX_ANSWERS;
	struct answer_made *answer = bpf_map_lookup_elem(&answers, &slot);

	if (!answer || is_ring_full())
		return;
	answer->key = key;
	answer->origin = origin;
	next_made++;
}

/* Runs in the task that delivers the request, right after the gate has let it through. */
static __always_inline void answer_made(__u32 port)
{
	netns_id origin = loopback.packet.listener;

	if (!is_delivering_loopback() || loopback.packet.kind != CONSUMED)
		return;
	if (next_answer || next_made != next_delivered) {
		put_in_ring(key_of(port), origin);
		return;
	}
	next_answer = key_of(port);
	next_answer_origin = origin;
	loopback.judged.child = next_answer;
}

static __always_inline netns_id take_from_ring(__u32 port)
{
	struct answer_made *answer;
	__u32 number, slot, i;

	for (i = 0; i < 64; i++) {
		number = next_delivered + i;
		slot = number % MAX_ANSWERS;
		answer = bpf_map_lookup_elem(&answers, &slot);
		if (!answer || number == next_made)
			break;
		if (answer->key != key_of(port))
			continue;
		next_delivered = number + 1;
		return answer->origin;
	}
	return NETNS_UNKNOWN;
}

/* Answers that were created before the one that arrives were lost on their way. */
static __always_inline netns_id sender_of_answer(__u32 port)
{
	bool is_next = next_answer == key_of(port);
	netns_id origin = next_answer_origin;

	loopback.packet.sender = is_next ? next_answer : 0;
	if (!is_next) {
		origin = take_from_ring(port);
		if (origin == NETNS_UNKNOWN)
			return origin;
	}
	next_answer = 0;
	return origin;
}

/* A request whose answer would find no room is refused. */
static __always_inline netns_id sender_of_request(__u32 port)
{
	netns_id sender = take_request_made(port);

	return is_ring_full() ? NETNS_UNKNOWN : sender;
}

#endif
