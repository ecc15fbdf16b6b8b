// SPDX-License-Identifier: GPL-2.0-only
/* In the place of log.c: each line is made, which shows what is wrong in it, and not shown. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/log.h"

static FILE *copy_to;

static int make_line(int error, const char *format, va_list args)
{
	char *line;
	int length = vasprintf(&line, format, args);

	check(length >= 0);
	if (copy_to)
		fprintf(copy_to, "%s\n", line);
	free(line);
	return -error;
}

int log_error(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_line(error, format, args);
	va_end(args);
	check(error > 0);
	return -error;
}

int log_errno(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_line(error, format, args);
	va_end(args);
	/* "Success" would be the reason. */
	check(error > 0);
	return -error;
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	make_line(0, format, args);
	va_end(args);
}

void log_copy(FILE *copy)
{
	copy_to = copy;
}

void log_divert(FILE *to)
{
	copy_to = to;
}
