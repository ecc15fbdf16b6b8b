/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a number still is of the same process. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>

/* The tick of the clock, since the machine was booted, in which a process began; false if gone. */
bool process_began(unsigned int pid, unsigned long long *tick);

/* The tick in which a time of CLOCK_BOOTTIME lies. */
unsigned long long process_tick(unsigned long long ns);

#endif
