// SPDX-License-Identifier: GPL-2.0-only
/* What is said to be open, and to be full: of machines that are made up. */
#include <string.h>

#include "kernel/kmod.h"
#include "layer/gaps.h"
#include "layer/pins.h"
#include "layer/vhost.h"
#include "unit.h"

/* --- The machine, in the place of the loader's own functions --- */

static struct {
	bool vsockmon;
	unsigned int devices, sealed_netns, calling;
	__u32 first_cid, cids; /* so many, of one list of the kernel's table */
	const char *shared;    /* the map that tenants have a share of, */
	__u64 tenant[2];       /* who have records there, */
	unsigned int share[2]; /* so many each */
} machine;

static struct layer_report report;
static struct gaps gaps;

bool module_present(const char *name)
{
	return !strcmp(name, "vsockmon") && machine.vsockmon;
}

unsigned int pin_count_entries(const char *name, unsigned int limit)
{
	unsigned int count = 0;

	if (!strcmp(name, PIN_DEVICES))
		count = machine.devices;
	if (!strcmp(name, PIN_SEALED_NETNS))
		count = machine.sealed_netns;
	if (!strcmp(name, PIN_CALLING))
		count = machine.calling;
	return count < limit ? count : limit;
}

static void set_tenant(void *value, __u64 tenant)
{
	if (!strcmp(machine.shared, PIN_DEVICES))
		*(struct device *)value = (struct device){ .tenant = tenant };
	else
		*(struct called_ports *)value = (struct called_ports){ .tenant = tenant };
}

void pin_each_value(const char *name, unsigned int most, void *value,
		    void (*each)(const void *value, void *arg), void *arg)
{
	unsigned int i, who;

	if (strcmp(name, machine.shared))
		return;
	assert_true(most >= machine.share[0] + machine.share[1]);
	for (i = 0; i < machine.share[0] + machine.share[1]; i++) {
		who = i < 2 * machine.share[0] && i < 2 * machine.share[1]
			      ? i % 2
			      : machine.share[1] > machine.share[0];
		set_tenant(value, machine.tenant[who]);
		each(value, arg);
	}
}

int vhost_each_cid_of(__u32 generation, void (*each)(const struct cid_line *line, void *arg),
		      void *arg)
{
	struct cid_line line = { .cid = machine.first_cid };
	__u32 left = machine.cids;

	assert_int_equal(generation, report.state.generation);
	for (; left; line.cid++) {
		if (vhost_bucket(line.cid) != vhost_bucket(machine.first_cid))
			continue;
		each(&line, arg);
		left--;
	}
	return 0;
}

/* --- */

static int start(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	memset(&report, 0, sizeof(report));
	machine.first_cid = 3;
	machine.shared = PIN_DEVICES;
	report.kernel.vsock = report.kernel.source_check = true;
	report.state.generation = 1;
	return 0;
}

static void expect(int open, int full)
{
	gaps_find(&gaps, &report);
	assert_int_equal(gaps.open.count, open);
	assert_int_equal(gaps.full.count, full);
}

static void test_nothing(void **state)
{
	(void)state;
	expect(0, 0);
}

static void test_sources(void **state)
{
	(void)state;
	report.kernel.source_check = false;
	expect(1, 0);
	assert_non_null(strstr(gaps.open.text[0], "vsock_check_source()"));
	assert_string_equal(gaps.open.text[0], gap_in_sources(&report.kernel));
	report.kernel.native = true;
	expect(0, 0);
	report.kernel.native = report.kernel.vsock = false;
	expect(0, 0);
}

static void test_taps(void **state)
{
	(void)state;
	machine.vsockmon = true;
	expect(1, 0);
	assert_string_equal(gaps.open.text[0], gap_by_taps());
	report.kernel.native = true;
	report.state.generation = 0;
	expect(1, 0);
}

static void test_without_layer(void **state)
{
	(void)state;
	machine.vsockmon = true;
	machine.devices = MAX_DEVICES;
	report.kernel.source_check = false;
	report.state.generation = 0;
	expect(0, 0);
}

static void test_calls(void **state)
{
	(void)state;
	machine.calling = MAX_CALLING - 1;
	expect(0, 0);
	machine.calling++;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "calls: "));
}

static void test_lingering(void **state)
{
	(void)state;
	report.state.lingering_list.overflow = YES;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "ports: more than 65536 sockets"));
}

static void test_devices(void **state)
{
	(void)state;
	machine.devices = MAX_DEVICES - 1;
	expect(0, 0);
	machine.devices = MAX_DEVICES;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "devices: 8192"));
}

static void test_shares(void **state)
{
	(void)state;
	machine.tenant[0] = TENANT_USER | 1000;
	machine.tenant[1] = TENANT_NETNS | 0x100000001;
	machine.share[0] = machine.share[1] = TENANT_DEVICES - 1;
	expect(0, 0);
	machine.share[0]++;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "the user 1000 has 256 of /dev/vhost-vsock"));
	machine.share[1]++;
	expect(0, 2);
	assert_non_null(strstr(gaps.full.text[1], "identity 4294967297 has 256 "));
	machine.tenant[1] = TENANT_CONTAINER | 4026532000;
	expect(0, 2);
	assert_non_null(strstr(gaps.full.text[1], "the user namespace 4026532000 has 256 "));
	machine.tenant[1] = 0;
	expect(0, 1);
}

static void test_shares_of_calls(void **state)
{
	(void)state;
	machine.shared = PIN_CALLING;
	machine.tenant[0] = TENANT_USER | 1000;
	machine.share[0] = TENANT_CALLING - 1;
	machine.share[1] = MAX_CALLING - TENANT_CALLING; /* those of root are in no share */
	expect(0, 0);
	machine.share[0]++;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "calls: the user 1000 has 2048 sockets"));
}

static void test_bucket(void **state)
{
	(void)state;
	machine.cids = MAX_BUCKET_DEVICES;
	expect(0, 0);
	machine.cids = MAX_BUCKET_DEVICES + 1;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "guests: 513"));
}

static void test_seals(void **state)
{
	(void)state;
	report.state.sealed = NAMESPACES;
	expect(0, 0);
	machine.sealed_netns = 1;
	expect(0, 1);
	report.state.sealed = ALL;
	expect(0, 1);
	assert_non_null(strstr(gaps.full.text[0], "all AF_VSOCK sockets"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing, start),
		cmocka_unit_test_setup(test_sources, start),
		cmocka_unit_test_setup(test_taps, start),
		cmocka_unit_test_setup(test_without_layer, start),
		cmocka_unit_test_setup(test_calls, start),
		cmocka_unit_test_setup(test_lingering, start),
		cmocka_unit_test_setup(test_devices, start),
		cmocka_unit_test_setup(test_shares, start),
		cmocka_unit_test_setup(test_shares_of_calls, start),
		cmocka_unit_test_setup(test_bucket, start),
		cmocka_unit_test_setup(test_seals, start),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
