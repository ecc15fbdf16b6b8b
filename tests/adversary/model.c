// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "model.h"

struct packet {
	uint8_t op, ns;
	uint32_t scid, dcid;
	uint16_t sport, dport;
	const struct model_socket *from;
};

#define QUEUE 64

static struct packet queue[QUEUE];
static int queue_head, queue_tail;

static void put(struct packet packet)
{
	if (queue_tail < QUEUE)
		queue[queue_tail++] = packet;
}

static void emit(const struct model_socket *from, int op)
{
	put((struct packet){ op, from->ns, 1, from->rcid, from->port, from->rport, from });
}

static void reset_nobody(const struct packet *packet)
{
	struct packet reply = { P_RST,	       packet->ns,    packet->dcid, packet->scid,
				packet->dport, packet->sport, NULL };

	if (packet->op != P_RST)
		put(reply);
}

static bool fits(const struct model_socket *socket, uint32_t cid, uint16_t port)
{
	return socket->bound && socket->port == port &&
	       (socket->cid == cid || socket->cid == ANYWHERE || cid == ANYWHERE);
}

/* The last that came into a table is found first. */
static struct model_socket *find_bound(struct model *model, uint32_t cid, uint16_t port)
{
	struct model_socket *found = NULL, *one;

	for (one = model->sockets; one < model->sockets + model->count; one++)
		if (fits(one, cid, port) && (!found || one->bound > found->bound))
			found = one;
	return found;
}

bool model_is_free(struct model *model, uint32_t cid, uint16_t port)
{
	return !find_bound(model, cid, port);
}

static struct model_socket *find_connected(struct model *model, const struct packet *packet)
{
	struct model_socket *found = NULL, *one;

	for (one = model->sockets; one < model->sockets + model->count; one++)
		if (one->connected && one->rcid == packet->scid && one->rport == packet->sport &&
		    one->port == packet->dport && (!found || one->connected > found->connected))
			found = one;
	return found;
}

static void leave_tables(struct model_socket *socket)
{
	if (socket->dead)
		socket->bound = 0;
	socket->connected = 0;
}

static void end_connection(struct model_socket *socket)
{
	socket->done = true;
	socket->got_shutdown = true;
	socket->state = M_CLOSING;
	if (socket->dead)
		leave_tables(socket);
}

static struct model_socket *new_socket(struct model *model, int ns)
{
	struct model_socket *socket = &model->sockets[model->count];

	if (model->count == M_SOCKETS + 16)
		return NULL;
	model->count++;
	memset(socket, 0, sizeof(*socket));
	socket->ns = ns;
	return socket;
}

static void make_child(struct model *model, struct model_socket *listener,
		       const struct packet *packet)
{
	struct model_socket *child = new_socket(model, listener->ns);

	if (!child)
		return;
	child->cid = packet->dcid;
	child->port = packet->dport;
	child->rcid = packet->scid;
	child->rport = packet->sport;
	child->transport = child->child = true;
	child->state = M_EST;
	child->connected = ++model->clock;
	child->listener = listener;
	emit(child, P_RESPONSE);
}

static void at_listener(struct model *model, struct model_socket *socket,
			const struct packet *packet)
{
	if (packet->op != P_REQUEST || packet->ns != socket->ns)
		reset_nobody(packet);
	else
		make_child(model, socket, packet);
}

static void at_connecting(struct model *model, struct model_socket *socket,
			  const struct packet *packet)
{
	if (packet->op == P_RESPONSE) {
		socket->state = M_EST;
		socket->connected = ++model->clock;
		socket->sealed = packet->ns != socket->ns;
		return;
	}
	if (packet->op != P_RST)
		emit(socket, P_RST);
	socket->state = M_CLOSE;
}

static void at_established(struct model_socket *socket, const struct packet *packet)
{
	if (packet->op == P_SHUTDOWN) {
		if (!socket->done)
			emit(socket, P_RST);
		end_connection(socket);
		leave_tables(socket);
	} else if (packet->op == P_RST) {
		end_connection(socket);
	}
}

static void note_class(struct model *model, int class)
{
	model->classes += !model->crosses[class];
	model->crosses[class] = true;
}

static int sender_of(const struct packet *packet)
{
	if (!packet->from)
		return BY_NOBODY;
	if (packet->from->sealed)
		return BY_SEALED;
	return packet->from->child ? BY_CHILD : BY_DIALLED;
}

static void note_bytes(struct model *model, const struct model_socket *to,
		       const struct model_socket *from)
{
	model->bytes_to[to - model->sockets] |= 1ULL << (from - model->sockets);
	if (model->bytes_to[from - model->sockets] >> (to - model->sockets) & 1)
		note_class(model, CLASS_BOTH + to->child * 2 + from->child);
}

static void note(struct model *model, const struct model_socket *socket,
		 const struct packet *packet)
{
	if (socket->ns == packet->ns || (socket->state != M_SYN && socket->state != M_EST))
		return;
	if (packet->op == P_RW && socket->sealed)
		return;
	note_class(model,
		   CLASS(packet->op, socket->state == M_EST, socket->child, sender_of(packet)));
	if (packet->op == P_RW && packet->from)
		note_bytes(model, socket, packet->from);
}

static bool refuses_source(const struct model *model, const struct model_socket *socket,
			   const struct packet *packet)
{
	return !socket->transport || (model->checks_source && socket->rport != packet->sport);
}

static void deliver(struct model *model, const struct packet *packet)
{
	struct model_socket *socket = find_connected(model, packet);

	if (!socket)
		socket = find_bound(model, packet->dcid, packet->dport);
	if (!socket || socket->done ||
	    (socket->state != M_LISTEN && refuses_source(model, socket, packet)))
		return reset_nobody(packet);
	note(model, socket, packet);
	if (socket->cid != ANYWHERE)
		socket->cid = packet->dcid;
	switch (socket->state) {
	case M_LISTEN:
		return at_listener(model, socket, packet);
	case M_SYN:
		return at_connecting(model, socket, packet);
	case M_EST:
		return at_established(socket, packet);
	case M_CLOSING:
		if (packet->op == P_RST)
			end_connection(socket);
		return;
	default:
		return reset_nobody(packet);
	}
}

static void settle(struct model *model)
{
	struct packet packet;

	if (model->held)
		return;
	while (queue_head < queue_tail) {
		packet = queue[queue_head++];
		deliver(model, &packet);
	}
	queue_head = queue_tail = 0;
}

static struct model_socket *get(struct model *model, const struct op *op)
{
	struct model_socket **socket = &model->by_slot[op->ns][op->slot];

	if (!*socket) {
		*socket = new_socket(model, op->ns);
		if (*socket)
			(*socket)->slot = op->slot;
	}
	return *socket;
}

static void bind_to(struct model *model, struct model_socket *socket, uint32_t cid, uint16_t port)
{
	if (socket->cid || find_bound(model, cid, port))
		return;
	socket->cid = cid;
	socket->port = port;
	socket->bound = ++model->clock;
}

static void dial(struct model *model, struct model_socket *socket, const struct op *op)
{
	if (socket->state != M_CLOSE || op->number >= GUEST_CID)
		return;
	if (!socket->cid)
		bind_to(model, socket, ANYWHERE, model->next_port++);
	if (model->next_port == NEXT_PORT + 1)
		model->next_port = 100;
	/* It was taken. */
	if (!socket->cid)
		bind_to(model, socket, ANYWHERE, model->next_port++);
	socket->rcid = op->number;
	socket->rport = op->port;
	socket->transport = true;
	socket->state = M_SYN;
	emit(socket, P_REQUEST);
}

static void let_go(struct model *model, struct model_socket *socket)
{
	struct model_socket *child;

	socket->closed = socket->dead = true;
	if (socket->state == M_EST && !socket->got_shutdown) {
		emit(socket, P_SHUTDOWN);
		return;
	}
	if (socket->state == M_EST || socket->state == M_CLOSING)
		emit(socket, P_RST);
	leave_tables(socket);
	for (child = model->sockets; child < model->sockets + model->count; child++)
		if (child->listener == socket && !child->dead)
			let_go(model, child);
}

static void accept_from(struct model *model, const struct op *op)
{
	struct model_socket *listener = model->by_slot[op->ns][op->number], *child;

	if (!listener || model->by_slot[op->ns][op->slot])
		return;
	for (child = model->sockets; child < model->sockets + model->count; child++)
		if (child->listener == listener && !child->closed) {
			child->listener = NULL;
			child->slot = op->slot;
			model->by_slot[op->ns][op->slot] = child;
			return;
		}
}

static void call(struct model *model, struct model_socket *socket, const struct op *op)
{
	switch (op->kind) {
	case OP_BIND:
		return bind_to(model, socket, op->number, op->port);
	case OP_LISTEN:
		if (socket->cid && socket->state == M_CLOSE && !socket->transport)
			socket->state = M_LISTEN;
		return;
	case OP_DIAL:
		return dial(model, socket, op);
	case OP_SEND:
		if (socket->state == M_EST && !socket->got_shutdown && !socket->sealed)
			emit(socket, P_RW);
		return;
	case OP_BUFFER:
		if (socket->transport)
			emit(socket, P_UPDATE);
		return;
	case OP_SHUT:
		/* Also when it was refused, until it is asked for the error. */
		if (socket->transport && socket->state != M_CLOSING)
			emit(socket, P_SHUTDOWN);
		return;
	case OP_CLOSE:
		return let_go(model, socket);
	}
}

void model_op(struct model *model, const struct op *op)
{
	struct model_socket *socket;

	if (op->kind == OP_ACCEPT)
		return accept_from(model, op);
	if (op->kind == OP_SERVE || op->kind == OP_INJECT)
		return;
	if (op_is_nobodys(op)) {
		model->held = op->kind == OP_HOLD;
		return settle(model);
	}
	socket = get(model, op);
	if (socket && !socket->closed)
		call(model, socket, op);
	settle(model);
}

void model_begin(struct model *model, bool checks_source)
{
	memset(model, 0, sizeof(*model));
	model->checks_source = checks_source;
	model->next_port = NEXT_PORT;
	queue_head = queue_tail = 0;
}

static void close_all(struct model *model, int ns, bool same)
{
	int i;

	for (i = 0; i < model->count; i++)
		if ((model->sockets[i].ns == ns) == same && !model->sockets[i].closed) {
			let_go(model, &model->sockets[i]);
			settle(model);
		}
}

void model_end(struct model *model, const struct plan *plan)
{
	int i;

	model->held = false;
	settle(model);
	for (i = 0; i < model->count; i++) {
		if (model->sockets[i].state == M_EST && !model->sockets[i].closed &&
		    !model->sockets[i].sealed)
			emit(&model->sockets[i], P_RW);
		settle(model);
	}
	close_all(model, plan->last, false);
}
