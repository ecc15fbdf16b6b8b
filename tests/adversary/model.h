/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's tables of AF_VSOCK in small: bound and connected sockets, their look-ups, what
 * each state does with each packet (virtio_transport_recv_pkt()). It knows one gate, that of a
 * request to a listener of another namespace. It decides nothing: it says which plans are worth
 * the time of a kernel, because a packet of one namespace gets to a socket of another there.
 */
#ifndef ADVERSARY_MODEL_H
#define ADVERSARY_MODEL_H

#include "plan.h"

enum model_state {
	M_CLOSE,
	M_LISTEN,
	M_SYN,
	M_EST,
	M_CLOSING,
};

#define M_SOCKETS (NAMESPACES * SLOTS)
/*
 * What kind of packet from what kind of socket gets to what kind of socket in what state, and,
 * behind those, who hears whom both ways.
 */
#define CLASSES	   136
#define CLASS_BOTH 128

enum packet_op {
	P_REQUEST,
	P_RESPONSE,
	P_RST,
	P_SHUTDOWN,
	P_RW,
	P_UPDATE,
};

enum sender {
	BY_NOBODY, /* the kernel, in the name of a port that has no socket */
	BY_DIALLED,
	BY_CHILD,
	BY_SEALED,
};

#define CLASS(op, established, child, sender)                                                      \
	((((op)*2 + (established)) * 2 + (child)) * 4 + (sender))

struct model_socket {
	uint8_t ns, slot, state;
	bool closed, dead, done, transport, child, sealed, got_shutdown;
	uint32_t cid, rcid; /* cid 0: not bound */
	uint16_t port, rport;
	uint16_t bound, connected;     /* 0, or when it came into the table */
	struct model_socket *listener; /* of a child that nobody has accepted */
};

struct model {
	bool checks_source, held;
	struct model_socket sockets[M_SOCKETS + 16];
	struct model_socket *by_slot[NAMESPACES][SLOTS];
	int count, clock, next_port;
	bool crosses[CLASSES];
	uint64_t bytes_to[M_SOCKETS + 16]; /* senders, by bit, whose bytes it gets from elsewhere */
	int classes;
};

void model_begin(struct model *model, bool checks_source);
void model_op(struct model *model, const struct op *op);
bool model_is_free(struct model *model, uint32_t cid, uint16_t port);
/* What happens at the end of each plan: all send, all close. */
void model_end(struct model *model, const struct plan *plan);

#endif
