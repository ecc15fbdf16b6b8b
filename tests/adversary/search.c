// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "search.h"

#define DRAWS_MAX    200   /* for one plan */
#define DRAWS_BEFORE 30000 /* until there are states to go on from */

static uint32_t draw(struct search *search, uint32_t below)
{
	search->random ^= search->random << 13;
	search->random ^= search->random >> 7;
	search->random ^= search->random << 17;
	return (search->random >> 20) % below;
}

static bool chance(struct search *search, int percent)
{
	return draw(search, 100) < (uint32_t)percent;
}

/* A plan while it is made. */
struct making {
	struct search *search;
	struct plan *plan;
	struct model model;
	int slots[NAMESPACES];
	int ns, namespaces;
};

static void add(struct making *making, int kind, int ns, int slot, uint32_t number, int port)
{
	struct op op = { .kind = kind, .ns = ns, .slot = slot, .number = number, .port = port };

	if (plan_add(making->plan, op))
		model_op(&making->model, &op);
}

static int next_slot(struct making *making, int ns)
{
	return making->slots[ns] < OWN_SLOTS ? making->slots[ns]++ : -1;
}

#define ANY_STATE (-1)

/* A socket of the model that is open, of @ns or of the others (@own), or NULL. */
static struct model_socket *some_socket(struct making *making, int ns, bool own, int state)
{
	struct model_socket *found = NULL, *one;
	int count = 0, i;

	for (i = 0; i < making->model.count; i++) {
		one = &making->model.sockets[i];
		if ((one->ns == ns) != own || one->closed || !one->cid || one->port >= PORTS)
			continue;
		if (state != ANY_STATE && one->state != state)
			continue;
		if (draw(making->search, ++count) == 0)
			found = one;
	}
	return found;
}

static int some_port(struct making *making)
{
	return chance(making->search, 5) ? NEXT_PORT : (int)draw(making->search, 4);
}

/* Rather one that two would share. */
static int port_to_bind(struct making *making, int ns)
{
	uint32_t way = draw(making->search, 10);
	struct model_socket *socket;

	socket = some_socket(making, ns, way < 6, way < 3 ? M_SYN : ANY_STATE);
	if (!socket || way > 7)
		return some_port(making);
	if (way % 2 && socket->transport && socket->rport < PORTS)
		return socket->rport;
	return socket->port;
}

/* Rather one with which the port is free. */
static void add_bind(struct making *making, int ns, int slot, int port)
{
	static const uint32_t cids[] = { 1, 2, 1, 2, ANYWHERE };
	uint32_t first = draw(making->search, 5), i, cid = cids[first];

	for (i = 0; i < 3 && !model_is_free(&making->model, cid, port); i++)
		cid = cids[(first + i) % 5];
	add(making, OP_BIND, ns, slot, cid, port);
}

static uint32_t cid_to_dial(struct making *making)
{
	return chance(making->search, 70) ? 1 : 2;
}

static void add_listener(struct making *making, int ns)
{
	int slot = next_slot(making, ns);

	if (slot < 0)
		return;
	add_bind(making, ns, slot, port_to_bind(making, ns));
	add(making, OP_LISTEN, ns, slot, 0, 0);
}

static const uint32_t sizes[] = { 1000, 5000, 200000, 700000 };

static void add_buffer(struct making *making, int ns, int slot)
{
	add(making, OP_BUFFER, ns, slot, sizes[draw(making->search, 4)], 0);
}

static void add_dial(struct making *making, int ns)
{
	uint32_t way = draw(making->search, 10);
	struct model_socket *to;
	int slot;

	to = some_socket(making, ns, way < 5, way < 5 ? M_LISTEN : ANY_STATE);
	if (!to && way < 5)
		return add_listener(making, ns);
	slot = next_slot(making, ns);
	if (slot < 0)
		return;
	if (chance(making->search, 80))
		add_bind(making, ns, slot, port_to_bind(making, ns));
	if (chance(making->search, 10))
		add_buffer(making, ns, slot);
	add(making, OP_DIAL, ns, slot, cid_to_dial(making), to ? to->port : some_port(making));
}

/* Listener, connection and, perhaps, its other end. */
static void add_pair(struct making *making, int ns)
{
	int first = making->slots[ns], listens = some_port(making), dials = some_port(making);

	if (first + 3 > OWN_SLOTS)
		return;
	making->slots[ns] += 3;
	add_bind(making, ns, first, listens);
	add(making, OP_LISTEN, ns, first, 0, 0);
	add_bind(making, ns, first + 1, dials);
	add(making, OP_DIAL, ns, first + 1, cid_to_dial(making), listens);
	if (chance(making->search, 50))
		add(making, OP_ACCEPT, ns, first + 2, first, 0);
}

static void add_to_socket(struct making *making, int ns)
{
	int slot = making->slots[ns] ? draw(making->search, making->slots[ns]) : 0;
	uint32_t way = draw(making->search, 10);

	if (!making->model.by_slot[ns][slot])
		return;
	if (way < 6)
		add(making, OP_CLOSE, ns, slot, 0, 0);
	else if (way < 7)
		add_buffer(making, ns, slot);
	else if (way < 8)
		add(making, OP_SHUT, ns, slot, draw(making->search, 3), 0);
	else if (way < 9)
		add(making, OP_SEND, ns, slot, 1 + draw(making->search, 3000), 0);
	else
		add(making, OP_RECV, ns, slot, 0, 0);
}

static void add_step(struct making *making)
{
	uint32_t way = draw(making->search, 100);
	int ns;

	if (chance(making->search, 40))
		making->ns = draw(making->search, making->namespaces);
	ns = making->ns;

	if (way < 20)
		add_listener(making, ns);
	else if (way < 60)
		add_dial(making, ns);
	else if (way < 75)
		add_pair(making, ns);
	else
		add_to_socket(making, ns);
}

/*
 * States that were reached are kept by what is peculiar to them: of each two sockets one of which
 * points at the port of the other, or shares it, how they stand to each other. Plans that go on
 * from a state that is rarely reached get further than those that begin with nothing.
 */
struct kept {
	struct plan plan;
	int slots[NAMESPACES];
};

#define PECULIAR 4096
#define EXAMPLES 2

static struct kept kept[PECULIAR][EXAMPLES];
static int peculiar[PECULIAR], peculiar_count;
static unsigned int reached[PECULIAR];

static int kind_of(const struct model_socket *socket)
{
	return (socket->state * 2 + socket->child) * 2 + socket->closed;
}

static bool has_listener(const struct model *model, int ns)
{
	const struct model_socket *one;

	for (one = model->sockets; one < model->sockets + model->count; one++)
		if (one->ns == ns && one->state == M_LISTEN && !one->closed)
			return true;
	return false;
}

/* 0: nothing peculiar. */
static int relation(const struct model *model, const struct model_socket *one,
		    const struct model_socket *other)
{
	bool points = one->transport && one->rport == other->port && other->cid;
	bool shares = one->port == other->port && one->cid && other->cid;
	bool back = other->transport && other->rport == one->port;
	int kinds = kind_of(one) / 2 * 20 + kind_of(other);

	if (one == other || (!points && !shares) || one->port >= PORTS || one->closed ||
	    (one->ns == other->ns && !shares))
		return 0;
	return 1 + kinds * 16 + points * 8 + back * 4 + (one->ns == other->ns) * 2 +
	       has_listener(model, one->ns);
}

static void keep(struct making *making, int place)
{
	struct kept *kept_here = kept[place], *to = &kept_here[draw(making->search, EXAMPLES)];

	reached[place]++;
	if (!kept_here[0].plan.count) {
		peculiar[peculiar_count++] = place;
		kept_here[0].plan = kept_here[1].plan = *making->plan;
		memcpy(kept_here[0].slots, making->slots, sizeof(making->slots));
		memcpy(kept_here[1].slots, making->slots, sizeof(making->slots));
	} else if (making->plan->count <= to->plan.count) {
		to->plan = *making->plan;
		memcpy(to->slots, making->slots, sizeof(making->slots));
	}
}

static void keep_peculiar(struct making *making)
{
	struct model_socket *one = making->model.sockets, *end = one + making->model.count, *other;
	int place;

	for (; one < end; one++)
		for (other = making->model.sockets; other < end; other++) {
			place = relation(&making->model, one, other);
			if (place)
				keep(making, place);
		}
}

static void leave_out(struct plan *plan, int place)
{
	memmove(plan->ops + place, plan->ops + place + 1,
		(--plan->count - place) * sizeof(*plan->ops));
}

/* Of some the one that was reached least often. */
static int rare_place(struct search *search)
{
	int one = peculiar[draw(search, peculiar_count)], i, other;

	for (i = 0; i < 3; i++) {
		other = peculiar[draw(search, peculiar_count)];
		one = reached[other] < reached[one] ? other : one;
	}
	return one;
}

static void go_on(struct making *making)
{
	int place = rare_place(making->search), i;
	const struct kept *from = &kept[place][draw(making->search, EXAMPLES)];

	*making->plan = from->plan;
	memcpy(making->slots, from->slots, sizeof(making->slots));
	if (chance(making->search, 20))
		leave_out(making->plan, draw(making->search, making->plan->count));
	for (i = 0; i < making->plan->count; i++)
		model_op(&making->model, &making->plan->ops[i]);
}

/* What a guest does; the model knows nothing of guests. */
static void add_guest_step(struct making *making, int ns)
{
	struct model_socket *to = some_socket(making, ns, false, ANY_STATE);
	struct op op = { .kind = OP_INJECT, .ns = ns, .slot = GUEST_SLOT };
	int slot;

	op.port = some_port(making);
	op.to = to ? to->port : some_port(making);
	op.number = 1 + draw(making->search, 7);
	if (chance(making->search, 60)) {
		plan_add(making->plan, op);
		return;
	}
	op.kind = OP_SERVE;
	plan_add(making->plan, op);
	slot = next_slot(making, ns);
	if (slot < 0)
		return;
	if (chance(making->search, 80))
		add_bind(making, ns, slot, port_to_bind(making, ns));
	add(making, OP_DIAL, ns, slot, GUEST_CID + ns, op.port);
}

static void draw_guest_plan(struct making *making)
{
	int steps = 2 + draw(making->search, 7);

	memset(making->plan, 0, sizeof(*making->plan));
	memset(making->slots, 0, sizeof(making->slots));
	model_begin(&making->model, making->search->checks_source);
	making->namespaces = 2;
	making->ns = 0;
	making->plan->last = draw(making->search, 2);
	while (steps--)
		if (chance(making->search, 70))
			add_guest_step(making, draw(making->search, 2));
		else
			add_step(making);
}

static void draw_plan(struct making *making)
{
	struct search *search = making->search;
	bool goes_on = peculiar_count && chance(search, 70);
	int steps = goes_on ? 1 + draw(search, 4) : 3 + draw(search, 10);
	bool holds_up;

	memset(making->plan, 0, sizeof(*making->plan));
	memset(making->slots, 0, sizeof(making->slots));
	model_begin(&making->model, search->checks_source);
	if (goes_on)
		go_on(making);
	making->namespaces = chance(search, 70) ? 2 : search->namespaces;
	making->ns = draw(search, making->namespaces);
	making->plan->last = draw(search, making->namespaces);
	making->plan->fill = chance(search, 25) ? FILL_UP + draw(search, 2) : FILL_NONE;
	making->plan->seqpacket = chance(search, 10);
	holds_up = chance(search, 15);
	while (steps--) {
		if (holds_up && chance(search, 40))
			add(making, making->model.held ? OP_FREE : OP_HOLD, 0, 0, 0, 0);
		add_step(making);
		if (!making->model.held)
			keep_peculiar(making);
	}
	model_end(&making->model, making->plan);
	search->drawn++;
}

/* The class of this plan that has had the least of the kernel's time; -1 if it has none. */
static int rarest_class(const struct making *making)
{
	const unsigned int *runs = making->search->runs_of;
	int class, found = -1;

	for (class = 0; class < CLASSES; class ++)
		if (making->model.crosses[class] && (found < 0 || runs[class] < runs[found]))
			found = class;
	return found;
}

static int classes_seen(const struct search *search)
{
	int class, count = 1;

	for (class = 0; class < CLASSES; class ++)
		count += search->runs_of[class] > 0;
	return count;
}

/* Each class gets the same share of the kernel's time, and what has none a small one. */
static bool is_worth_it(struct making *making, int draws)
{
	struct search *search = making->search;
	int class = rarest_class(making);

	if (class < 0)
		return chance(search, 1);
	if (draws < DRAWS_MAX &&
	    (unsigned long)search->runs_of[class] * classes_seen(search) > search->tried / 2)
		return false;
	search->runs_of[class]++;
	return true;
}

void search_prepare(struct search *search)
{
	static struct making making;
	static struct plan plan;
	int i;

	making.search = search;
	making.plan = &plan;
	for (i = 0; i < DRAWS_BEFORE; i++)
		draw_plan(&making);
}

void search_next(struct search *search, struct plan *plan)
{
	static struct making making;
	int draws = 0;

	making.search = search;
	making.plan = plan;
	search->tried++;
	if (chance(search, 10))
		return draw_guest_plan(&making);
	do
		draw_plan(&making);
	while (!is_worth_it(&making, draws++));
}

static bool comes_again(const struct plan *plan, const struct finding *finding)
{
	struct finding other;

	return judge_again(plan, finding, &other) && same_finding(&other, finding);
}

/* All that one socket does. */
static void shorten_by_socket(struct plan *plan, const struct finding *finding)
{
	struct plan shorter;
	int socket, i;

	for (socket = 0; socket < NAMESPACES * SLOTS; socket++) {
		shorter = *plan;
		for (i = shorter.count - 1; i >= 0; i--)
			if (shorter.ops[i].ns * SLOTS + shorter.ops[i].slot == socket)
				leave_out(&shorter, i);
		if (shorter.count < plan->count && comes_again(&shorter, finding))
			*plan = shorter;
	}
}

static bool shorten_by_one(struct plan *plan, const struct finding *finding)
{
	struct plan shorter;
	int i;

	for (i = plan->count - 1; i >= 0; i--) {
		shorter = *plan;
		leave_out(&shorter, i);
		if (!comes_again(&shorter, finding))
			continue;
		*plan = shorter;
		return true;
	}
	return false;
}

bool shorten(struct plan *plan, struct finding *finding)
{
	bool before = run_care(true), found = comes_again(plan, finding);
	struct finding former = *finding;
	struct plan shorter;

	if (found)
		shorten_by_socket(plan, finding);
	while (found && shorten_by_one(plan, finding))
		;
	shorter = *plan;
	shorter.fill = FILL_NONE;
	if (found && plan->fill && comes_again(&shorter, finding))
		*plan = shorter;
	if (found)
		judge_again(plan, &former, finding);
	run_care(before);
	return found;
}
