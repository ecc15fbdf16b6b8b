/* SPDX-License-Identifier: GPL-2.0-only */
/* A call from one end to another: gates ask about it, events report it. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

#include "vsock-bpfd.h"

/* `to.port` is the port that rules are about. */
struct call {
	struct end from, to;
	bool by_caller; /* the current task is the one that calls */
	bool silent;	/* a refusal is not reported, as it was reported before or means nothing */
};

#endif
