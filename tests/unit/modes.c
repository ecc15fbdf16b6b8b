// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of the two knobs, over records that are kept here instead of in the
 * kernel, and with sysctls that are played.
 */
#include <errno.h>
#include <string.h>

#include "layer/layer.h"
#include "lib/lock.h"
#include "layer/modes.h"
#include "kernel/sysctl-modes.h"
#include "layer/netns-records.h"
#include "lib/log.h"
#include "unit.h"

#define INIT_ID 1
#define WEB_ID	2

static struct {
	bool native;
	int open_error, write_error, arm_error;
	bool armed;
	struct netns_record record;
	struct layer_state state;
	int writes, locks;
	enum vsock_mode sysctl;
	int sysctl_error;
} played;

bool kernel_has_modes(void)
{
	return played.native;
}

int sysctl_mode_get(const struct netns *ns, const char *knob, enum vsock_mode *mode)
{
	(void)ns;
	(void)knob;
	*mode = played.sysctl;
	return played.sysctl_error;
}

int sysctl_mode_set(const struct netns *ns, const char *knob, enum vsock_mode mode)
{
	(void)ns;
	assert_string_equal(knob, "child_ns_mode");
	if (!played.sysctl_error)
		played.sysctl = mode;
	return played.sysctl_error;
}

bool netns_records_exist(void)
{
	return false;
}

int netns_records_open(struct netns_records *records)
{
	records->state = &played.state;
	return played.open_error;
}

void netns_records_close(struct netns_records *records)
{
	(void)records;
}

int netns_records_read(const struct netns_records *records, netns_id id,
		       struct netns_record *record)
{
	(void)records;
	(void)id;
	*record = played.record;
	return 0;
}

int netns_records_write(const struct netns_records *records, netns_id id,
			const struct netns_record *record)
{
	(void)records;
	(void)id;
	/* What was read may be old if nobody keeps others away. */
	assert_int_equal(played.locks, 1);
	/* Gates stand before anyone is local. */
	if (record->mode == LOCAL || record->child_mode == LOCAL)
		assert_true(played.armed);
	if (played.write_error)
		return played.write_error;
	played.record = *record;
	played.writes++;
	return 0;
}

int layer_attach_gates(enum coverage coverage)
{
	assert_int_equal(coverage, GATES);
	/* Not at once with another start. */
	assert_int_equal(played.locks, 1);
	played.armed = !played.arm_error;
	return played.arm_error;
}

int lock_take(void)
{
	played.locks++;
	return 3;
}

void lock_release(int lock)
{
	assert_int_equal(lock, 3);
	played.locks--;
}

int log_errno(int error, const char *format, ...)
{
	(void)format;
	return -error;
}

static const struct netns web = { .fd = -1, .id = WEB_ID, .inode = 4242 };
static const struct netns init = { .fd = -1, .id = INIT_ID, .inode = 4000 };

static int begin(void **state)
{
	(void)state;
	memset(&played, 0, sizeof(played));
	played.state.init = INIT_ID;
	return 0;
}

static int end(void **state)
{
	(void)state;
	return played.locks;
}

static void refused(const struct netns *ns, enum knob knob, enum vsock_mode mode, int error)
{
	struct netns_record before = played.record;
	int writes = played.writes;

	assert_int_equal(mode_set(ns, knob, mode), -error);
	assert_int_equal(played.writes, writes);
	assert_memory_equal(&before, &played.record, sizeof(before));
}

static enum vsock_mode get(enum knob knob)
{
	enum vsock_mode mode;

	assert_int_equal(mode_get(&web, knob, &mode), 0);
	return mode;
}

static void test_names(void **state)
{
	enum vsock_mode mode;
	enum knob knob;

	(void)state;
	assert_string_equal(mode_name(GLOBAL), "global");
	assert_string_equal(mode_name(LOCAL), "local");
	assert_int_equal(mode_parse("local", &mode), 0);
	assert_int_equal(mode, LOCAL);
	assert_int_equal(mode_parse("global", &mode), 0);
	assert_int_equal(mode, GLOBAL);
	assert_int_equal(mode_parse("Local", &mode), -EINVAL);
	assert_int_equal(mode_parse("locally", &mode), -EINVAL);
	assert_int_equal(mode_parse("", &mode), -EINVAL);
	assert_int_equal(mode_parse("local ", &mode), -EINVAL);
	assert_string_equal(knob_name(NS_MODE), "ns_mode");
	assert_string_equal(knob_name(CHILD_NS_MODE), "child_ns_mode");
	assert_int_equal(knob_parse("ns_mode", &knob), 0);
	assert_int_equal(knob, NS_MODE);
	assert_int_equal(knob_parse("child_ns_mode", &knob), 0);
	assert_int_equal(knob, CHILD_NS_MODE);
	assert_int_equal(knob_parse("mode", &knob), -EINVAL);
}

static void test_first_values(void **state)
{
	(void)state;
	assert_int_equal(get(NS_MODE), GLOBAL);
	assert_int_equal(get(CHILD_NS_MODE), GLOBAL);
}

static void test_knobs_are_two(void **state)
{
	(void)state;
	played.record.child_mode = LOCAL;
	assert_int_equal(get(NS_MODE), GLOBAL);
	assert_int_equal(get(CHILD_NS_MODE), LOCAL);
}

static void test_child_once(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, LOCAL), 0);
	assert_int_equal(played.record.child_mode, LOCAL);
	assert_int_equal(played.record.child_locked, YES);
	assert_int_equal(played.record.mode, GLOBAL);
	assert_int_equal(played.record.inode, 4242);
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, LOCAL), 0);
	refused(&web, CHILD_NS_MODE, GLOBAL, EBUSY);
}

static void test_child_global_locks_too(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, GLOBAL), 0);
	assert_int_equal(played.record.child_locked, YES);
	refused(&web, CHILD_NS_MODE, LOCAL, EBUSY);
}

static void test_child_of_local(void **state)
{
	(void)state;
	played.record.mode = LOCAL;
	played.record.child_mode = LOCAL;
	refused(&web, CHILD_NS_MODE, GLOBAL, EPERM);
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, LOCAL), 0);
	/* EPERM comes before EBUSY, as in the kernel. */
	refused(&web, CHILD_NS_MODE, GLOBAL, EPERM);
}

static void test_child_of_init(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&init, CHILD_NS_MODE, LOCAL), 0);
	assert_int_equal(played.record.mode, GLOBAL);
}

static void test_own_one_way(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&web, NS_MODE, GLOBAL), 0);
	assert_int_equal(mode_set(&web, NS_MODE, LOCAL), 0);
	assert_int_equal(played.record.mode, LOCAL);
	assert_int_equal(played.record.child_mode, LOCAL);
	assert_int_equal(mode_set(&web, NS_MODE, LOCAL), 0);
	refused(&web, NS_MODE, GLOBAL, EPERM);
}

/* A local namespace makes local ones, whatever was set before. */
static void test_own_after_child(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, GLOBAL), 0);
	assert_int_equal(mode_set(&web, NS_MODE, LOCAL), 0);
	assert_int_equal(played.record.child_mode, LOCAL);
}

static void test_own_of_init(void **state)
{
	(void)state;
	refused(&init, NS_MODE, LOCAL, EPERM);
	assert_int_equal(mode_set(&init, NS_MODE, GLOBAL), 0);
}

/* Who makes nobody local pays for no gate. */
static void test_arms_for_local_alone(void **state)
{
	(void)state;
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, GLOBAL), 0);
	assert_int_equal(mode_set(&web, NS_MODE, GLOBAL), 0);
	assert_false(played.armed);
	assert_int_equal(mode_set(&web, NS_MODE, LOCAL), 0);
	assert_true(played.armed);
}

static void test_failures(void **state)
{
	enum vsock_mode mode;

	(void)state;
	played.arm_error = -EPERM;
	refused(&web, NS_MODE, LOCAL, EPERM);
	refused(&web, CHILD_NS_MODE, LOCAL, EPERM);
	played.arm_error = 0;
	played.write_error = -ENOSPC;
	refused(&web, NS_MODE, LOCAL, ENOSPC);
	played.open_error = -ENOSYS;
	refused(&web, CHILD_NS_MODE, LOCAL, ENOSYS);
	assert_int_equal(mode_get(&web, NS_MODE, &mode), -ENOSYS);
}

static void test_native(void **state)
{
	(void)state;
	played.native = true;
	played.sysctl = LOCAL;
	assert_int_equal(get(NS_MODE), LOCAL);
	assert_int_equal(mode_set(&web, NS_MODE, LOCAL), 0);
	refused(&web, NS_MODE, GLOBAL, EPERM);
	assert_int_equal(mode_set(&web, CHILD_NS_MODE, GLOBAL), 0);
	assert_int_equal(played.sysctl, GLOBAL);
	refused(&web, NS_MODE, LOCAL, EPERM);
	played.sysctl_error = -EBUSY;
	refused(&web, CHILD_NS_MODE, LOCAL, EBUSY);
	assert_int_equal(played.writes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_first_values),
		TEST(test_knobs_are_two),
		TEST(test_child_once),
		TEST(test_child_global_locks_too),
		TEST(test_child_of_local),
		TEST(test_child_of_init),
		TEST(test_own_one_way),
		TEST(test_own_after_child),
		TEST(test_own_of_init),
		TEST(test_arms_for_local_alone),
		TEST(test_failures),
		TEST(test_native),
	};

	return cmocka_run_group_tests_name("mode", tests, NULL, NULL);
}
