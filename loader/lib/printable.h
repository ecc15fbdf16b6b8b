/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that others chose, made harmless for terminals, logs and JSON. */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stddef.h>

/*
 * Copies `text`, at most `length` bytes of it, and ends it. Any process names itself with
 * prctl(): control characters, and bytes that are no UTF-8, become question marks. What
 * does not fit is cut between characters.
 */
void printable(char *copy, size_t size, const char *text, size_t length);

#endif
