/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker is a process that lives in one network namespace and does there, one
 * order after the other, what the runner tells it over a socketpair. It holds at
 * most one socket, and one connection that it accepted on it.
 *
 * Every worker_…() returns 0 or a positive errno; ETIME stands for an order that
 * was still not done after WORKER_LIMIT_MS.
 */
#ifndef TESTS_WORKER_H
#define TESTS_WORKER_H

#include <sys/types.h>

/* More than the 2 s after which the kernel gives up a vsock connect. */
#define WORKER_LIMIT_MS 15000

struct worker {
	pid_t pid;
	int channel;
};

enum connect_how {
	CONNECT_BLOCKING,
	CONNECT_NONBLOCKING,
	/* by a thread of io_uring's own, from the start */
	CONNECT_IO_URING,
	/* as io_uring likes: it tries at once and comes back later */
	CONNECT_IO_URING_INLINE,
	CONNECT_TWICE,
	/* an address of no family */
	CONNECT_UNSPEC,
};

/* What a connect returned, call by call: EINPROGRESS and then SO_ERROR, say. */
struct connect_result {
	int count;
	int err[2];
};

/* Runs in the worker's process until the channel is closed. */
void worker_serve(int channel) __attribute__((noreturn));

/* Forks a worker that stays in the caller's namespace. */
int worker_start(struct worker *worker);
void worker_stop(struct worker *worker);

/* The worker's task moves; sockets that it holds do not. */
int worker_enter(struct worker *worker, int netns);

int worker_socket(struct worker *worker, int type);
/* Hands the worker's socket over by SCM_RIGHTS. */
int worker_give(struct worker *worker, int *fd);
int worker_take(struct worker *worker, int fd);
int worker_close(struct worker *worker);

int worker_listen(struct worker *worker, unsigned int port);
int worker_connect(struct worker *worker, enum connect_how how, unsigned int cid, unsigned int port,
		   struct connect_result *result);

/*
 * A message each way over what was connected: the connecting worker says, the
 * listening one accepts and replies, the connecting one hears. EBADMSG when what
 * arrives is not what @token says.
 */
int worker_say(struct worker *worker, unsigned int token);
int worker_reply(struct worker *worker, unsigned int token);
int worker_hear(struct worker *worker, unsigned int token);

/* EEXIST when there is a connection to accept after all. */
int worker_expect_nobody(struct worker *worker);

/* A packet on a channel (SOCK_SEQPACKET), with a descriptor if @fd is not -1. 0 or EPIPE. */
int channel_send(int channel, const void *data, size_t size, int fd);
/* Waits for a packet of exactly this size; *fd is -1 where no descriptor came with it. */
int channel_receive(int channel, void *data, size_t size, int *fd);

#endif /* TESTS_WORKER_H */
