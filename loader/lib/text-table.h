/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables for people: columns as wide as their widest cell, bold heads on a terminal. */
#ifndef TEXT_TABLE_H
#define TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS 12

struct table {
	size_t columns, cells, room;
	char **cell;
};

/* The first row is the head. */
void table_start(struct table *table, size_t columns, const char *const *head);

/* Adds one cell, row by row. The text is copied. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether to: on a terminal, unless the environment has NO_COLOR (https://no-color.org). */
bool table_colour(void);

/* Prints and frees. */
void table_print(struct table *table);

#endif
