/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a program in which one call fails. */
#ifndef TESTS_TRACE_H
#define TESTS_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A system call, by the order in which they come. */
struct call {
	uint64_t number, first; /* argument */
	char path[64];		/* that it is about, if it has one where most have it */
};

struct calls {
	struct call *call;
	size_t count, room;
};

/* What is to fail, if anything. */
struct fault {
	enum {
		NOTHING_FAILS,
		SYSCALL_FAILS,
		ALLOCATION_FAILS,
	} kind;
	size_t syscall; /* which one */
	char stack[24]; /* of the allocation */
};

struct outcome {
	int status; /* 128 + the signal that ended it */
	bool reached;
	char err[2048], what[192]; /* stderr, and what has failed */
};

/* Words between blanks. Notes the calls of a run in which nothing fails, if `calls` is not NULL. */
void trace(struct outcome *outcome, const char *line, const struct fault *fault,
	   struct calls *calls);

/* Places of allocations of a run in which nothing fails, to be freed; returns how many. */
size_t trace_stacks(const char *line, char (**stacks)[24]);

/* Called every 10 ms or so while the program runs, and stops for a call. */
extern void (*trace_meanwhile)(pid_t pid);

#endif
