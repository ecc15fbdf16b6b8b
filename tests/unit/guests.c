// SPDX-License-Identifier: GPL-2.0-only
/* Which of the guests that were read are shown, and under which name. */
#include <stdbool.h>
#include <string.h>

#include "kernel/kernel-probe.h"
#include "kernel/process.h"
#include "layer/guests.h"
#include "layer/netns-records.h"
#include "lib/libbpf-log.h"
#include "unit.h"

/* The processes that there are began at their number. */
static unsigned int gone;

bool process_began(unsigned int pid, unsigned long long *tick)
{
	*tick = pid;
	return pid != gone;
}

/* --- What none of this needs --- */

unsigned long long process_tick(unsigned long long ns)
{
	return ns;
}

void kernel_probe(struct kernel *kernel)
{
	(void)kernel;
}

bool netns_records_exist(void)
{
	return false;
}

int netns_records_open(struct netns_records *records)
{
	(void)records;
	return -1;
}

void netns_records_close(struct netns_records *records)
{
	(void)records;
}

void libbpf_log_start(void)
{
}

/* --- Tests --- */

static struct known_guest guests[] = {
	{ .cid = 42, .pid = 10, .tick = 10, .name = { GUEST_DOMAIN, "web" } },
	{ .cid = 43, .pid = 11, .tick = 11, .name = { GUEST_DOMAIN, "db" } },
	{ .cid = 44, .pid = 12, .tick = 12, .name = { GUEST_UNIT, "vm.service" } },
	{ .cid = 44, .pid = 13, .tick = 13, .name = { GUEST_DOMAIN, "other" } },
	{ .cid = 45, .pid = 14, .tick = 9, .name = { GUEST_DOMAIN, "past" } },
	{ .cid = 46, .pid = 15, .tick = 15, .name = { GUEST_DOMAIN, "db" } },
};

static const struct guest_list list = { .guest = guests,
					.count = sizeof(guests) / sizeof(*guests) };

static int begin(void **state)
{
	(void)state;
	gone = 0;
	return 0;
}

static void test_by_cid(void **state)
{
	(void)state;
	assert_string_equal(guests_name(&list, 42), "web");
	assert_null(guests_name(&list, 41));
	assert_null(guests_name(&(struct guest_list){}, 42));
}

/* From 7.0 on two namespaces can have one each. */
static void test_two_of_a_cid(void **state)
{
	(void)state;
	assert_null(guests_name(&list, 44));
}

static void test_process_has_gone(void **state)
{
	(void)state;
	gone = 10;
	assert_null(guests_name(&list, 42));
	assert_string_equal(guests_name(&list, 43), "db");
}

static void test_number_is_of_another_process(void **state)
{
	(void)state;
	assert_null(guests_name(&list, 45));
}

static void test_by_name(void **state)
{
	const struct known_guest *guest = NULL;

	(void)state;
	assert_int_equal(guests_named(&list, "web", &guest), 1);
	assert_int_equal(guest->cid, 42);
	assert_int_equal(guests_named(&list, "db", &guest), 2);
	assert_int_equal(guests_named(&list, "we", &guest), 0);
	assert_int_equal(guests_named(&list, "", &guest), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_by_cid),	     TEST(test_two_of_a_cid),
		TEST(test_process_has_gone), TEST(test_number_is_of_another_process),
		TEST(test_by_name),
	};

	return cmocka_run_group_tests_name("guests", tests, NULL, NULL);
}
