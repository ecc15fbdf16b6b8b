// SPDX-License-Identifier: GPL-2.0-only
#include "lib/memory.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_checked(void *memory)
{
	if (!memory)
		err(EXIT_FAILURE, NULL);
	return memory;
}

char *memory_strdup(const char *text)
{
	return memory_checked(strdup(text));
}

char *memory_vprintf(const char *format, va_list args)
{
	char *text;

	return memory_checked(vasprintf(&text, format, args) < 0 ? NULL : text);
}

char *memory_printf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = memory_vprintf(format, args);
	va_end(args);
	return text;
}
