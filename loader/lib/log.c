// SPDX-License-Identifier: GPL-2.0-only
#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static FILE *copy_to;
static bool diverted;

static void put_line(FILE *out, const char *format, va_list args, const char *reason)
{
	vfprintf(out, format, args);
	if (reason)
		fprintf(out, ": %s", reason);
	fputc('\n', out);
}

static void put_copy(const char *format, va_list args, const char *reason)
{
	va_list again;

	if (!copy_to)
		return;
	va_copy(again, args);
	put_line(copy_to, format, again, reason);
	va_end(again);
}

static void print_line(const char *format, va_list args, const char *reason)
{
	put_copy(format, args, reason);
	if (diverted)
		return;
	fprintf(stderr, "%s: ", program_invocation_short_name);
	put_line(stderr, format, args, reason);
}

int log_error(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, NULL);
	va_end(args);
	return -error;
}

int log_errno(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, strerror(error));
	va_end(args);
	return -error;
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_copy(format, args, NULL);
	if (!diverted)
		put_line(stdout, format, args, NULL);
	va_end(args);
	fflush(stdout);
}

void log_copy(FILE *copy)
{
	copy_to = copy;
}

void log_divert(FILE *to)
{
	copy_to = to;
	diverted = to != NULL;
}
