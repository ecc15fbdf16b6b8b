// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "search.h"

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

/* A socket of the model that is open, of @ns or of the others (@own), or NULL. */
static struct model_socket *some_socket(struct making *making, int ns, bool own, bool listens)
{
	struct model_socket *found = NULL, *one;
	int count = 0, i;

	for (i = 0; i < making->model.count; i++) {
		one = &making->model.sockets[i];
		if ((one->ns == ns) != own || one->closed || !one->cid || one->port >= PORTS)
			continue;
		if (listens && one->state != M_LISTEN)
			continue;
		if (draw(making->search, ++count) == 0)
			found = one;
	}
	return found;
}

static int some_port(struct making *making)
{
	return draw(making->search, 4);
}

/* Rather one that two would share. */
static int port_to_bind(struct making *making, int ns)
{
	uint32_t way = draw(making->search, 10);
	struct model_socket *socket;

	socket = some_socket(making, ns, way < 6, false);
	if (!socket || way > 7)
		return some_port(making);
	if (way % 2 && socket->transport && socket->rport < PORTS)
		return socket->rport;
	return socket->port;
}

static uint32_t cid_to_bind(struct making *making)
{
	static const uint32_t cids[] = { 1, 1, 2, 2, ANYWHERE };

	return cids[draw(making->search, 5)];
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
	add(making, OP_BIND, ns, slot, cid_to_bind(making), port_to_bind(making, ns));
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
	struct model_socket *to = some_socket(making, ns, way < 5, way < 5);
	int slot = next_slot(making, ns);

	if (slot < 0)
		return;
	if (chance(making->search, 80))
		add(making, OP_BIND, ns, slot, cid_to_bind(making), port_to_bind(making, ns));
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
	add(making, OP_BIND, ns, first, cid_to_bind(making), listens);
	add(making, OP_LISTEN, ns, first, 0, 0);
	add(making, OP_BIND, ns, first + 1, cid_to_bind(making), dials);
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
	int ns = draw(making->search, making->search->namespaces);
	uint32_t way = draw(making->search, 100);

	if (way < 20)
		add_listener(making, ns);
	else if (way < 60)
		add_dial(making, ns);
	else if (way < 75)
		add_pair(making, ns);
	else
		add_to_socket(making, ns);
}

static void draw_plan(struct making *making)
{
	struct search *search = making->search;
	int steps = 3 + draw(search, 10);

	memset(making->plan, 0, sizeof(*making->plan));
	memset(making->slots, 0, sizeof(making->slots));
	model_begin(&making->model, search->checks_source);
	making->plan->last = draw(search, search->namespaces);
	making->plan->fill = chance(search, 25);
	while (steps--)
		add_step(making);
	model_end(&making->model, making->plan);
	search->drawn++;
}

/* Each class gets the same share of the kernel's time, and what has none a small one. */
static bool is_worth_it(struct making *making)
{
	unsigned int least = ~0U;
	int class;

	if (!making->model.classes)
		return chance(making->search, 1);
	for (class = 0; class < CLASSES; class++)
		if (making->model.crosses[class] && making->search->runs_of[class] < least)
			least = making->search->runs_of[class];
	for (class = 0; class < CLASSES; class++)
		if (making->model.crosses[class] && making->search->runs_of[class] == least)
			break;
	if (least && draw(making->search, least) > making->search->tried / 20)
		return false;
	making->search->runs_of[class]++;
	return true;
}

void search_next(struct search *search, struct plan *plan)
{
	static struct making making;

	making.search = search;
	making.plan = plan;
	do
		draw_plan(&making);
	while (!is_worth_it(&making));
	search->tried++;
}

static bool comes_again(const struct plan *plan, const struct finding *finding)
{
	struct finding other;

	return judge(plan, &other) && same_finding(&other, finding);
}

static void leave_out(struct plan *plan, int place)
{
	memmove(plan->ops + place, plan->ops + place + 1,
		(--plan->count - place) * sizeof(*plan->ops));
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
	struct plan shorter;

	while (found && shorten_by_one(plan, finding))
		;
	shorter = *plan;
	shorter.fill = false;
	if (found && plan->fill && comes_again(&shorter, finding))
		*plan = shorter;
	if (found)
		judge(plan, finding);
	run_care(before);
	return found;
}
