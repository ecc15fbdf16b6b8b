// SPDX-License-Identifier: GPL-2.0-only
#include "lib/utf8.h"

size_t utf8_length(const unsigned char *text, size_t left)
{
	/* What would have been shorter, surrogates, and what is beyond the last. */
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned long code;
	size_t length, i;

	if (*text < 0x80)
		return 1;
	if (*text < 0xc0 || *text > 0xf7)
		return 0;
	length = *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	code = *text & (0x7f >> length);
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
		return 0;
	return length;
}
