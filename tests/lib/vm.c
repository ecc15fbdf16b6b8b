// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/vm.h"
#include "lib/worker.h"
#include "../../tools/guest/virtio-vsock.h"

#define FOREIGN_PORT 4000

struct order {
	enum {
		ENTER,
		OPEN,
		GIVE,
		TAKE,
		SET_UP,
		SET_CID,
		RUN,
		CLOSE,
		LISTEN,
		COUNT_REQUESTS,
		CONNECT,
		CONNECT_AS,
		SAY,
		REPLY,
		HEAR,
	} what;
	int type;
	uint64_t cid;
	unsigned int port, token;
};

struct answer {
	int err;
	unsigned int count;
};

/* What the process has. */
static struct guest guest;
static struct guest_conn *conn;
static bool is_open;

static int positive(int ret)
{
	if (ret == -ETIMEDOUT)
		return ETIME;
	return ret < 0 ? -ret : 0;
}

static int do_enter(int netns)
{
	int err = setns(netns, CLONE_NEWNET) ? errno : 0;

	close(netns);
	return err;
}

static int do_open(int fd)
{
	int ret = is_open ? -EBUSY : guest_open(&guest, fd);

	if (!ret)
		is_open = true;
	return positive(ret);
}

static int do_set_up(uint64_t cid)
{
	int ret = guest_set_owner(&guest);

	ret = ret ?: guest_set_up(&guest);
	return positive(ret ?: guest_set_cid(&guest, cid));
}

static int do_close(void)
{
	if (is_open)
		guest_close(&guest);
	is_open = false;
	conn = NULL;
	return 0;
}

static int count_requests(unsigned int port, unsigned int *count)
{
	const struct guest_listener *listener;

	guest_pump(&guest, 0);
	for (listener = guest.listeners; listener; listener = listener->next)
		if (listener->port == port)
			*count = listener->requests;
	return 0;
}

static int do_connect(const struct order *order)
{
	guest.type = order->type == SOCK_SEQPACKET ? VIRTIO_VSOCK_TYPE_SEQPACKET
						   : VIRTIO_VSOCK_TYPE_STREAM;
	return positive(guest_connect(&guest, order->port, VM_LIMIT_MS, &conn));
}

/* Packets are taken in order: once the second has its answer, the first has had its own. */
static int do_connect_as(const struct order *order)
{
	struct virtio_vsock_hdr hdr =
		guest_header(&guest, VIRTIO_VSOCK_OP_REQUEST, FOREIGN_PORT, order->port);
	struct packet packet;
	int ret;

	hdr.src_cid = order->cid;
	ret = guest_inject(&guest, &hdr, NULL, 0);
	hdr = guest_header(&guest, VIRTIO_VSOCK_OP_REQUEST, FOREIGN_PORT + 1, order->token);
	ret = ret ?: guest_inject(&guest, &hdr, NULL, 0);
	ret = ret ?: guest_next_packet(&guest, &packet, VM_LIMIT_MS);
	if (ret)
		return positive(ret);
	if (packet.hdr.dst_port == FOREIGN_PORT + 1)
		return EADDRNOTAVAIL;
	return packet.hdr.op == VIRTIO_VSOCK_OP_RESPONSE ? 0 : ECONNRESET;
}

static int say(const char *word, unsigned int token)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%s %u", word, token);

	return conn ? positive(guest_send(conn, text, size, VM_LIMIT_MS)) : ENOTCONN;
}

static int hear(const char *word, unsigned int token)
{
	char text[32], wanted[32];
	int size = snprintf(wanted, sizeof(wanted), "%s %u", word, token);
	ssize_t got = conn ? guest_receive(conn, text, size, VM_LIMIT_MS) : -ENOTCONN;

	if (got < 0)
		return positive(got);
	return got == size && !memcmp(text, wanted, size) ? 0 : EBADMSG;
}

static int do_reply(const struct order *order)
{
	int err = positive(guest_accept(&guest, order->port, VM_LIMIT_MS, &conn));

	err = err ?: hear("hello", order->token);
	return err ?: say("welcome", order->token);
}

static int do_order(const struct order *order, int fd, struct answer *answer)
{
	if (!is_open && order->what != ENTER && order->what != OPEN && order->what != TAKE &&
	    order->what != CLOSE)
		return EBADF;
	switch (order->what) {
	case ENTER:
		return do_enter(fd);
	case OPEN:
		return do_open(-1);
	case GIVE:
		return 0;
	case TAKE:
		return do_open(fd);
	case SET_UP:
		return do_set_up(order->cid);
	case SET_CID:
		return positive(guest_set_cid(&guest, order->cid));
	case RUN:
		return positive(guest_start(&guest));
	case CLOSE:
		return do_close();
	case LISTEN:
		return positive(guest_listen(&guest, order->port, GUEST_HOLD));
	case COUNT_REQUESTS:
		return count_requests(order->port, &answer->count);
	case CONNECT:
		return do_connect(order);
	case CONNECT_AS:
		return do_connect_as(order);
	case SAY:
		return say("hello", order->token);
	case REPLY:
		return do_reply(order);
	case HEAR:
		return hear("welcome", order->token);
	}
	return EINVAL;
}

/* Until an order comes, the guest answers what comes to it. */
static void await_order(int channel)
{
	struct pollfd wait[2] = { { .fd = channel, .events = POLLIN }, { .events = POLLIN } };

	do {
		wait[1].fd = is_open ? guest_fd(&guest) : -1;
		if (poll(wait, 2, -1) > 0 && wait[1].revents)
			guest_pump(&guest, 0);
	} while (!wait[0].revents);
}

static void serve(int channel)
{
	struct order order;
	int fd, given;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (await_order(channel); !channel_receive(channel, &order, sizeof(order), &fd);
	     await_order(channel)) {
		struct answer answer = {};

		answer.err = do_order(&order, fd, &answer);
		given = order.what == GIVE && !answer.err ? guest.vhost.fd : -1;
		if (channel_send(channel, &answer, sizeof(answer), given))
			break;
		/* The one who gave a device away must not keep it open. */
		if (given >= 0)
			do_close();
	}
	_exit(0);
}

int vm_start(struct vm *vm)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return errno;
	vm->pid = fork();
	if (vm->pid < 0)
		return errno;
	if (!vm->pid) {
		/* Descriptors of namespaces and other channels would keep those alive. */
		close_range(3, pair[1] - 1, 0);
		close_range(pair[1] + 1, ~0U, 0);
		serve(pair[1]);
	}
	close(pair[1]);
	vm->channel = pair[0];
	return 0;
}

void vm_stop(struct vm *vm)
{
	if (vm->pid <= 0)
		return;
	close(vm->channel);
	kill(vm->pid, SIGKILL);
	waitpid(vm->pid, NULL, 0);
	vm->pid = 0;
}

static int command(struct vm *vm, const struct order *order, int fd_in, int *fd_out,
		   struct answer *answer)
{
	struct pollfd wait = { .fd = vm->channel, .events = POLLIN };
	int fd, err;

	err = channel_send(vm->channel, order, sizeof(*order), fd_in);
	if (err)
		return err;
	if (poll(&wait, 1, 3 * VM_LIMIT_MS) != 1)
		return ETIME;
	err = channel_receive(vm->channel, answer, sizeof(*answer), &fd);
	if (err)
		return err;
	if (fd_out)
		*fd_out = fd;
	return answer->err;
}

static int simple(struct vm *vm, const struct order *order)
{
	struct answer answer;

	return command(vm, order, -1, NULL, &answer);
}

static int with_fd(struct vm *vm, const struct order *order, int fd)
{
	struct answer answer;

	return command(vm, order, fd, NULL, &answer);
}

int vm_enter(struct vm *vm, int netns)
{
	return with_fd(vm, &(struct order){ .what = ENTER }, netns);
}

int vm_open(struct vm *vm)
{
	return simple(vm, &(struct order){ .what = OPEN });
}

int vm_give(struct vm *vm, int *fd)
{
	struct answer answer;

	return command(vm, &(struct order){ .what = GIVE }, -1, fd, &answer);
}

int vm_take(struct vm *vm, int fd)
{
	return with_fd(vm, &(struct order){ .what = TAKE }, fd);
}

int vm_set_up(struct vm *vm, uint64_t cid)
{
	return simple(vm, &(struct order){ .what = SET_UP, .cid = cid });
}

int vm_set_cid(struct vm *vm, uint64_t cid)
{
	return simple(vm, &(struct order){ .what = SET_CID, .cid = cid });
}

int vm_run(struct vm *vm)
{
	return simple(vm, &(struct order){ .what = RUN });
}

int vm_up(struct vm *vm, uint64_t cid)
{
	int err = vm_open(vm);

	err = err ?: vm_set_up(vm, cid);
	return err ?: vm_run(vm);
}

int vm_close(struct vm *vm)
{
	return simple(vm, &(struct order){ .what = CLOSE });
}

int vm_listen(struct vm *vm, unsigned int port)
{
	return simple(vm, &(struct order){ .what = LISTEN, .port = port });
}

int vm_count_requests(struct vm *vm, unsigned int port, unsigned int *count)
{
	struct answer answer = {};
	int err;

	err = command(vm, &(struct order){ .what = COUNT_REQUESTS, .port = port }, -1, NULL,
		      &answer);
	*count = answer.count;
	return err;
}

int vm_connect(struct vm *vm, int type, unsigned int port)
{
	return simple(vm, &(struct order){ .what = CONNECT, .type = type, .port = port });
}

int vm_connect_as(struct vm *vm, uint64_t cid, unsigned int port, unsigned int free_port)
{
	return simple(vm,
		      &(struct order){
			      .what = CONNECT_AS, .cid = cid, .port = port, .token = free_port });
}

int vm_say(struct vm *vm, unsigned int token)
{
	return simple(vm, &(struct order){ .what = SAY, .token = token });
}

int vm_reply(struct vm *vm, unsigned int port, unsigned int token)
{
	return simple(vm, &(struct order){ .what = REPLY, .port = port, .token = token });
}

int vm_hear(struct vm *vm, unsigned int token)
{
	return simple(vm, &(struct order){ .what = HEAR, .token = token });
}
