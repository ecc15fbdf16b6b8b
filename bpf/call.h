/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A call: what gates ask about and what events tell of.
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

#include "vsock-bpfd.h"

/* Who calls whom. `to.port` is the port that rules speak of. */
struct call {
	struct end from, to;
	bool by_caller; /* the current task is the one that calls */
	bool silent;	/* was judged before: refusals are not told once more */
};

#endif
