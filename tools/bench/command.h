/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that are started, and must succeed. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <sys/types.h>

/* Words up to a NULL; what it says on standard output goes nowhere. */
void run_command(const char *program, ...);

pid_t start_command(char *const words[]);
void wait_command(pid_t pid);

#endif
