/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds up the one worker that delivers loopback packets: what is sent meanwhile
 * stays on its way. Any process could do it: it sends from memory that is not there,
 * which keeps its socket locked, and the worker waits for that lock.
 */
#ifndef TESTS_STALL_H
#define TESTS_STALL_H

#include <pthread.h>
#include <stdbool.h>

struct stall {
	int memory; /* userfaultfd */
	char *page;
	int client, server;
	pthread_t sender;
};

/* While the worker still works. */
void stall_prepare(struct stall *stall);

/* From the packet on that is sent by this: what was sent before is delivered. */
void stall_hold(struct stall *stall);

void stall_end(struct stall *stall);

/* The first two. */
void stall_begin(struct stall *stall);

#endif /* TESTS_STALL_H */
