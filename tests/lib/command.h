/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that a test runs, and what they say. */
#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct said {
	int status; /* 128 + its number after a signal */
	char out[16384];
	char err[4096];
};

/* Runs a line of shell. */
void command(struct said *said, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, where it is part of the set-up: bails out unless its status is 0. */
void must(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In a process of its own that only start_command()'s caller ends or waits for. */
pid_t start_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
int wait_command(pid_t pid);

/* By /proc/kallsyms; modules that are not loaded have none. */
bool kernel_has(const char *symbol);

/* Lines of a text; the last may lack its end. */
int count_lines(const char *text);

/* "what was said" as a comment of TAP. */
void tap_said(const struct said *said);

#endif /* TESTS_COMMAND_H */
