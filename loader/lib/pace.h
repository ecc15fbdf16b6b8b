/* SPDX-License-Identifier: GPL-2.0-only */
/* Work that others cause: at most once a second, and for a twentieth of the time. */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>

#include "lib/clock.h"

#define PACE_SHARE 20

/* Microseconds of clock_usec(); {} at first. */
struct pace {
	__u64 begun, due;
};

/* Whether the work may be done; then pace_end() follows it. */
static inline bool pace_begin(struct pace *pace)
{
	pace->begun = clock_usec();
	return pace->begun >= pace->due;
}

static inline void pace_end(struct pace *pace)
{
	pace->due = pace->begun + USEC_PER_SEC + PACE_SHARE * (clock_usec() - pace->begun);
}

#endif
