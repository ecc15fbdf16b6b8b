// SPDX-License-Identifier: GPL-2.0-only
/* Names that come, go and move to another namespace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/netns-dir.h"
#include "kernel/netns-names.h"
#include "unit.h"

int netns_open_init(struct netns *ns)
{
	*ns = (struct netns){ .fd = -1, .id = 1 };
	return 0;
}

void netns_close(struct netns *ns)
{
	(void)ns;
}

int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	struct netns ns = { .fd = -1 };

	ns.id = 9;
	each("a", &ns, arg);
	ns.id = 3;
	each("b", &ns, arg);
	return 0;
}

static struct netns_names names;

static int begin(void **state)
{
	(void)state;
	netns_names_load(&names);
	return 0;
}

static int end(void **state)
{
	(void)state;
	netns_names_free(&names);
	return 0;
}

static void is(netns_id id, const char *name)
{
	if (name)
		assert_string_equal(netns_names_find(&names, id), name);
	else
		assert_null(netns_names_find(&names, id));
}

static void test_loaded(void **state)
{
	(void)state;
	is(1, "(init)");
	is(9, "a");
	is(3, "b");
	is(2, NULL);
	is(10, NULL);
	is(0, NULL);
}

static void test_come_and_go(void **state)
{
	(void)state;
	netns_names_add(&names, "c", 5);
	is(5, "c");
	is(9, "a");
	netns_names_remove(&names, "c");
	is(5, NULL);
	netns_names_remove(&names, "c");
	assert_int_equal(names.count, 3);
}

static void test_moves(void **state)
{
	(void)state;
	netns_names_add(&names, "a", 4);
	is(4, "a");
	is(9, NULL);
	netns_names_add(&names, "a", 4);
	assert_int_equal(names.count, 3);
}

/* The first of several, in whatever order they came. */
static void test_two_names(void **state)
{
	(void)state;
	netns_names_add(&names, "y", 9);
	is(9, "a");
	netns_names_add(&names, "A", 9);
	is(9, "A");
	netns_names_remove(&names, "A");
	netns_names_remove(&names, "a");
	is(9, "y");
}

static void test_many(void **state)
{
	char name[16];
	netns_id id;

	(void)state;
	for (id = 100; id < 1100; id++) {
		snprintf(name, sizeof(name), "n%llu", id * 7 % 1000);
		netns_names_add(&names, name, 100 + id * 7 % 1000);
	}
	for (id = 100; id < 1100; id++) {
		snprintf(name, sizeof(name), "n%llu", id - 100);
		is(id, name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_loaded),    TEST(test_come_and_go), TEST(test_moves),
		TEST(test_two_names), TEST(test_many),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
