// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print_line(const char *format, va_list args, const char *reason)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	if (reason)
		fprintf(stderr, ": %s", reason);
	fputc('\n', stderr);
}

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, NULL);
	va_end(args);
	return -error;
}

int fail_errno(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(format, args, strerror(error));
	va_end(args);
	return -error;
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}
