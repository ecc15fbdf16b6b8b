/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each of those who use the public socket may still ask for. A caller is a tenant: a user with
 * all of his user namespaces and the uids in them, or a container with one of its own.
 */
#ifndef CALLERS_H
#define CALLERS_H

#include <linux/types.h>
#include <stdbool.h>

#include "vsock-bpfd.h"

#define CALLER_BURST	   64	  /* requests at once, */
#define CALLER_PERIOD_USEC 100000 /* then one each period */
#define CALLER_CONNECTIONS 8

/* Those that are remembered; more than there can be connections. */
#define MAX_CALLERS 256

struct caller_account {
	__u64 tenant; /* 0: free */
	__u64 refilled_usec;
	unsigned int tokens, connections;
};

struct callers {
	struct caller_account account[MAX_CALLERS];
};

/* NULL if it may not connect now; else one connection more, and one request less. */
struct caller_account *callers_admit(struct callers *callers, __u64 tenant, __u64 now_usec);

/* The connection has ended. */
void callers_leave(struct caller_account *account);

#endif
