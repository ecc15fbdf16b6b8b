/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan is a sequence of calls that sockets of several namespaces make, one after the other.
 * As text it is a call a line (or between semicolons):
 *
 *	A0 bind 1 p		namespace A, socket 0; made when it is first named
 *	A0 listen
 *	B1 dial 2 q		connect(), which does not wait
 *	A2 accept 0		what socket 0 has to accept becomes socket 2
 *	A1 send 5		bytes that carry namespace and socket
 *	A1 recv
 *	A1 buffer 4096		SO_VM_SOCKETS_BUFFER_SIZE, and the greatest size before
 *	A1 shut 2		shutdown(): 0 receiving, 1 sending, 2 both
 *	A1 close
 *	A0 inject 5 p q		the guest of A sends a packet: operation, own port, host's port
 *	A0 serve p		the guest of A listens there
 *	hold, free		packets over loopback stay on their way, and go on
 *	fill up			at the end each connection takes all that it has credit for, the
 *				first socket first; fill down: the last first
 *	seqpacket		all sockets are of this type
 *	last B			whose sockets are closed last
 *
 * Ports are letters, p to w: others in each run. w is the one that the kernel gives next to a
 * socket that dials and has none. CIDs are numbers, * for any, and a to c for
 * the guests of A to C.
 */
#ifndef ADVERSARY_PLAN_H
#define ADVERSARY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMESPACES 3
#define SLOTS	   16
#define OWN_SLOTS  8  /* the others are for what is accepted at the end */
#define GUEST_SLOT 15 /* as whose the guest of a namespace counts */
#define PORTS	   8
#define NEXT_PORT  7 /* w */
#define PLAN_MAX   96
#define ANYWHERE   0xffffffffU
#define GUEST_CID  1000 /* that of namespace 0 */

enum op_kind {
	OP_BIND,
	OP_LISTEN,
	OP_DIAL,
	OP_ACCEPT,
	OP_SEND,
	OP_RECV,
	OP_BUFFER,
	OP_SHUT,
	OP_CLOSE,
	OP_INJECT,
	OP_SERVE,
	OP_HOLD,
	OP_FREE,
	OP_KINDS,
};

struct op {
	uint8_t kind, ns, slot;
	uint8_t port, to;
	uint32_t number; /* a CID, a size, a socket, an operation */
};

enum fill {
	FILL_NONE,
	FILL_UP,
	FILL_DOWN,
};

struct plan {
	int count;
	struct op ops[PLAN_MAX];
	uint8_t fill;
	uint8_t last;
	bool seqpacket;
	bool watches_port; /* somebody binds to NEXT_PORT */
};

bool op_is_nobodys(const struct op *op);
bool plan_add(struct plan *plan, struct op op);
/* Without what the others do, unless nobody does it. */
void plan_of(const struct plan *plan, int ns, struct plan *alone);
/* Also where it is what one does alone in a plan in which another does. */
bool uses_next_port(const struct plan *plan);
bool plan_has(const struct plan *plan, int ns);
/* Whether a guest sends packets of its own making. */
bool plan_forges(const struct plan *plan);
void plan_without_forged(const struct plan *plan, struct plan *rest);

void op_print(const struct op *op, char *text, size_t room);
void plan_print(const struct plan *plan, const char *before);
/* False: what is wrong is on standard error. */
bool plan_parse(struct plan *plan, const char *text);

#endif
