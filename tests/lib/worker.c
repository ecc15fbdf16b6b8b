// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/worker.h"

/* How long to wait for a connection that should not come. */
#define NOBODY_MS 2

enum task {
	TASK_ENTER,
	TASK_SOCKET,
	TASK_GIVE,
	TASK_TAKE,
	TASK_CLOSE,
	TASK_LISTEN,
	TASK_CONNECT,
	TASK_SAY,
	TASK_REPLY,
	TASK_HEAR,
	TASK_EXPECT_NOBODY,
};

struct order {
	enum task task;
	int type;
	enum connect_how how;
	unsigned int cid;
	unsigned int port;
};

struct answer {
	int err;
	struct connect_result result;
};

/* What a worker's process holds. */
static struct {
	int socket;
	int accepted;
	struct io_uring ring;
	bool has_ring;
} mine = { .socket = -1, .accepted = -1 };

int channel_send(int channel, const void *data, size_t size, int fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec vec = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &vec, .msg_iovlen = 1 };
	struct cmsghdr *part;

	if (fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		part = CMSG_FIRSTHDR(&message);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(part), &fd, sizeof(fd));
	}
	return sendmsg(channel, &message, MSG_NOSIGNAL) == (ssize_t)size ? 0 : EPIPE;
}

int channel_receive(int channel, void *data, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vec = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &vec,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *part;
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)size)
		return EPIPE;
	part = CMSG_FIRSTHDR(&message);
	if (part && part->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(part), sizeof(*fd));
	return 0;
}

/* Only there so that a blocked call returns EINTR. */
static void on_alarm(int number)
{
	(void)number;
}

static void set_alarm(int ms)
{
	struct itimerval timer = {
		/* Again and again, lest one that comes just before a call be lost. */
		.it_interval.tv_usec = ms ? 100 * 1000 : 0,
		.it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int last_error(void)
{
	return errno == EINTR ? ETIME : errno;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int do_close(void)
{
	close_one(&mine.accepted);
	close_one(&mine.socket);
	return 0;
}

static int do_enter(int netns)
{
	int err = setns(netns, CLONE_NEWNET) ? errno : 0;

	close(netns);
	return err;
}

static int do_socket(int type)
{
	do_close();
	mine.socket = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);
	return mine.socket < 0 ? errno : 0;
}

static int do_take(int fd)
{
	do_close();
	mine.socket = fd;
	return fd < 0 ? EBADF : 0;
}

static int do_listen(unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};

	if (bind(mine.socket, (struct sockaddr *)&address, sizeof(address)))
		return errno;
	return listen(mine.socket, 8) ? errno : 0;
}

static int connect_now(const struct sockaddr_vm *address)
{
	if (!connect(mine.socket, (const struct sockaddr *)address, sizeof(*address)))
		return 0;
	return last_error();
}

static int pending_error(void)
{
	struct pollfd wait = { .fd = mine.socket, .events = POLLOUT };
	int err;
	socklen_t size = sizeof(err);

	if (poll(&wait, 1, WORKER_LIMIT_MS) != 1)
		return ETIME;
	return getsockopt(mine.socket, SOL_SOCKET, SO_ERROR, &err, &size) ? errno : err;
}

static void set_blocking(bool blocking)
{
	int flags = fcntl(mine.socket, F_GETFL);

	fcntl(mine.socket, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static void connect_nonblocking(const struct sockaddr_vm *address, struct connect_result *result)
{
	set_blocking(false);
	result->err[0] = connect_now(address);
	result->count = 1;
	if (result->err[0] == EINPROGRESS)
		result->err[result->count++] = pending_error();
	set_blocking(true);
}

static void drop_ring(void)
{
	if (mine.has_ring)
		io_uring_queue_exit(&mine.ring);
	mine.has_ring = false;
}

static int have_ring(void)
{
	int err;

	if (mine.has_ring)
		return 0;
	err = -io_uring_queue_init(4, &mine.ring, 0);
	mine.has_ring = !err;
	return err;
}

/* What the ring says of the one entry that is in it. */
static int ring_answer(void)
{
	struct io_uring_cqe *done = NULL;
	int err = io_uring_submit(&mine.ring);

	err = err == 1 ? io_uring_wait_cqe(&mine.ring, &done) : -EIO;
	if (err) {
		/* An entry that is still under way would answer the next order. */
		drop_ring();
		return err == -EINTR ? ETIME : -err;
	}
	err = -done->res;
	io_uring_cqe_seen(&mine.ring, done);
	return err;
}

/*
 * io_uring looks again at a connect that is under way by connecting once more,
 * and now and then hands on what that says: EALREADY (seen on 5.10, 6.12 and 7.3,
 * with nothing but the kernel at work), or on 5.10 EISCONN. SO_ERROR then tells
 * how the connect ended.
 */
static int connect_io_uring(const struct sockaddr_vm *address, unsigned int flags)
{
	struct io_uring_sqe *entry;
	int err = have_ring();

	if (err)
		return err;
	entry = io_uring_get_sqe(&mine.ring);
	io_uring_prep_connect(entry, mine.socket, (struct sockaddr *)address, sizeof(*address));
	io_uring_sqe_set_flags(entry, flags);
	err = ring_answer();
	return err == EALREADY || err == EISCONN ? pending_error() : err;
}

static void connect_twice(const struct sockaddr_vm *address, struct connect_result *result)
{
	result->err[0] = connect_now(address);
	result->count = 1;
	if (result->err[0])
		result->err[result->count++] = connect_now(address);
}

static int do_connect(const struct order *order, struct connect_result *result)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = order->cid,
		.svm_port = order->port,
	};

	result->count = 1;
	switch (order->how) {
	case CONNECT_BLOCKING:
		result->err[0] = connect_now(&address);
		break;
	case CONNECT_NONBLOCKING:
		connect_nonblocking(&address, result);
		break;
	case CONNECT_IO_URING:
		result->err[0] = connect_io_uring(&address, IOSQE_ASYNC);
		break;
	case CONNECT_IO_URING_INLINE:
		result->err[0] = connect_io_uring(&address, 0);
		break;
	case CONNECT_TWICE:
		connect_twice(&address, result);
		break;
	case CONNECT_UNSPEC:
		address.svm_family = AF_UNSPEC;
		result->err[0] = connect_now(&address);
		break;
	}
	return result->err[result->count - 1];
}

static int send_message(int fd, const char *word, unsigned int token)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%s %u", word, token);

	return send(fd, text, size, MSG_NOSIGNAL) == size ? 0 : last_error();
}

static int receive_message(int fd, const char *word, unsigned int token)
{
	char text[32], wanted[32];
	int size = snprintf(wanted, sizeof(wanted), "%s %u", word, token);
	ssize_t got = recv(fd, text, sizeof(text), 0);

	if (got < 0)
		return last_error();
	return got == size && !memcmp(text, wanted, size) ? 0 : EBADMSG;
}

static int do_reply(unsigned int token)
{
	int err;

	mine.accepted = accept4(mine.socket, NULL, NULL, SOCK_CLOEXEC);
	if (mine.accepted < 0)
		return last_error();
	err = receive_message(mine.accepted, "hello", token);
	return err ?: send_message(mine.accepted, "welcome", token);
}

static int do_expect_nobody(void)
{
	struct pollfd wait = { .fd = mine.socket, .events = POLLIN };

	return poll(&wait, 1, NOBODY_MS) > 0 ? EEXIST : 0;
}

static int do_order(const struct order *order, int fd, struct answer *answer)
{
	switch (order->task) {
	case TASK_ENTER:
		return do_enter(fd);
	case TASK_SOCKET:
		return do_socket(order->type);
	case TASK_GIVE:
		return mine.socket < 0 ? EBADF : 0;
	case TASK_TAKE:
		return do_take(fd);
	case TASK_CLOSE:
		return do_close();
	case TASK_LISTEN:
		return do_listen(order->port);
	case TASK_CONNECT:
		return do_connect(order, &answer->result);
	case TASK_SAY:
		return send_message(mine.socket, "hello", order->port);
	case TASK_REPLY:
		return do_reply(order->port);
	case TASK_HEAR:
		return receive_message(mine.socket, "welcome", order->port);
	case TASK_EXPECT_NOBODY:
		return do_expect_nobody();
	}
	return EINVAL;
}

void worker_serve(int channel)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct order order;
	int fd;

	/* Descriptors of other namespaces would keep those alive. */
	close_range(3, channel - 1, 0);
	close_range(channel + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGALRM, &action, NULL);
	while (!channel_receive(channel, &order, sizeof(order), &fd)) {
		struct answer answer = {};
		int given;

		set_alarm(WORKER_LIMIT_MS);
		answer.err = do_order(&order, fd, &answer);
		set_alarm(0);
		given = order.task == TASK_GIVE ? mine.socket : -1;
		if (channel_send(channel, &answer, sizeof(answer), given))
			break;
		/* The one who gave a socket away must not keep it alive. */
		if (given >= 0)
			do_close();
	}
	_exit(0);
}

int worker_start(struct worker *worker)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return errno;
	worker->pid = fork();
	if (worker->pid < 0)
		return errno;
	if (!worker->pid) {
		close(pair[0]);
		worker_serve(pair[1]);
	}
	close(pair[1]);
	worker->channel = pair[0];
	return 0;
}

void worker_stop(struct worker *worker)
{
	close_one(&worker->channel);
	if (worker->pid <= 0)
		return;
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	worker->pid = 0;
}

static int command(struct worker *worker, const struct order *order, int fd_in, int *fd_out,
		   struct answer *answer)
{
	struct pollfd wait = { .fd = worker->channel, .events = POLLIN };
	int fd, err;

	memset(answer, 0, sizeof(*answer));
	err = channel_send(worker->channel, order, sizeof(*order), fd_in);
	if (err)
		return err;
	/* A task that even the alarm does not free is beyond its own help. */
	if (poll(&wait, 1, 3 * WORKER_LIMIT_MS) != 1)
		return ETIME;
	err = channel_receive(worker->channel, answer, sizeof(*answer), &fd);
	if (err)
		return err;
	if (fd_out)
		*fd_out = fd;
	return answer->err;
}

static int simple(struct worker *worker, enum task task, unsigned int port)
{
	struct order order = { .task = task, .port = port };
	struct answer answer;

	return command(worker, &order, -1, NULL, &answer);
}

int worker_enter(struct worker *worker, int netns)
{
	struct order order = { .task = TASK_ENTER };
	struct answer answer;

	return command(worker, &order, netns, NULL, &answer);
}

int worker_socket(struct worker *worker, int type)
{
	struct order order = { .task = TASK_SOCKET, .type = type };
	struct answer answer;

	return command(worker, &order, -1, NULL, &answer);
}

int worker_give(struct worker *worker, int *fd)
{
	struct order order = { .task = TASK_GIVE };
	struct answer answer;

	return command(worker, &order, -1, fd, &answer);
}

int worker_take(struct worker *worker, int fd)
{
	struct order order = { .task = TASK_TAKE };
	struct answer answer;

	return command(worker, &order, fd, NULL, &answer);
}

int worker_close(struct worker *worker)
{
	return simple(worker, TASK_CLOSE, 0);
}

int worker_listen(struct worker *worker, unsigned int port)
{
	return simple(worker, TASK_LISTEN, port);
}

int worker_connect(struct worker *worker, enum connect_how how, unsigned int cid, unsigned int port,
		   struct connect_result *result)
{
	struct order order = { .task = TASK_CONNECT, .how = how, .cid = cid, .port = port };
	struct answer answer;
	int err = command(worker, &order, -1, NULL, &answer);

	*result = answer.result;
	if (result->count)
		return err;
	/* The worker itself failed. */
	result->count = 1;
	result->err[0] = err;
	return err;
}

int worker_say(struct worker *worker, unsigned int token)
{
	return simple(worker, TASK_SAY, token);
}

int worker_reply(struct worker *worker, unsigned int token)
{
	return simple(worker, TASK_REPLY, token);
}

int worker_hear(struct worker *worker, unsigned int token)
{
	return simple(worker, TASK_HEAR, token);
}

int worker_expect_nobody(struct worker *worker)
{
	return simple(worker, TASK_EXPECT_NOBODY, 0);
}
