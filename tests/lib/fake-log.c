// SPDX-License-Identifier: GPL-2.0-only
#include "lib/fake-log.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/log.h"

char said[512];

int log_error(int error, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	vsnprintf(said, sizeof(said), format, words);
	va_end(words);
	return -error;
}

int log_errno(int error, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	vsnprintf(said, sizeof(said), format, words);
	va_end(words);
	return -error;
}
