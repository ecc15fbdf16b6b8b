// SPDX-License-Identifier: GPL-2.0-only
#include "lib/text-table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/memory.h"

void table_start(struct table *table, size_t columns, const char *const *head)
{
	size_t i;

	memset(table, 0, sizeof(*table));
	table->columns = columns;
	for (i = 0; i < columns; i++)
		*array_add(table->cell, table->cells, table->room) = memory_strdup(head[i]);
}

void table_add(struct table *table, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*array_add(table->cell, table->cells, table->room) = memory_vprintf(format, args);
	va_end(args);
}

static void measure(const struct table *table, size_t *width)
{
	size_t i, length;

	for (i = 0; i < table->cells; i++) {
		length = strlen(table->cell[i]);
		if (length > width[i % table->columns])
			width[i % table->columns] = length;
	}
}

bool table_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

void table_print(struct table *table)
{
	size_t width[TABLE_COLUMNS] = {}, i;
	bool colour = table_colour(), last;

	measure(table, width);
	for (i = 0; i < table->cells; i++) {
		last = i % table->columns == table->columns - 1;
		if (colour && i == 0)
			fputs("\033[1m", stdout);
		printf("%-*s", last ? 0 : (int)width[i % table->columns] + 2, table->cell[i]);
		if (colour && i == table->columns - 1)
			fputs("\033[0m", stdout);
		if (last)
			putchar('\n');
		free(table->cell[i]);
	}
	free(table->cell);
}
