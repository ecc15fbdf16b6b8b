/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what is attached works: not whether it is pinned, but whether it answers. Each finding
 * is a line that says what is wrong and what to do.
 */
#ifndef ALIVE_H
#define ALIVE_H

#include <stdbool.h>

#include "layer/inspect.h"
#include "layer/probe.h"
#include "lib/findings.h"

struct alive {
	struct findings wrong;	    /* none: all is well */
	bool dead;		    /* some programs do not run: the first finding says why */
	bool repairable;	    /* a start, or the service, mends some of it */
	int silent;		    /* programs that had to run and did not */
	unsigned long long skipped; /* calls that a program was not run for */
};

/* Makes the calls in `how`. Adds a finding for each program that did not run and each lost pin. */
void alive_ask(struct alive *alive, const struct layer_report *report, enum probe how);

/* NULL if this machine is isolated as a whole, by programs or by its kernel; else what is wrong. */
const char *alive_wrong(const struct alive *alive, const struct layer_report *report);

#define ALIVE_FTRACE_OFF                                                                           \
	"kernel.ftrace_enabled is 0: the kernel runs no BPF program at a hook, and isolates "      \
	"nobody; 'sysctl kernel.ftrace_enabled=1' turns that on again"

#define ALIVE_NO_TRAMPOLINES                                                                       \
	"this kernel attaches BPF programs to none of its functions; on arm64 use Linux 6.4 or "   \
	"later"

#define ALIVE_PANICS                                                                               \
	"this kernel panics when BPF programs are detached: PREEMPT_RT without "                   \
	"bpf_destroy_inode(); use its usual flavour, or a newer kernel"

/* Whether the kernel runs programs at the beginning of functions. Says what to do if not. */
int alive_check_ftrace(void);

#endif
