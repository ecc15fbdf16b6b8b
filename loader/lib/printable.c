// SPDX-License-Identifier: GPL-2.0-only
#include "lib/printable.h"

#include <stdbool.h>
#include <string.h>

/* How long a character of UTF-8 is that begins so; 0 for what is none. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Longer than need be, half a surrogate pair, or beyond Unicode. */
static bool wrong_second(unsigned char first, unsigned char second)
{
	return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* Those below the space, DEL, and the second set of terminals (U+0080 to U+009F). */
static bool is_control(const unsigned char *text, size_t length)
{
	if (length == 1)
		return *text < 0x20 || *text == 0x7f;
	return length == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

/* Length of the character at `text`, 0 if it is none that may be shown. */
static size_t character(const unsigned char *text, size_t left)
{
	size_t length = length_of(*text), i;

	if (!length || length > left || is_control(text, length))
		return 0;
	if (length > 2 && wrong_second(text[0], text[1]))
		return 0;
	for (i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
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
