/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* How many bytes the character at `text` has, of which `left` are there; 0 if it is not UTF-8. */
size_t utf8_length(const unsigned char *text, size_t left);

#endif
