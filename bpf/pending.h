/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where packets carry no socket (5.10) a packet is seen by its address alone, and who sent it is
 * noted until it arrives:
 *
 *	connect()        -> by task
 *	request is made  -> by source port, which only one living socket can own
 *	answer is made   -> in order: one task makes all answers, and delivers them
 *
 * Each has places that are found without a call, and a map for who finds his place taken. With
 * either what is in the map is asked for, too, so it does not matter who got which.
 */
#ifndef PENDING_H
#define PENDING_H

#include "delivery.h"

#define PLACES 1024

/* By number of the task, and by source port. */
static struct pending connecting[PLACES], requested[PLACES];

/*
 * Who finds himself alone may write until he leaves, as who comes later sees two. Nobody waits:
 * who is not alone does without.
 */
static __always_inline bool enter_alone(struct pending *place)
{
	__sync_fetch_and_add(&place->writers, 1);
	return *(volatile __u32 *)&place->writers == 1;
}

static __always_inline void leave_place(struct pending *place)
{
	__sync_fetch_and_add(&place->writers, -1);
}

/* The key comes last: whoever finds it finds the rest. */
static __always_inline void fill_place(struct pending *place, const struct pending *with)
{
	place->origin = with->origin;
	place->socket = with->socket;
	barrier();
	place->key = with->key;
}

static __always_inline bool claim(struct pending *place, const struct pending *with)
{
	bool is_free = enter_alone(place) && !place->key;

	if (is_free)
		fill_place(place, with);
	leave_place(place);
	return is_free;
}

static __always_inline bool release(struct pending *place, __u64 key, __u64 socket)
{
	bool is_it = enter_alone(place) && place->key == key && place->socket == socket;

	if (is_it)
		place->key = 0;
	leave_place(place);
	return is_it;
}

/*
 * A task that has a place is the only one that writes there until its request is made. Who never
 * makes it keeps the place, so who may not get that far does not ask for one.
 */
static __always_inline void note_connect(struct socket *sock, struct sock *sk)
{
	__u32 tid = current_tid();
	struct pending new = { .key = tid, .origin = netns_of_sock(sk), .socket = (__u64)sk };
	struct pending *place = &connecting[tid % PLACES];

	if (place->key == tid)
		fill_place(place, &new);
	else if (sock->state != SS_UNCONNECTED || !claim(place, &new))
		bpf_map_update_elem(&connects, &tid, &new, BPF_ANY);
}

static __always_inline struct pending *noted_connect(void)
{
	__u32 tid = current_tid();
	struct pending *place = &connecting[tid % PLACES];

	return place->key == tid ? place : bpf_map_lookup_elem(&connects, &tid);
}

/* How many requests have a place, and how many are in the map; or a few more. */
static __u64 placed, mapped;

static __always_inline __u64 key_of(__u32 port)
{
	return 1ULL << 32 | port;
}

static __always_inline struct pending *place_of_request(__u32 port)
{
	return &requested[port % PLACES];
}

static __always_inline void map_request(__u32 port, const struct pending *new)
{
	struct pending *other;

	__sync_fetch_and_add(&mapped, 1);
	if (!bpf_map_update_elem(&requests, &port, new, BPF_NOEXIST))
		return;
	__sync_fetch_and_add(&mapped, -1);
	other = bpf_map_lookup_elem(&requests, &port);
	if (!other)
		return;
	if (other->origin != new->origin)
		other->origin = NETNS_UNKNOWN;
	other->socket = new->socket;
}

static __always_inline void request_made(__u32 port)
{
	struct pending *noted = noted_connect(), new;

	if (!noted)
		return;
	new = (struct pending){ .key = key_of(port),
				.origin = noted->origin,
				.socket = noted->socket };
	noted->key = 0;
	__sync_fetch_and_add(&placed, 1);
	if (claim(place_of_request(port), &new))
		return;
	__sync_fetch_and_add(&placed, -1);
	map_request(port, &new);
}

static __always_inline void remove_placed(struct pending *place, __u64 key, __u64 socket)
{
	if (release(place, key, socket))
		__sync_fetch_and_add(&placed, -1);
}

static __always_inline void remove_mapped(__u32 port)
{
	if (!bpf_map_delete_elem(&requests, &port))
		__sync_fetch_and_add(&mapped, -1);
}

static __always_inline netns_id take_mapped(__u32 port)
{
	struct pending *pending = bpf_map_lookup_elem(&requests, &port);
	netns_id origin = pending ? pending->origin : NETNS_NONE;

	if (pending)
		remove_mapped(port);
	return origin;
}

/* Two that are pending with one port and not of one namespace: nobody knows which this is. */
static __always_inline netns_id take_request_made(__u32 port)
{
	struct pending *place = place_of_request(port);
	netns_id origin = NETNS_NONE, other;

	if (place->key == key_of(port)) {
		origin = place->origin;
		remove_placed(place, key_of(port), place->socket);
	}
	if (mapped) {
		other = take_mapped(port);
		if (origin == NETNS_NONE)
			origin = other;
		else if (other != NETNS_NONE && other != origin)
			origin = NETNS_UNKNOWN;
	}
	return origin == NETNS_NONE ? NETNS_UNKNOWN : origin;
}

/* A request that was cancelled never arrives: what is noted of it goes with its socket. */
static __always_inline void forget_request(struct sock *sk)
{
	struct pending *pending;
	__u32 port;

	if (!placed && !mapped)
		return;
	port = bound_port(sk);
	remove_placed(place_of_request(port), key_of(port), (__u64)sk);
	pending = bpf_map_lookup_elem(&requests, &port);
	if (pending && pending->socket == (__u64)sk)
		remove_mapped(port);
}

/*
 * The answer that arrives next, if only one was made; the others are in the ring. Not a struct: the
 * compiler takes one apart that is only used by its parts, and 5.10 then refuses the types.
 */
static __u64 next_answer;
static netns_id next_answer_origin;

/* Numbers in the ring of the next answer to make and to deliver. */
static __u32 next_made, next_delivered;

static __always_inline void put_in_ring(__u64 key, netns_id origin)
{
	__u32 place = next_made % MAX_ANSWERS;
	struct answer_made *answer = bpf_map_lookup_elem(&answers, &place);

	if (!answer || next_made - next_delivered >= MAX_ANSWERS)
		return;
	answer->key = key;
	answer->origin = origin;
	next_made++;
}

/* In the task that delivers the request, right after the gate has let it through. */
static __always_inline void answer_made(__u32 port)
{
	netns_id origin = loopback.delivery.listener;

	if (!is_delivering_loopback() || loopback.delivery.step != TAKEN)
		return;
	if (next_answer || next_made != next_delivered) {
		put_in_ring(key_of(port), origin);
		return;
	}
	next_answer = key_of(port);
	next_answer_origin = origin;
}

static __always_inline netns_id take_from_ring(__u32 port)
{
	struct answer_made *answer;
	__u32 number, place, i;

	for (i = 0; i < 64; i++) {
		number = next_delivered + i;
		place = number % MAX_ANSWERS;
		answer = bpf_map_lookup_elem(&answers, &place);
		if (!answer || number == next_made)
			break;
		if (answer->key != key_of(port))
			continue;
		next_delivered = number + 1;
		return answer->origin;
	}
	return NETNS_UNKNOWN;
}

/* What was made before an answer that arrives has been lost on its way. */
static __always_inline netns_id take_answer_made(__u32 port)
{
	bool is_next = next_answer == key_of(port);

	next_answer = 0;
	return is_next ? next_answer_origin : take_from_ring(port);
}

#endif
