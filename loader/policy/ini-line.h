/* SPDX-License-Identifier: GPL-2.0-only */
/* What a line may look like before libinih gets it, which says little and cuts quietly. */
#ifndef POLICY_INI_LINE_H
#define POLICY_INI_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct ini_line {
	const char *text;
	size_t length;
};

/* Without blanks around it, and without the end of a line as of DOS. */
struct ini_line ini_line_strip(struct ini_line line);

/* Nothing, or a comment. */
bool ini_line_is_empty(struct ini_line line);

/* Of a stripped line: whether it is this text; whether it sets this key, as in "Key = value". */
bool ini_line_is(struct ini_line line, const char *text);
bool ini_line_sets(struct ini_line line, const char *key);

/*
 * NULL for a [Section] or Key=value, in UTF-8, of at most `most` bytes; else what is wrong
 * with it, which the caller frees.
 */
char *ini_line_mistake(struct ini_line line, size_t most);

#endif
