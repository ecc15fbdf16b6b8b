/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stops the kernel at a point of one's choice: setsockopt() takes the lock of a vsock
 * socket and then reads its argument, from a page that a userfaultfd withholds. Whoever
 * wants the lock meanwhile waits: a connect() between its gate and its packet, a worker
 * between a packet's arrival and its delivery.
 *
 * Everything here ends the program when it fails.
 */
#ifndef TESTS_HOLD_H
#define TESTS_HOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <sys/types.h>

#define HOLD_LIMIT_MS 60000

struct hold {
	int socket, uffd;
	char *page;
	pthread_t thread;
};

/* On return the lock is taken. */
void hold_lock(struct hold *hold, int socket);
void hold_release(struct hold *hold);

/* A thread that makes one call, which may take as long as it likes. */
struct call {
	int (*make)(void *arg); /* an errno */
	void *arg;
	int err;
	atomic_int tid;
	atomic_bool done;
	pthread_t thread;
};

void call_begin(struct call *call, int (*make)(void *arg), void *arg);
/* Until the kernel has put it to sleep where no signal reaches it: on a lock, that is. */
void call_await_lock(const struct call *call);
/* What it returned. */
int call_end(struct call *call);

/* The same for the thread of a device that this process owns. False after the limit. */
bool vhost_worker_waits(void);

/* The same for the task that delivers what goes over loopback, as call_await_lock(). */
void await_loopback_worker(void);

#endif /* TESTS_HOLD_H */
