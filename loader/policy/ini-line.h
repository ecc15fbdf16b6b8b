/* SPDX-License-Identifier: GPL-2.0-only */
/* What a line may look like before libinih gets it, which says little and cuts quietly. */
#ifndef POLICY_LINE_H
#define POLICY_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line {
	const char *text;
	size_t length;
};

/* Without blanks around it, and without the end of a line as of DOS. */
struct line line_strip(struct line line);

/* Nothing, or a comment. */
bool line_is_empty(struct line line);

/*
 * NULL for a [Section] or Key=value, in UTF-8, of at most `most` bytes; else what is wrong
 * with it, which the caller frees.
 */
char *line_mistake(struct line line, size_t most);

#endif
