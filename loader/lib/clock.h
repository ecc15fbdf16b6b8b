/* SPDX-License-Identifier: GPL-2.0-only */
/* Clocks as numbers, of which those of the kernel and of sd-event are compared with ours. */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/types.h>
#include <time.h>

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define USEC_PER_SEC  1000000ULL

static inline __u64 clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

/* CLOCK_MONOTONIC in microseconds, as timers of sd-event have it. */
static inline __u64 clock_usec(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

#endif
