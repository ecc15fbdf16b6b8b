// SPDX-License-Identifier: GPL-2.0-only
/* Numbers as Prometheus reads them; promtool itself is asked by another suite. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/counters.h"
#include "events/metrics.h"
#include "kernel/mode-names.h"
#include "kernel/netns-dir.h"
#include "layer/modes.h"
#include "unit.h"

static struct metrics metrics;
static bool native;
static int wrong;
static bool modes_fail;

/* What the kernel would say. */

int layer_inspect(struct layer_report *report)
{
	*report = (struct layer_report){
		.kernel = { .native = native },
		.needed = 12,
		.pinned = 11,
		.state = { .generation = native ? 0 : 3, .reloads = 2 },
	};
	return 0;
}

void alive_ask(struct alive *alive, const struct layer_report *report, enum probe how)
{
	(void)report;
	(void)how;
	memset(alive, 0, sizeof(*alive));
	alive->wrong.count = wrong;
}

unsigned int pin_count_entries(const char *name, unsigned int limit)
{
	(void)name;
	(void)limit;
	return 0;
}

int counters_each(void (*each)(netns_id id, const struct counters *counters, void *arg), void *arg)
{
	struct counters counters = { .refused = { [REASON_MODE] = 5, [REASON_BIND] = 1 },
				     .audited = { [REASON_RULE] = 2 },
				     .dropped = 3 };

	if (native)
		return -ENOENT;
	each(7, &counters, arg);
	return 0;
}

const char *netns_names_find(const struct netns_names *names, netns_id id)
{
	(void)names;
	return id == 7 ? "we\"b\\" : NULL;
}

int netns_open_init(struct netns *ns)
{
	*ns = (struct netns){ .id = 1 };
	return 0;
}

void netns_close(struct netns *ns)
{
	(void)ns;
}

/* Two of them, one local. */
int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	each("a", &(struct netns){ .id = 7 }, arg);
	each("b", &(struct netns){ .id = 8 }, arg);
	return 0;
}

int mode_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode)
{
	if (modes_fail)
		return -EPROTO;
	*mode = knob == CHILD_NS_MODE || ns->id == 8 ? LOCAL : GLOBAL;
	return 0;
}

const char *mode_name(enum vsock_mode mode)
{
	return mode == LOCAL ? "local" : "global";
}

static char text[65536];

static void print(void)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	metrics_print(out, &metrics);
	fclose(out);
}

static void has(const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!strstr(text, wanted))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static int begin(void **state)
{
	(void)state;
	native = modes_fail = false;
	memset(&metrics, 0, sizeof(metrics));
	return 0;
}

static int end(void **state)
{
	(void)state;
	metrics_free(&metrics);
	return 0;
}

static void test_all(void **state)
{
	struct netns_names names = {};

	(void)state;
	assert_int_equal(metrics_collect(&metrics, &names), 0);
	print();
	has("# TYPE vsock_bpfd_refused_total counter");
	has("vsock_bpfd_refused_total{netns=\"we\\\"b\\\\\",reason=\"mode\"} 5");
	has("vsock_bpfd_refused_total{netns=\"we\\\"b\\\\\",reason=\"bind\"} 1");
	has("vsock_bpfd_audited_total{netns=\"we\\\"b\\\\\",reason=\"rule\"} 2");
	has("vsock_bpfd_events_dropped_total{netns=\"we\\\"b\\\\\"} 3");
	has("vsock_bpfd_children_local 1");
	has("vsock_bpfd_named_namespaces{mode=\"global\"} 1");
	has("vsock_bpfd_named_namespaces{mode=\"local\"} 1");
	has("vsock_bpfd_alive 1");
	has("vsock_bpfd_programs 11");
	has("vsock_bpfd_programs_needed 12");
	has("vsock_bpfd_generation 3");
	has("vsock_bpfd_policy_reloads_total 2");
	assert_null(strstr(text, "reason=\"guest\""));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
}

static void test_no_modes(void **state)
{
	(void)state;
	modes_fail = true;
	assert_int_equal(metrics_collect(&metrics, NULL), 0);
	print();
	assert_null(strstr(text, "named_namespaces"));
	assert_null(strstr(text, "child_ns_mode"));
}

static void test_wrong(void **state)
{
	(void)state;
	wrong = 1;
	assert_int_equal(metrics_collect(&metrics, NULL), 0);
	print();
	has("vsock_bpfd_alive 0");
	wrong = 0;
}

static void test_without_name(void **state)
{
	struct counters counters = { .refused = { [REASON_UNKNOWN] = 1 } };

	(void)state;
	metrics.counted = true;
	metrics_add(&metrics, 4097, NULL, &counters);
	metrics_add(&metrics, NETNS_NONE, NULL, &counters);
	metrics_add(&metrics, NETNS_UNKNOWN, NULL, &counters);
	print();
	has("vsock_bpfd_refused_total{netns=\"4097\",reason=\"unknown\"} 1");
	has("vsock_bpfd_refused_total{netns=\"(outside)\",reason=\"unknown\"} 1");
	has("vsock_bpfd_refused_total{netns=\"(unknown)\",reason=\"unknown\"} 1");
}

/* Of two series with the same labels Prometheus takes neither. */
static void test_same_label(void **state)
{
	struct counters counters = { .refused = { [REASON_MODE] = 2 }, .dropped = 1 };

	(void)state;
	metrics.counted = true;
	metrics_add(&metrics, 4097, NULL, &counters);
	metrics_add(&metrics, 9, "4097", &counters);
	assert_int_equal(metrics.rows, 1);
	print();
	has("vsock_bpfd_refused_total{netns=\"4097\",reason=\"mode\"} 4");
	has("vsock_bpfd_events_dropped_total{netns=\"4097\"} 2");
}

static void test_native(void **state)
{
	(void)state;
	native = true;
	assert_int_equal(metrics_collect(&metrics, NULL), 0);
	print();
	assert_non_null(strstr(text, "isolation=\"native\"} 1\n"));
	assert_null(strstr(text, "refused_total"));
	assert_null(strstr(text, "vsock_bpfd_programs"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
}

/* Never half a file, never a foreign one. */
static void test_file(void **state)
{
	char dir[] = "/tmp/unit-XXXXXX", path[64], new[64], foreign[64];
	struct stat st;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.prom", dir);
	snprintf(new, sizeof(new), "%s/a.prom.new", dir);
	snprintf(foreign, sizeof(foreign), "%s/foreign", dir);
	file = fopen(foreign, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(symlink(foreign, new), 0);
	assert_int_equal(metrics_write_file(path, NULL), 0);
	assert_int_equal(stat(foreign, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 500);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(access(new, F_OK), -1);
	unlink(path);
	unlink(foreign);
	rmdir(dir);
	assert_int_equal(metrics_write_file(path, NULL), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all),	 TEST(test_without_name), TEST(test_same_label), TEST(test_native),
		TEST(test_file), TEST(test_wrong),	  TEST(test_no_modes),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
