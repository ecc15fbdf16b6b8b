// SPDX-License-Identifier: GPL-2.0-only
#include "virtio-vsock.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define SHUTDOWN_BOTH (VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND)
#define FIRST_PORT    1024
#define LAST_PORT     0x7fffffff

struct guest_chunk {
	struct guest_chunk *next;
	uint32_t size, taken;
	uint32_t flags;
	unsigned char data[];
};

/* Time */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

/* A point in time, or -1 for none. */
static int64_t deadline_of(int timeout)
{
	return timeout < 0 ? -1 : now() + timeout;
}

static int left(int64_t deadline)
{
	int64_t rest;

	if (deadline < 0)
		return -1;
	rest = deadline - now();
	return rest > 0 ? rest : 0;
}

/* Packets that go out */

static struct virtio_vsock_hdr conn_header(struct guest_conn *conn, uint16_t op)
{
	struct virtio_vsock_hdr hdr = guest_header(conn->guest, op, conn->port, conn->host_port);

	hdr.type = conn->type;
	hdr.fwd_cnt = conn->fwd_cnt;
	conn->fwd_cnt_told = conn->fwd_cnt;
	return hdr;
}

static int send_op(struct guest_conn *conn, uint16_t op, uint32_t flags)
{
	struct virtio_vsock_hdr hdr = conn_header(conn, op);

	hdr.flags = flags;
	return vhost_send(&conn->guest->vhost, &hdr, NULL, 0);
}

static void refuse(struct guest *guest, const struct virtio_vsock_hdr *request)
{
	struct virtio_vsock_hdr hdr =
		guest_header(guest, VIRTIO_VSOCK_OP_RST, request->dst_port, request->src_port);

	hdr.type = request->type;
	vhost_send(&guest->vhost, &hdr, NULL, 0);
}

static uint32_t credit(const struct guest_conn *conn)
{
	uint32_t in_flight = conn->sent - conn->host_fwd_cnt;

	return in_flight < conn->host_buf_alloc ? conn->host_buf_alloc - in_flight : 0;
}

/* As much as one packet and the host's credit take. Returns how much that was, or -errno. */
static ssize_t send_some(struct guest_conn *conn, const void *data, size_t size, uint32_t end_flags)
{
	struct virtio_vsock_hdr hdr;
	size_t part = size;
	int ret;

	if (part > PACKET_DATA_MAX)
		part = PACKET_DATA_MAX;
	if (part > credit(conn))
		part = credit(conn);
	if (!part)
		return 0;
	hdr = conn_header(conn, VIRTIO_VSOCK_OP_RW);
	hdr.len = part;
	hdr.flags = part == size ? end_flags : 0;
	ret = vhost_send(&conn->guest->vhost, &hdr, data, part);
	if (ret)
		return ret;
	conn->sent += part;
	return part;
}

/* What was received */

static void append_chunk(struct guest_conn *conn, const struct packet *packet)
{
	struct guest_chunk *chunk = calloc(1, sizeof(*chunk) + packet->hdr.len);

	if (!chunk) {
		conn->error = -ENOMEM;
		return;
	}
	chunk->size = packet->hdr.len;
	chunk->flags = packet->hdr.flags;
	memcpy(chunk->data, packet->data, chunk->size);
	if (conn->last)
		conn->last->next = chunk;
	else
		conn->first = chunk;
	conn->last = chunk;
	conn->received += chunk->size;
}

static void drop_first_chunk(struct guest_conn *conn)
{
	struct guest_chunk *first = conn->first;

	conn->first = first->next;
	if (!conn->first)
		conn->last = NULL;
	free(first);
}

/* Takes from the first chunk and tells the host when it may send a good deal more. */
static void consume(struct guest_conn *conn, uint32_t size)
{
	conn->first->taken += size;
	conn->fwd_cnt += size;
	if (conn->first->taken == conn->first->size)
		drop_first_chunk(conn);
	if (conn->state == CONN_OPEN && conn->fwd_cnt - conn->fwd_cnt_told >= GUEST_BUFFER / 4)
		send_op(conn, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0);
}

/* Connections */

static struct guest_conn *new_conn(struct guest *guest, uint16_t type, uint32_t port,
				   uint32_t host_port)
{
	struct guest_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->guest = guest;
	conn->type = type;
	conn->port = port;
	conn->host_port = host_port;
	conn->next = guest->conns;
	guest->conns = conn;
	return conn;
}

static void free_conn(struct guest_conn *conn)
{
	struct guest_conn **link;

	for (link = &conn->guest->conns; *link; link = &(*link)->next) {
		if (*link != conn)
			continue;
		*link = conn->next;
		break;
	}
	while (conn->first)
		drop_first_chunk(conn);
	free(conn);
}

static struct guest_conn *find_conn(struct guest *guest, const struct virtio_vsock_hdr *hdr)
{
	struct guest_conn *conn;

	for (conn = guest->conns; conn; conn = conn->next)
		if (conn->state != CONN_CLOSED && conn->port == hdr->dst_port &&
		    conn->host_port == hdr->src_port && conn->type == hdr->type)
			return conn;
	return NULL;
}

static void report(struct guest_conn *conn, enum guest_event event)
{
	if (conn->guest->on_event)
		conn->guest->on_event(conn, event);
}

static void set_closed(struct guest_conn *conn, int error)
{
	conn->state = CONN_CLOSED;
	if (!conn->error)
		conn->error = error;
	report(conn, GUEST_CLOSED);
}

static struct guest_listener *find_listener(const struct guest *guest, uint32_t port)
{
	struct guest_listener *listener;

	for (listener = guest->listeners; listener; listener = listener->next)
		if (listener->port == port)
			return listener;
	return NULL;
}

static void update_credit(struct guest_conn *conn, const struct virtio_vsock_hdr *hdr)
{
	conn->host_buf_alloc = hdr->buf_alloc;
	conn->host_fwd_cnt = hdr->fwd_cnt;
}

/* Packets that come in */

static void take_request(struct guest *guest, const struct virtio_vsock_hdr *hdr)
{
	struct guest_listener *listener = find_listener(guest, hdr->dst_port);
	struct guest_conn *conn = NULL;

	if (listener)
		listener->requests++;
	if (listener && listener->answer == GUEST_SILENT)
		return;
	if (listener && listener->answer != GUEST_RESET)
		conn = new_conn(guest, hdr->type, hdr->dst_port, hdr->src_port);
	if (!conn) {
		refuse(guest, hdr);
		return;
	}
	conn->answer = listener->answer;
	conn->waits_for_accept = listener->answer == GUEST_HOLD;
	conn->state = CONN_OPEN;
	update_credit(conn, hdr);
	send_op(conn, VIRTIO_VSOCK_OP_RESPONSE, 0);
	report(conn, GUEST_ACCEPTED);
}

static void take_stranger(struct guest *guest, const struct virtio_vsock_hdr *hdr)
{
	if (hdr->op == VIRTIO_VSOCK_OP_REQUEST)
		take_request(guest, hdr);
	else if (hdr->op != VIRTIO_VSOCK_OP_RST)
		refuse(guest, hdr);
}

static void take_shutdown(struct guest_conn *conn, uint32_t flags)
{
	conn->host_shutdown |= flags & SHUTDOWN_BOTH;
	if (conn->host_shutdown != SHUTDOWN_BOTH)
		return;
	/* The host has nothing to say and takes nothing: agree. What came can still be read. */
	send_op(conn, VIRTIO_VSOCK_OP_RST, 0);
	set_closed(conn, 0);
}

static void take_reset(struct guest_conn *conn)
{
	bool expected = conn->own_shutdown == SHUTDOWN_BOTH;

	set_closed(conn, expected ? 0 : -ECONNRESET);
}

static void take_packet(struct guest_conn *conn, const struct packet *packet)
{
	switch (packet->hdr.op) {
	case VIRTIO_VSOCK_OP_RESPONSE:
		conn->state = CONN_OPEN;
		break;
	case VIRTIO_VSOCK_OP_RST:
		take_reset(conn);
		break;
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		take_shutdown(conn, packet->hdr.flags);
		break;
	case VIRTIO_VSOCK_OP_RW:
		append_chunk(conn, packet);
		break;
	case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
		send_op(conn, VIRTIO_VSOCK_OP_CREDIT_UPDATE, 0);
		break;
	}
}

static bool at_end(const struct guest_conn *conn)
{
	return !conn->first && conn->host_shutdown & VIRTIO_VSOCK_SHUTDOWN_SEND;
}

/* Sends back what the host's credit allows; a half-closed connection closes when it is done. */
static void echo(struct guest_conn *conn)
{
	struct guest_chunk *chunk;
	ssize_t sent;

	while ((chunk = conn->first)) {
		sent = send_some(conn, chunk->data + chunk->taken, chunk->size - chunk->taken,
				 chunk->flags);
		if (sent <= 0)
			return;
		consume(conn, sent);
	}
	if (at_end(conn) && conn->own_shutdown != SHUTDOWN_BOTH)
		guest_shutdown(conn, SHUTDOWN_BOTH);
}

void guest_handle(struct guest *guest, const struct packet *packet)
{
	struct guest_conn *conn = find_conn(guest, &packet->hdr);

	if (!conn) {
		take_stranger(guest, &packet->hdr);
		return;
	}
	update_credit(conn, &packet->hdr);
	take_packet(conn, packet);
	if (conn->answer != GUEST_ECHO)
		return;
	if (conn->state == CONN_OPEN)
		echo(conn);
	else if (conn->state == CONN_CLOSED)
		free_conn(conn);
}

static bool receive(struct guest *guest, struct packet *packet)
{
	vhost_flush(&guest->vhost);
	if (!vhost_receive(&guest->vhost, packet))
		return false;
	if (guest->on_packet)
		guest->on_packet(guest, packet);
	return true;
}

int guest_pump(struct guest *guest, int timeout)
{
	int64_t deadline = deadline_of(timeout);
	struct packet packet;
	int count = 0, ret;

	for (;;) {
		for (; receive(guest, &packet); count++)
			if (!guest->manual)
				guest_handle(guest, &packet);
		if (count)
			return count;
		ret = vhost_wait(&guest->vhost, left(deadline));
		if (ret <= 0)
			return ret;
	}
}

int guest_pump_all(struct guest *const guests[], size_t count, int timeout)
{
	int64_t deadline = deadline_of(timeout);
	struct pollfd *fds;
	int ret = 0;
	size_t i;

	fds = calloc(count, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .fd = guest_fd(guests[i]), .events = POLLIN };
	do {
		ret = poll(fds, count, left(deadline));
		for (i = 0; ret > 0 && i < count; i++)
			if (fds[i].revents)
				guest_pump(guests[i], 0);
	} while (ret > 0 && left(deadline));
	if (ret < 0)
		ret = -errno;
	free(fds);
	return ret < 0 ? ret : 0;
}

/* The device's life */

int guest_open(struct guest *guest, int device)
{
	memset(guest, 0, sizeof(*guest));
	guest->type = VIRTIO_VSOCK_TYPE_STREAM;
	/* Not the ports that a guest before this one had with the same CID. */
	if (getrandom(&guest->next_port, sizeof(guest->next_port), 0) < 0)
		guest->next_port = now();
	return vhost_open(&guest->vhost, device);
}

int guest_set_owner(struct guest *guest)
{
	return vhost_set_owner(&guest->vhost);
}

int guest_set_up(struct guest *guest)
{
	return vhost_set_up(&guest->vhost);
}

int guest_set_cid(struct guest *guest, uint64_t cid)
{
	int ret = vhost_set_cid(&guest->vhost, cid);

	if (!ret)
		guest->cid = cid;
	return ret;
}

int guest_start(struct guest *guest)
{
	return vhost_set_running(&guest->vhost, true);
}

int guest_stop(struct guest *guest)
{
	return vhost_set_running(&guest->vhost, false);
}

void guest_close(struct guest *guest)
{
	struct guest_listener *listener;

	vhost_close(&guest->vhost);
	while (guest->conns)
		free_conn(guest->conns);
	while ((listener = guest->listeners)) {
		guest->listeners = listener->next;
		free(listener);
	}
}

int guest_up(struct guest *guest, int device, uint64_t cid)
{
	int ret;

	ret = guest_open(guest, device);
	ret = ret ?: guest_set_owner(guest);
	ret = ret ?: guest_set_up(guest);
	ret = ret ?: guest_set_cid(guest, cid);
	ret = ret ?: guest_start(guest);
	if (ret)
		guest_close(guest);
	return ret;
}

int guest_fd(const struct guest *guest)
{
	return guest->vhost.call;
}

/* Ports that listen */

int guest_listen(struct guest *guest, uint32_t port, enum guest_answer answer)
{
	struct guest_listener *listener;

	if (find_listener(guest, port))
		return -EADDRINUSE;
	listener = calloc(1, sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	listener->port = port;
	listener->answer = answer;
	listener->next = guest->listeners;
	guest->listeners = listener;
	return 0;
}

int guest_unlisten(struct guest *guest, uint32_t port)
{
	struct guest_listener **link, *listener = find_listener(guest, port);

	if (!listener)
		return -ENOENT;
	for (link = &guest->listeners; *link != listener; link = &(*link)->next)
		;
	*link = listener->next;
	free(listener);
	return 0;
}

/* One round of waiting: 0 to look again, -ETIMEDOUT at the end. */
static int pump_until(struct guest *guest, int64_t deadline)
{
	int ret = guest_pump(guest, left(deadline));

	if (ret < 0)
		return ret == -EINTR ? 0 : ret;
	return ret ? 0 : -ETIMEDOUT;
}

static struct guest_conn *next_to_accept(struct guest *guest, uint32_t port)
{
	struct guest_conn *conn, *oldest = NULL;

	/* New ones go to the front. */
	for (conn = guest->conns; conn; conn = conn->next)
		if (conn->waits_for_accept && conn->port == port)
			oldest = conn;
	return oldest;
}

int guest_accept(struct guest *guest, uint32_t port, int timeout, struct guest_conn **conn)
{
	int64_t deadline = deadline_of(timeout);
	int ret;

	while (!(*conn = next_to_accept(guest, port))) {
		ret = pump_until(guest, deadline);
		if (ret)
			return ret;
	}
	(*conn)->waits_for_accept = false;
	return 0;
}

int guest_await_requests(struct guest *guest, uint32_t port, unsigned int count, int timeout)
{
	struct guest_listener *listener = find_listener(guest, port);
	int64_t deadline = deadline_of(timeout);
	int ret;

	if (!listener)
		return -ENOENT;
	while (listener->requests < count) {
		ret = pump_until(guest, deadline);
		if (ret)
			return ret;
	}
	return 0;
}

/* Connecting */

static bool in_use(const struct guest *guest, uint32_t port)
{
	const struct guest_conn *conn;

	for (conn = guest->conns; conn; conn = conn->next)
		if (conn->port == port)
			return true;
	return find_listener(guest, port);
}

static uint32_t free_port(struct guest *guest)
{
	uint32_t port;

	do {
		port = FIRST_PORT + guest->next_port++ % (LAST_PORT - FIRST_PORT);
	} while (in_use(guest, port));
	return port;
}

int guest_connect_begin(struct guest *guest, uint32_t host_port, struct guest_conn **conn)
{
	int ret;

	*conn = new_conn(guest, guest->type, free_port(guest), host_port);
	if (!*conn)
		return -ENOMEM;
	ret = send_op(*conn, VIRTIO_VSOCK_OP_REQUEST, 0);
	if (ret) {
		free_conn(*conn);
		*conn = NULL;
	}
	return ret;
}

static int await_response(struct guest_conn *conn, int64_t deadline)
{
	int ret;

	while (conn->state == CONN_CONNECTING) {
		ret = pump_until(conn->guest, deadline);
		if (ret)
			return ret;
	}
	return conn->state == CONN_OPEN ? 0 : conn->error;
}

int guest_connect(struct guest *guest, uint32_t host_port, int timeout, struct guest_conn **conn)
{
	int64_t deadline = deadline_of(timeout);
	struct guest_conn *made;
	int ret;

	if (conn)
		*conn = NULL;
	ret = guest_connect_begin(guest, host_port, &made);
	if (ret)
		return ret;
	ret = await_response(made, deadline);
	if (!ret && conn)
		*conn = made;
	else if (!ret)
		guest_disconnect(made, left(deadline));
	else
		free_conn(made);
	return ret;
}

/* Talking */

static int may_send(const struct guest_conn *conn)
{
	if (conn->state == CONN_CLOSED && conn->error)
		return conn->error;
	if (conn->state == CONN_CLOSED || conn->own_shutdown & VIRTIO_VSOCK_SHUTDOWN_SEND ||
	    conn->host_shutdown & VIRTIO_VSOCK_SHUTDOWN_RCV)
		return -EPIPE;
	return conn->state == CONN_OPEN ? 0 : -ENOTCONN;
}

int guest_send(struct guest_conn *conn, const void *data, size_t size, int timeout)
{
	uint32_t end = conn->type == VIRTIO_VSOCK_TYPE_SEQPACKET ? VIRTIO_VSOCK_SEQ_EOM : 0;
	int64_t deadline = deadline_of(timeout);
	const char *next = data;
	ssize_t sent;
	int ret;

	while (size) {
		ret = may_send(conn);
		if (ret)
			return ret;
		sent = send_some(conn, next, size, end);
		if (sent < 0)
			return sent;
		next += sent;
		size -= sent;
		ret = sent ? 0 : pump_until(conn->guest, deadline);
		if (ret)
			return ret;
	}
	return 0;
}

static int await_data(struct guest_conn *conn, int64_t deadline)
{
	int ret;

	while (!conn->first && conn->state == CONN_OPEN && !at_end(conn)) {
		ret = pump_until(conn->guest, deadline);
		if (ret)
			return ret;
	}
	return conn->first ? 0 : conn->error;
}

ssize_t guest_receive(struct guest_conn *conn, void *data, size_t size, int timeout)
{
	int64_t deadline = deadline_of(timeout);
	struct guest_chunk *chunk;
	size_t done = 0, part;
	bool end = false;
	int ret;

	while (done < size && !end) {
		ret = await_data(conn, deadline);
		if (ret && !done)
			return ret;
		chunk = conn->first;
		if (ret || !chunk)
			break;
		part = chunk->size - chunk->taken;
		if (part > size - done)
			part = size - done;
		memcpy((char *)data + done, chunk->data + chunk->taken, part);
		end = chunk->flags & VIRTIO_VSOCK_SEQ_EOM && chunk->taken + part == chunk->size;
		done += part;
		consume(conn, part);
	}
	return done;
}

int guest_shutdown(struct guest_conn *conn, uint32_t directions)
{
	if (conn->state != CONN_OPEN)
		return -ENOTCONN;
	conn->own_shutdown |= directions & SHUTDOWN_BOTH;
	return send_op(conn, VIRTIO_VSOCK_OP_SHUTDOWN, conn->own_shutdown);
}

void guest_disconnect(struct guest_conn *conn, int timeout)
{
	int64_t deadline = deadline_of(timeout);

	if (!guest_shutdown(conn, SHUTDOWN_BOTH))
		while (conn->state == CONN_OPEN)
			if (pump_until(conn->guest, deadline))
				break;
	guest_reset(conn);
}

void guest_reset(struct guest_conn *conn)
{
	if (conn->state != CONN_CLOSED)
		send_op(conn, VIRTIO_VSOCK_OP_RST, 0);
	free_conn(conn);
}

/* Packets by hand */

struct virtio_vsock_hdr guest_header(const struct guest *guest, uint16_t op, uint32_t src_port,
				     uint32_t dst_port)
{
	return (struct virtio_vsock_hdr){
		.src_cid = guest->cid,
		.dst_cid = VMADDR_CID_HOST,
		.src_port = src_port,
		.dst_port = dst_port,
		.type = guest->type,
		.op = op,
		.buf_alloc = GUEST_BUFFER,
	};
}

int guest_inject(struct guest *guest, const struct virtio_vsock_hdr *hdr, const void *data,
		 size_t size)
{
	return vhost_send(&guest->vhost, hdr, data, size);
}

int guest_next_packet(struct guest *guest, struct packet *packet, int timeout)
{
	int64_t deadline = deadline_of(timeout);
	int ret;

	while (!receive(guest, packet)) {
		ret = vhost_wait(&guest->vhost, left(deadline));
		if (ret < 0)
			return ret;
		if (!ret)
			return -ETIMEDOUT;
	}
	return 0;
}
