/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether programs run: calls of our own are made that must pass through the hooks, and the
 * kernel is asked how often it ran each program meanwhile. That a program is attached does not
 * tell: kernel.ftrace_enabled=0 leaves all of them attached, and runs none.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* What is done to be seen; in bits. The gates refuse and report nothing of it. */
enum probe {
	PROBE_NODE = 1,	       /* /dev/vsock is opened */
	PROBE_SOCKET = 2,      /* a socket is made, asked for everything, and closed */
	PROBE_ARRIVAL = 4,     /* it connects over loopback to one that does not listen */
	PROBE_DEVICE = 8,      /* a device for a guest is opened and closed */
	PROBE_NAMESPACE = 16,  /* a namespace is made */
	PROBE_CONNECTION = 32, /* two sockets of the caller's namespace are connected */

	/* Cheap, and nobody notices. */
	PROBE_QUIET = PROBE_NODE | PROBE_SOCKET | PROBE_ARRIVAL,
	PROBE_ALL = PROBE_QUIET | PROBE_DEVICE | PROBE_NAMESPACE | PROBE_CONNECTION,
};

/* What must make a program run, 0 if nothing that can be waited for. */
enum probe probe_of(const char *program);

struct probed {
	const char *name; /* of the program */
	int fd;
	bool silent; /* it was not run, and had to be */
};

/* Does what `how` says; returns how many are silent, or -errno if the kernel does not count. */
int probe_ask(struct probed *programs, size_t count, enum probe how);

#endif
