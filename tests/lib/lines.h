/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of JSON in a file that somebody still writes. */
#ifndef TESTS_LINES_H
#define TESTS_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* What a line is to have: {"origin.namespace", "web"}; text as JSON prints it, without quotes. */
struct want {
	const char *key; /* "one" or "one.two" */
	const char *value;
};

/* Whether such a line comes, within seconds. Ends with an entry without a key. */
bool line_comes(const char *path, const struct want *wants);

/* How many lines there are, and the sum of a number in them. -1 if a line is no JSON. */
long lines_count(const char *path, const struct want *wants);
long lines_sum(const char *path, const struct want *wants, const char *key);

/* One line at hand: as above, and as lines_sum() of it. */
bool line_is(const char *line, const struct want *wants);
long line_number(const char *line, const char *key);

/*
 * Of an array of objects: a number of the one with this "name", or the sum of all numbers in
 * it if it is an object. Of all of them, if `name` is NULL.
 */
unsigned long long items_number(const char *json, const char *name, const char *key);

#endif /* TESTS_LINES_H */
