// SPDX-License-Identifier: GPL-2.0-only
/* The keys of a map whose walk starts over, as entries are removed from it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "layer/map-walk.h"
#include "unit.h"

#define MAP 7

static const __u64 *played;
static size_t count, at;
static int restarts; /* so often it starts over at its end; -1: always */
static size_t calls;

int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	assert_int_equal(fd, MAP);
	assert_true(!key == !calls);
	assert_true(calls < 1000);
	calls++;
	if (at == count && restarts) {
		restarts -= restarts > 0;
		at = 0;
	}
	if (at == count) {
		errno = ENOENT;
		return -ENOENT;
	}
	memcpy(next_key, &played[at++], sizeof(*played));
	return 0;
}

static void play(const __u64 *keys, size_t keys_count, int starts)
{
	played = keys;
	count = keys_count;
	restarts = starts;
	at = calls = 0;
}

static void test_each_once(void **state)
{
	static const __u64 keys[] = { 9, 4, 1ULL << 40, 2 };
	struct map_keys walk;

	(void)state;
	play(keys, 4, 2);
	map_walk(&walk, MAP, 4);
	assert_int_equal(walk.count, 4);
	assert_true(walk.key[0] == 2 && walk.key[1] == 4 && walk.key[2] == 9);
	assert_true(walk.key[3] == 1ULL << 40);
	assert_true(map_walk_has(&walk, 1ULL << 40) && map_walk_has(&walk, 2));
	assert_false(map_walk_has(&walk, 3));
	map_walk_free(&walk);
	assert_int_equal(walk.count, 0);
}

static void test_bounded(void **state)
{
	static const __u64 keys[] = { 1, 2, 3 };
	struct map_keys walk;

	(void)state;
	play(keys, 3, -1);
	map_walk(&walk, MAP, 100);
	assert_int_equal(walk.count, 3);
	assert_true(calls >= 100 && calls <= 1000);
	map_walk_free(&walk);
}

static void test_empty(void **state)
{
	struct map_keys walk;

	(void)state;
	play(NULL, 0, 0);
	map_walk(&walk, MAP, 100);
	assert_int_equal(walk.count, 0);
	assert_false(map_walk_has(&walk, 0));
	map_walk_free(&walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
