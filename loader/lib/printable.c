// SPDX-License-Identifier: GPL-2.0-only
#include "lib/printable.h"

#include <stdbool.h>
#include <string.h>

#include "lib/utf8.h"

/* Those below the space, DEL, and the second set of terminals (U+0080 to U+009F). */
static bool is_control(const unsigned char *text, size_t length)
{
	if (length == 1)
		return *text < 0x20 || *text == 0x7f;
	return length == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

/* Length of the character at `text`, 0 if it is not one that may be shown. */
static size_t character(const unsigned char *text, size_t left)
{
	size_t length = utf8_length(text, left);

	return length && !is_control(text, length) ? length : 0;
}

void printable(char *copy, size_t size, const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t left = strnlen(text, length), used = 0, good;

	for (; left && used + 1 < size; at += good ?: 1, left -= good ?: 1) {
		good = character(at, left);
		if (good && used + good >= size)
			break;
		if (good)
			memcpy(copy + used, at, good);
		else
			copy[used] = '?';
		used += good ?: 1;
	}
	copy[used] = '\0';
}
