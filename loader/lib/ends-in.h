/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ENDS_IN_H
#define ENDS_IN_H

#include <stdbool.h>
#include <string.h>

/* Whether `text` ends in `ending` and has something before it: ".policy" is no file's name. */
static inline bool ends_in(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length > tail && !strcmp(text + length - tail, ending);
}

#endif
