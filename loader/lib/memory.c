// SPDX-License-Identifier: GPL-2.0-only
#include "lib/memory.h"

#include <err.h>
#include <stdarg.h>
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

char *memory_printf(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return memory_checked(text);
}
