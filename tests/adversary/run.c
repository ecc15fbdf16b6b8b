// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "settle.h"
#include "tap.h"
#include "vms.h"

#define CHUNK	 (64 * 1024)
#define FILL_MAX (1024 * 1024)

unsigned long run_calls;

static int netns_of[NAMESPACES], in_netns = -1;
static int socket_of[NAMESPACES][SLOTS];
static unsigned char payload[NAMESPACES][SLOTS][CHUNK], arrived[CHUNK];
static unsigned int first_port, next_port;
static bool with_next_port;
static int type = SOCK_STREAM;
static bool has_seqpacket;
static int dialled_at[NAMESPACES][SLOTS]; /* while held: which call it was, -1 for none */
static int refused_with[NAMESPACES][SLOTS];
static struct outcome *now;
static int op_now;
static bool with_guests; /* this plan has some */
static struct seen guest_heard[NAMESPACES];

static unsigned char tag(int ns, int slot)
{
	return ns << 6 | slot << 2;
}

static void enter(int ns)
{
	if (in_netns == ns)
		return;
	if (setns(netns_of[ns], CLONE_NEWNET))
		tap_bail("setns: %m");
	in_netns = ns;
}

static unsigned int real_port(unsigned int port)
{
	return port == NEXT_PORT ? next_port : first_port + port;
}

static struct sockaddr_vm address(uint32_t cid, unsigned int port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				     .svm_cid = cid,
				     .svm_port = real_port(port) };
}

static void saw(int what, int ns, int slot, int value, uint32_t sum)
{
	int *count = &now->count[ns];

	run_calls++;
	if (*count == SEEN_MAX)
		tap_bail("more is seen than there is room for");
	now->seen[ns][(*count)++] = (struct seen){ what, slot, op_now, value, sum };
}

static void settle_all(void)
{
	if (with_guests)
		vms_settle();
	settle();
}

static int new_socket(int ns)
{
	int fd;

	enter(ns);
	fd = socket(AF_VSOCK, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		tap_bail("socket: %m");
	return fd;
}

static int get_socket(int ns, int slot)
{
	int *fd = &socket_of[ns][slot];

	if (*fd < 0 && now->role[ns][slot] == ROLE_NONE) {
		*fd = new_socket(ns);
		now->role[ns][slot] = ROLE_PLAIN;
	}
	return *fd;
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int events_of(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	poll(&wait, 1, 0);
	return wait.revents;
}

static int error_of(int fd)
{
	socklen_t size = sizeof(int);
	int err = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
	return err;
}

static int do_bind(const struct op *op, int fd)
{
	struct sockaddr_vm to = address(op->number, op->port);

	return result(bind(fd, (struct sockaddr *)&to, sizeof(to)));
}

static int do_listen(const struct op *op, int fd)
{
	int ret = result(listen(fd, 16));

	if (!ret)
		now->role[op->ns][op->slot] = ROLE_LISTENER;
	return ret;
}

/* What has become of it: 0, -EINPROGRESS, or why it was refused. */
static int dial_result(int ns, int slot)
{
	int fd = socket_of[ns][slot], events = events_of(fd);

	if (!(events & POLLERR))
		return events & POLLOUT ? 0 : -EINPROGRESS;
	now->role[ns][slot] = ROLE_PLAIN;
	return -error_of(fd);
}

/* Whether the kernel gave it the port that a plan counts on, which somebody else may have taken. */
static void see_port(int ns, int slot)
{
	struct sockaddr_vm own = {};
	socklen_t size = sizeof(own);

	getsockname(socket_of[ns][slot], (struct sockaddr *)&own, &size);
	saw(SAW_PORT, ns, slot, own.svm_port == next_port, 0);
}

static void do_dial(const struct op *op, int fd)
{
	struct sockaddr_vm to = address(op->number, op->port);
	int ret = result(connect(fd, (struct sockaddr *)&to, sizeof(to)));

	if (ret == -EINPROGRESS)
		now->role[op->ns][op->slot] = ROLE_DIALLED;
	if (with_next_port)
		see_port(op->ns, op->slot);
	if (settle_held()) {
		dialled_at[op->ns][op->slot] = op_now;
		refused_with[op->ns][op->slot] = ret;
		return;
	}
	settle_all();
	if (ret == -EINPROGRESS)
		ret = dial_result(op->ns, op->slot);
	saw(SAW_DIAL, op->ns, op->slot, ret, 0);
}

static int take_child(int ns, int listener, int slot)
{
	int fd = accept4(socket_of[ns][listener], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	socket_of[ns][slot] = fd;
	now->role[ns][slot] = ROLE_CHILD;
	return 1;
}

static int do_accept(const struct op *op)
{
	if (get_socket(op->ns, op->number) < 0 || socket_of[op->ns][op->slot] >= 0)
		return -EBADF;
	return take_child(op->ns, op->number, op->slot);
}

static int do_send(int ns, int slot, size_t size)
{
	int ret = result(send(socket_of[ns][slot], payload[ns][slot], size < CHUNK ? size : CHUNK,
			      MSG_NOSIGNAL));

	settle_all();
	return ret;
}

static void look_at(int ns, int slot, const unsigned char *data, int size, uint32_t *sum)
{
	struct crossing *first = &now->bytes[0], this = { true, 0, 0, ns, slot };
	int i;

	for (i = 0; i < size; i++) {
		*sum = *sum * 31 + data[i];
		if (data[i] >> 6 == ns)
			continue;
		this.from = data[i] >> 6;
		this.from_slot = data[i] >> 2 & 15;
		if (!first->happened)
			*first = this;
		else if (this.from == first->to && this.to == first->from)
			now->bytes[1] = this;
	}
}

static int do_recv(int ns, int slot, uint32_t *sum)
{
	int total = 0, ret;

	while ((ret = result(recv(socket_of[ns][slot], arrived, CHUNK, 0))) > 0) {
		look_at(ns, slot, arrived, ret, sum);
		total += ret;
	}
	settle_all();
	return total ?: ret;
}

static int do_buffer(const struct op *op, int fd)
{
	uint64_t size = op->number;

	if (setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &size, sizeof(size)) ||
	    setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size)))
		return -errno;
	settle_all();
	return 0;
}

/* One that was refused at once is not connected; one that was refused by an answer is called so. */
static int do_shut(const struct op *op, int fd)
{
	int ret = result(shutdown(fd, op->number));

	settle_all();
	return now->role[op->ns][op->slot] == ROLE_PLAIN ? 0 : ret;
}

static void do_close(int ns, int slot)
{
	if (socket_of[ns][slot] < 0)
		return;
	close(socket_of[ns][slot]);
	socket_of[ns][slot] = -1;
	run_calls++;
	settle_all();
}

/* What its guest is told; credit comes and goes as it likes. */
static void guest_hears(int ns, int op, const unsigned char *data, int size)
{
	struct seen *seen = &guest_heard[ns];

	if (op < 6)
		seen->sum = seen->sum * 31 + op;
	seen->value += size;
	if (now)
		look_at(ns, GUEST_SLOT, data, size, &seen->sum);
}

static void do_guest(const struct op *op)
{
	int ret;

	now->role[op->ns][GUEST_SLOT] = ROLE_GUEST;
	if (op->kind == OP_SERVE)
		ret = vms_serve(op->ns, real_port(op->port));
	else
		ret = vms_inject(op->ns, op->number, real_port(op->port), real_port(op->to),
				 payload[op->ns][GUEST_SLOT], 3);
	settle_all();
	saw(SAW_OTHER, op->ns, GUEST_SLOT, ret, 0);
}

/* What was dialled meanwhile has its result now, also if it was refused at once. */
static void see_dialled(int ns, int slot)
{
	int op = op_now, ret = refused_with[ns][slot];

	op_now = dialled_at[ns][slot];
	dialled_at[ns][slot] = -1;
	if (op_now >= 0 && socket_of[ns][slot] >= 0) {
		if (ret == -EINPROGRESS)
			ret = dial_result(ns, slot);
		saw(SAW_DIAL, ns, slot, ret, 0);
	}
	op_now = op;
}

static void do_free(void)
{
	int ns, slot;

	if (!settle_held())
		return;
	settle_free();
	for (ns = 0; ns < NAMESPACES; ns++)
		for (slot = 0; slot < SLOTS; slot++)
			see_dialled(ns, slot);
}

static void do_op(const struct op *op)
{
	int fd, ret;
	uint32_t sum = 0;

	if (op->kind == OP_HOLD || op->kind == OP_FREE)
		return op->kind == OP_HOLD ? settle_hold() : do_free();
	if (op->kind == OP_SERVE || op->kind == OP_INJECT)
		return do_guest(op);
	fd = op->kind == OP_ACCEPT ? 0 : get_socket(op->ns, op->slot);
	if (fd < 0)
		return;
	switch (op->kind) {
	case OP_BIND:
		return saw(SAW_BIND, op->ns, op->slot, do_bind(op, fd), 0);
	case OP_LISTEN:
		return saw(SAW_LISTEN, op->ns, op->slot, do_listen(op, fd), 0);
	case OP_DIAL:
		return do_dial(op, fd);
	case OP_ACCEPT:
		return saw(SAW_ACCEPT, op->ns, op->slot, do_accept(op), 0);
	case OP_SEND:
		return saw(SAW_SEND, op->ns, op->slot, do_send(op->ns, op->slot, op->number), 0);
	case OP_RECV:
		ret = do_recv(op->ns, op->slot, &sum);
		return saw(SAW_RECV, op->ns, op->slot, ret, sum);
	case OP_BUFFER:
		return saw(SAW_OTHER, op->ns, op->slot, do_buffer(op, fd), 0);
	case OP_SHUT:
		return saw(SAW_OTHER, op->ns, op->slot, do_shut(op, fd), 0);
	case OP_CLOSE:
		return do_close(op->ns, op->slot);
	}
}

/* Of the sockets of a namespace at the end, one thing after the other. */

static int free_slot(int ns)
{
	int slot;

	for (slot = OWN_SLOTS; slot < GUEST_SLOT; slot++)
		if (now->role[ns][slot] == ROLE_NONE)
			return slot;
	return -1;
}

static void accept_all(int ns)
{
	int slot, child, ret;

	for (slot = 0; slot < SLOTS; slot++) {
		if (socket_of[ns][slot] < 0 || now->role[ns][slot] != ROLE_LISTENER)
			continue;
		do {
			child = free_slot(ns);
			ret = child < 0 ? -EAGAIN : take_child(ns, slot, child);
			saw(SAW_ACCEPT, ns, slot, ret, 0);
		} while (ret == 1);
	}
}

static bool talks(int ns, int slot)
{
	return socket_of[ns][slot] >= 0 && now->role[ns][slot] >= ROLE_DIALLED;
}

static void poll_all(int ns)
{
	int slot, events;

	for (slot = 0; slot < SLOTS; slot++) {
		if (!talks(ns, slot))
			continue;
		events = events_of(socket_of[ns][slot]);
		saw(SAW_POLL, ns, slot, events,
		    events & POLLERR ? error_of(socket_of[ns][slot]) : 0);
	}
}

/* The kernel overwrites it with what a packet says. */
static void name_all(int ns)
{
	struct sockaddr_vm own = {};
	socklen_t size;
	int slot;

	for (slot = 0; slot < SLOTS; slot++) {
		size = sizeof(own);
		if (!talks(ns, slot))
			continue;
		getsockname(socket_of[ns][slot], (struct sockaddr *)&own, &size);
		saw(SAW_CID, ns, slot, own.svm_cid == VMADDR_CID_ANY ? 0 : own.svm_cid, 0);
	}
}

static void send_all(int ns)
{
	int slot;

	if (now->role[ns][GUEST_SLOT] == ROLE_GUEST) {
		saw(SAW_SEND, ns, GUEST_SLOT, vms_send(ns, payload[ns][GUEST_SLOT], 3), 0);
		settle_all();
	}
	for (slot = 0; slot < SLOTS; slot++)
		if (talks(ns, slot))
			saw(SAW_SEND, ns, slot, do_send(ns, slot, 3), 0);
}

static void recv_all(int ns)
{
	uint32_t sum;
	int slot, ret;

	if (now->role[ns][GUEST_SLOT] == ROLE_GUEST)
		saw(SAW_RECV, ns, GUEST_SLOT, guest_heard[ns].value, guest_heard[ns].sum);
	for (slot = 0; slot < SLOTS; slot++) {
		if (!talks(ns, slot))
			continue;
		sum = 0;
		ret = do_recv(ns, slot, &sum);
		saw(SAW_RECV, ns, slot, ret, sum);
	}
}

static int fill(int ns, int slot)
{
	int total = 0, ret;

	do {
		ret = do_send(ns, slot, CHUNK);
		total += ret > 0 ? ret : 0;
	} while (ret > 0 && total < FILL_MAX);
	return total ?: ret;
}

static void fill_up(int ns)
{
	int slot;

	for (slot = 0; slot < SLOTS; slot++)
		if (talks(ns, slot))
			saw(SAW_FILL, ns, slot, fill(ns, slot), 0);
}

static void fill_down(int ns)
{
	int slot;

	for (slot = SLOTS - 1; slot >= 0; slot--)
		if (talks(ns, slot))
			saw(SAW_FILL, ns, slot, fill(ns, slot), 0);
}

static void drain_all(int ns)
{
	uint32_t sum;
	int slot, ret;

	for (slot = 0; slot < SLOTS; slot++) {
		if (!talks(ns, slot))
			continue;
		sum = 0;
		ret = do_recv(ns, slot, &sum);
		saw(SAW_DRAIN, ns, slot, ret, sum);
	}
}

static void close_all(int ns)
{
	int slot;

	if (now->role[ns][GUEST_SLOT] == ROLE_GUEST)
		vms_forget(ns);
	for (slot = 0; slot < SLOTS; slot++)
		do_close(ns, slot);
}

static void each(const struct plan *plan, int but, void (*what)(int ns))
{
	int ns;

	for (ns = 0; ns < NAMESPACES; ns++)
		if (ns != but && plan_has(plan, ns))
			what(ns);
}

static void only(const struct plan *plan, int ns, void (*what)(int ns))
{
	if (plan_has(plan, ns))
		what(ns);
}

static void finish(const struct plan *plan)
{
	op_now = -1;
	do_free();
	each(plan, -1, accept_all);
	each(plan, -1, poll_all);
	each(plan, -1, name_all);
	/* First, as each packet of the other end puts right what is wrong with credit. */
	if (plan->fill) {
		each(plan, -1, plan->fill == FILL_UP ? fill_up : fill_down);
		each(plan, -1, drain_all);
	}
	each(plan, -1, send_all);
	each(plan, -1, recv_all);
	each(plan, plan->last, close_all);
	only(plan, plan->last, poll_all);
	only(plan, plan->last, send_all);
	only(plan, plan->last, recv_all);
	only(plan, plan->last, close_all);
}

static bool uses_guest(const struct plan *plan, int ns)
{
	int i;

	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].slot == GUEST_SLOT && plan->ops[i].ns == ns)
			return true;
	return false;
}

static void let_guests_play(const struct plan *plan)
{
	int ns;

	with_guests = false;
	for (ns = 0; ns < NAMESPACES; ns++) {
		vms_take_part(ns, uses_guest(plan, ns));
		with_guests |= uses_guest(plan, ns);
	}
}

/* The kernel counts; on 7.x by namespace, where this is a port as good as any. */
static void find_next_port(void)
{
	struct sockaddr_vm any = { .svm_family = AF_VSOCK,
				   .svm_cid = VMADDR_CID_ANY,
				   .svm_port = VMADDR_PORT_ANY };
	socklen_t size = sizeof(any);
	int fd = new_socket(NAMESPACES - 1);

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) ||
	    getsockname(fd, (struct sockaddr *)&any, &size))
		tap_bail("a port that the kernel chooses: %m");
	close(fd);
	next_port = any.svm_port + 1;
}

void run_plan(const struct plan *plan, struct outcome *outcome)
{
	memset(outcome->count, 0, sizeof(outcome->count));
	memset(outcome->role, 0, sizeof(outcome->role));
	memset(outcome->bytes, 0, sizeof(outcome->bytes));
	memset(socket_of, -1, sizeof(socket_of));
	memset(dialled_at, -1, sizeof(dialled_at));
	memset(guest_heard, 0, sizeof(guest_heard));
	now = outcome;
	let_guests_play(plan);
	first_port += PORTS;
	with_next_port = uses_next_port(plan);
	if (with_next_port)
		find_next_port();
	type = plan->seqpacket && has_seqpacket ? SOCK_SEQPACKET : SOCK_STREAM;
	for (op_now = 0; op_now < plan->count; op_now++)
		do_op(&plan->ops[op_now]);
	finish(plan);
}

static const char *const what_words[] = { "bind", "listen", "dial", "accept", "send", "recv",
					  "call", "poll",   "fill", "drain",  "port", "cid" };

void seen_print(const struct seen *seen, char *text, size_t room)
{
	const char *name = seen->value < 0 ? strerrorname_np(-seen->value) : NULL;

	if (seen->what == SAW_POLL)
		snprintf(text, room, "poll %#x %s", seen->value,
			 seen->sum ? strerrorname_np(seen->sum) : "");
	else if (name)
		snprintf(text, room, "%s %s", what_words[seen->what], name);
	else
		snprintf(text, room, "%s %d (%08x)", what_words[seen->what], seen->value,
			 seen->sum);
}

static void fill_payload(void)
{
	int ns, slot, i;

	for (ns = 0; ns < NAMESPACES; ns++)
		for (slot = 0; slot < SLOTS; slot++)
			for (i = 0; i < CHUNK; i++)
				payload[ns][slot][i] = tag(ns, slot) | (i & 3);
}

/* A pair of connected sockets of the last namespace; they block. */
static void make_pair(int pair[2])
{
	struct sockaddr_vm to = address(VMADDR_CID_LOCAL, 0);
	int listener = new_socket(NAMESPACES - 1);

	pair[0] = new_socket(NAMESPACES - 1);
	fcntl(listener, F_SETFL, 0);
	fcntl(pair[0], F_SETFL, 0);
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 1) ||
	    connect(pair[0], (struct sockaddr *)&to, sizeof(to)))
		tap_bail("a pair over loopback: %m");
	pair[1] = accept(listener, NULL, NULL);
	close(listener);
	first_port += PORTS;
}

static bool knows_seqpacket(void)
{
	int fd = socket(AF_VSOCK, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	close(fd);
	return fd >= 0;
}

void run_prepare(const int netns[NAMESPACES])
{
	int ping[2], holding[2], ns;
	struct timespec time;

	/* Sockets of a run before linger for some seconds. */
	clock_gettime(CLOCK_MONOTONIC, &time);
	first_port = 0x10000000 + (time.tv_sec << 16 | time.tv_nsec >> 20 << 4) % 0x60000000;
	memcpy(netns_of, netns, sizeof(netns_of));
	fill_payload();
	for (ns = 0; ns < NAMESPACES; ns++) {
		enter(ns);
		vms_start(ns, guest_hears);
	}
	has_seqpacket = knows_seqpacket();
	make_pair(ping);
	make_pair(holding);
	settle_prepare(ping, holding);
}
