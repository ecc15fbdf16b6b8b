// SPDX-License-Identifier: GPL-2.0-only
/* What was dropped is told once, and nobody who has gone is kept. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "service/dropped.h"
#include "unit.h"

#define ORIGINS 1000

static __u64 dropped[ORIGINS]; /* the map */
static bool gone[ORIGINS];
static struct dropped_list drops;
static char said[256];

static int play(netns_id id, __u64 *number, void *arg)
{
	(void)arg;
	if (gone[id])
		return -ENOENT;
	*number = dropped[id];
	return 0;
}

static void note(netns_id id, __u64 count, void *arg)
{
	size_t used = strlen(said);

	(void)arg;
	snprintf(said + used, sizeof(said) - used, "%llu:%llu ", id, count);
}

static bool look(void)
{
	said[0] = '\0';
	return dropped_look(&drops, note, NULL);
}

static int begin(void **state)
{
	(void)state;
	memset(dropped, 0, sizeof(dropped));
	memset(gone, 0, sizeof(gone));
	drops.read = play;
	return 0;
}

static int end(void **state)
{
	(void)state;
	dropped_free(&drops);
	return 0;
}

static void test_once(void **state)
{
	(void)state;
	dropped_note(&drops, 7);
	assert_false(look());
	assert_string_equal(said, "");
	dropped_note(&drops, 7);
	dropped[7] = 5;
	assert_true(look());
	assert_string_equal(said, "7:5 ");
	dropped[7] = 6;
	assert_true(look());
	assert_string_equal(said, "7:1 ");
	assert_false(look());
	assert_string_equal(said, "");
}

/* Only after an event: nothing is looked at while nothing happens. */
static void test_quiet(void **state)
{
	(void)state;
	dropped_note(&drops, 7);
	assert_false(look());
	dropped[7] = 5;
	assert_false(look());
	assert_string_equal(said, "");
	dropped_note(&drops, 7);
	assert_true(look());
	assert_string_equal(said, "7:5 ");
}

static void test_before_start(void **state)
{
	(void)state;
	dropped[7] = 100;
	dropped_start(&drops, 7, 100);
	dropped_note(&drops, 7);
	assert_false(look());
	dropped[7] = 101;
	dropped_note(&drops, 7);
	assert_true(look());
	assert_string_equal(said, "7:1 ");
}

/* An inode number that is used again. */
static void test_begun_anew(void **state)
{
	(void)state;
	dropped_start(&drops, 7, 100);
	dropped[7] = 3;
	dropped_note(&drops, 7);
	assert_true(look());
	assert_string_equal(said, "7:3 ");
}

static void test_order(void **state)
{
	netns_id id;

	(void)state;
	for (id = 0; id < 100; id++) {
		dropped_note(&drops, id * 37 % 100);
		dropped[id] = id % 50 ? 0 : id + 1;
	}
	assert_true(look());
	assert_string_equal(said, "0:1 50:51 ");
}

static void test_gone(void **state)
{
	netns_id id;

	(void)state;
	for (id = 0; id < ORIGINS; id++) {
		dropped_note(&drops, id);
		look();
		gone[id] = true;
	}
	assert_true(drops.count <= 64);
	assert_true(drops.room <= 64);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),       TEST(test_quiet), TEST(test_before_start),
		TEST(test_begun_anew), TEST(test_order), TEST(test_gone),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
