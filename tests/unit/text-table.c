// SPDX-License-Identifier: GPL-2.0-only
/* Tables for people, as they look where output is no terminal. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text-table.h"
#include "unit.h"

static const char *const head[] = { "NAME", "MODE", "ID" };
static char printed[8192];

static void print(struct table *table)
{
	FILE *file = tmpfile();
	int own = dup(STDOUT_FILENO);
	size_t size;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	table_print(table);
	fflush(stdout);
	dup2(own, STDOUT_FILENO);
	close(own);
	rewind(file);
	size = fread(printed, 1, sizeof(printed) - 1, file);
	printed[size] = '\0';
	fclose(file);
}

static void test_head_alone(void **state)
{
	struct table table;

	(void)state;
	table_start(&table, 3, head);
	print(&table);
	assert_string_equal(printed, "NAME  MODE  ID\n");
}

static void test_columns(void **state)
{
	struct table table;

	(void)state;
	table_start(&table, 3, head);
	table_add(&table, "%s", "a-long-name");
	table_add(&table, "%s", "local");
	table_add(&table, "%d", 7);
	table_add(&table, "%s", "b");
	table_add(&table, "%s", "");
	table_add(&table, "%u", 123456);
	print(&table);
	/* As wide as the widest, two between, nothing behind the last. */
	assert_string_equal(printed, "NAME         MODE   ID\n"
				     "a-long-name  local  7\n"
				     "b                   123456\n");
}

/* More than is made room for at first. */
static void test_many(void **state)
{
	const char *line = printed;
	struct table table;
	int i, lines = 0;

	(void)state;
	table_start(&table, 1, head);
	for (i = 0; i < 500; i++)
		table_add(&table, "row %d", i);
	print(&table);
	for (; (line = strchr(line, '\n')); line++)
		lines++;
	assert_int_equal(lines, 501);
	assert_non_null(strstr(printed, "\nrow 499\n"));
}

/* What standard output is, for one question. */
static bool colour_on(int fd)
{
	int own = dup(STDOUT_FILENO);
	bool colour;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	colour = table_colour();
	dup2(own, STDOUT_FILENO);
	close(own);
	return colour;
}

static void test_colour(void **state)
{
	int pty = posix_openpt(O_RDWR | O_NOCTTY), file = open("/dev/null", O_WRONLY);

	assert_true(pty >= 0 && file >= 0);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(colour_on(pty));
	assert_false(colour_on(file));
	setenv("NO_COLOR", "1", 1);
	assert_false(colour_on(pty));
	setenv("NO_COLOR", "", 1);
	assert_true(colour_on(pty));
	setenv("TERM", "dumb", 1);
	assert_false(colour_on(pty));
	close(file);
	close(pty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colour),
		cmocka_unit_test(test_head_alone),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
