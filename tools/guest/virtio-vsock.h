/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of virtio-vsock over one vhost device: connections, credit, ports
 * that listen. One thread; several guests may live in one process. Nothing happens
 * behind the caller's back: packets are handled inside the calls that take a timeout
 * (in ms; -1 is for ever, 0 handles what is there). Functions return 0 or -errno
 * unless they say otherwise.
 *
 *	struct guest guest;
 *
 *	guest_open(&guest, -1);              -1, or a descriptor that came from elsewhere
 *	guest_set_owner(&guest);
 *	guest_set_up(&guest);                features, memory table, rings
 *	guest_set_cid(&guest, 7);            -EADDRINUSE if another device has it
 *	guest_start(&guest);
 *	guest_connect(&guest, 1234, 1000, NULL);
 *	guest_close(&guest);
 */
#ifndef GUEST_VIRTIO_VSOCK_H
#define GUEST_VIRTIO_VSOCK_H

#include <sys/types.h>

#include "vhost.h"

#define GUEST_BUFFER (256 * 1024) /* what a connection takes in; Linux has the same */

/* What a listening port does with a request. */
enum guest_answer {
	GUEST_HOLD,   /* accept; guest_accept() hands it out */
	GUEST_ECHO,   /* accept and send back what comes, without further ado */
	GUEST_RESET,  /* refuse, as a port where nobody listens */
	GUEST_SILENT, /* never answer */
};

enum guest_conn_state {
	CONN_CONNECTING,
	CONN_OPEN,
	CONN_CLOSED,
};

struct guest;
struct guest_chunk;

struct guest_conn {
	struct guest_conn *next;
	struct guest *guest;
	uint32_t port, host_port;
	uint16_t type; /* VIRTIO_VSOCK_TYPE_... */
	enum guest_conn_state state;
	int error; /* once closed: 0 or -ECONNRESET */
	enum guest_answer answer;
	bool waits_for_accept;
	uint32_t host_shutdown; /* VIRTIO_VSOCK_SHUTDOWN_... */
	uint32_t own_shutdown;
	/* Credit, in bytes and as counters that wrap. */
	uint32_t sent, host_buf_alloc, host_fwd_cnt;
	uint32_t fwd_cnt, fwd_cnt_told;
	struct guest_chunk *first, *last; /* received, not yet taken */
	uint64_t received;		  /* bytes, in all */
};

struct guest_listener {
	struct guest_listener *next;
	uint32_t port;
	enum guest_answer answer;
	unsigned int requests; /* that came so far, whatever the answer */
};

enum guest_event {
	GUEST_ACCEPTED,
	GUEST_CLOSED, /* conn->error says how */
};

struct guest {
	struct vhost vhost;
	uint64_t cid; /* goes into the packets it sends; tests may lie */
	uint32_t next_port;
	uint16_t type; /* of connections to be made; _STREAM unless changed */
	bool manual;   /* receive packets and leave them to the caller */
	struct guest_conn *conns;
	struct guest_listener *listeners;
	/* Either may be NULL. The connection may be gone after GUEST_CLOSED. */
	void (*on_event)(struct guest_conn *conn, enum guest_event event);
	void (*on_packet)(struct guest *guest, const struct packet *packet);
	void *user;
};

int guest_open(struct guest *guest, int device);
int guest_set_owner(struct guest *guest);
int guest_set_up(struct guest *guest);
int guest_set_cid(struct guest *guest, uint64_t cid);
int guest_start(struct guest *guest);
int guest_stop(struct guest *guest);
/* Closes the device, in the middle of whatever goes on, and forgets all connections. */
void guest_close(struct guest *guest);
/* All of it: open, owner, rings, CID, start. Closed again if a step fails. */
int guest_up(struct guest *guest, int device, uint64_t cid);

/* Poll this for POLLIN, then guest_pump(guest, 0). */
int guest_fd(const struct guest *guest);
/* Handles what comes until the timeout, at least once something came. Returns how many packets. */
int guest_pump(struct guest *guest, int timeout);
/* Pumps several guests for this long, or for ever. */
int guest_pump_all(struct guest *const guests[], size_t count, int timeout);

/* -EADDRINUSE if the port listens already. */
int guest_listen(struct guest *guest, uint32_t port, enum guest_answer answer);
int guest_unlisten(struct guest *guest, uint32_t port);
/* -ETIMEDOUT: there was none. For ports with GUEST_HOLD. */
int guest_accept(struct guest *guest, uint32_t port, int timeout, struct guest_conn **conn);
/* Waits until the port has seen this many requests: 0 or -ETIMEDOUT. */
int guest_await_requests(struct guest *guest, uint32_t port, unsigned int count, int timeout);

/* 0, -ECONNRESET or -ETIMEDOUT. With conn NULL the connection is closed at once. */
int guest_connect(struct guest *guest, uint32_t host_port, int timeout, struct guest_conn **conn);
/* The first half alone; conn->state tells what came of it. */
int guest_connect_begin(struct guest *guest, uint32_t host_port, struct guest_conn **conn);

/* Sends all of it: 0, -EPIPE, -ECONNRESET, -ETIMEDOUT. */
int guest_send(struct guest_conn *conn, const void *data, size_t size, int timeout);
/*
 * Waits for size bytes, a message's end, the connection's end or the timeout. How many
 * bytes came; without any 0 at the connection's end, or -errno.
 */
ssize_t guest_receive(struct guest_conn *conn, void *data, size_t size, int timeout);
/* VIRTIO_VSOCK_SHUTDOWN_... */
int guest_shutdown(struct guest_conn *conn, uint32_t directions);
/* Shuts down, waits for the host to agree, resets if it does not, frees. */
void guest_disconnect(struct guest_conn *conn, int timeout);
/* Resets and frees. */
void guest_reset(struct guest_conn *conn);

/* A header for guest_inject(): from this guest to the host, all other fields usable. */
struct virtio_vsock_hdr guest_header(const struct guest *guest, uint16_t op, uint32_t src_port,
				     uint32_t dst_port);
/* Any header at all, and data behind it. */
int guest_inject(struct guest *guest, const struct virtio_vsock_hdr *hdr, const void *data,
		 size_t size);
/* The next packet that comes, not handled: 0 or -ETIMEDOUT. */
int guest_next_packet(struct guest *guest, struct packet *packet, int timeout);
/* What guest_pump() would have done with it. */
void guest_handle(struct guest *guest, const struct packet *packet);

#endif
