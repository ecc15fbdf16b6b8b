/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has connected to a socket of AF_UNIX, by the kernel's word. */
#ifndef CALLER_H
#define CALLER_H

#include "caller-answer.h"

struct caller_program;

/* Loads what asks the kernel. Says what is wrong. */
int caller_program_load(struct caller_program **program);
void caller_program_free(struct caller_program *program);

/* Asks about an accepted connection; -ESRCH if the kernel does not know. Says nothing. */
int caller_learn(const struct caller_program *program, int fd, struct caller_answer *caller);

#endif
