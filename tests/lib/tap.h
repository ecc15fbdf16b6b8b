/* SPDX-License-Identifier: GPL-2.0-only */
/* The Test Anything Protocol for test programs in C. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_done;
static int tap_failed;

static inline void tap_vline(const char *start, const char *format, va_list words)
{
	fputs(start, stdout);
	vprintf(format, words);
	putchar('\n');
	/* What was printed must outlive a machine that dies. */
	fflush(stdout);
}

/* For a number of tests that is known beforehand. */
static inline void tap_plan(int count)
{
	printf("1..%d\n", count);
	fflush(stdout);
}

__attribute__((format(printf, 2, 3))) static inline bool tap_ok(bool good, const char *format, ...)
{
	char start[32];
	va_list words;

	tap_done++;
	tap_failed += !good;
	snprintf(start, sizeof(start), "%s %d - ", good ? "ok" : "not ok", tap_done);
	va_start(words, format);
	tap_vline(start, format, words);
	va_end(words);
	return good;
}

__attribute__((format(printf, 1, 2))) static inline void tap_diag(const char *format, ...)
{
	va_list words;

	va_start(words, format);
	tap_vline("# ", format, words);
	va_end(words);
}

/* Nothing that follows would mean anything. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void tap_bail(const char *format, ...)
{
	va_list words;

	va_start(words, format);
	tap_vline("Bail out! ", format, words);
	va_end(words);
	exit(1);
}

/* The exit status of a program that called tap_plan(). */
static inline int tap_status(void)
{
	return tap_failed ? 1 : 0;
}

/* For a number of tests that is known only afterwards; returns the exit status. */
static inline int tap_end(void)
{
	tap_plan(tap_done);
	return tap_status();
}

#endif /* TESTS_TAP_H */
