// SPDX-License-Identifier: GPL-2.0-only
/* The service's configuration: what is right, and what is wrong in which line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/config.h"
#include "lib/fake-log.h"
#include "unit.h"

static char path[] = "/tmp/unit-XXXXXX";
static struct config config;

static int read_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	said[0] = '\0';
	return config_read(&config, path);
}

static void wrong(const char *text, int line, const char *words)
{
	char place[64];

	assert_int_equal(read_text(text), -EINVAL);
	snprintf(place, sizeof(place), "%s:%d: ", path, line);
	if (strncmp(said, place, strlen(place)) || !strstr(said, words))
		fail_msg("said '%s', wanted '%s%s'", said, place, words);
}

static void test_default(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), 0);
	assert_true(config.load_modules);
	assert_true(config.public_socket);
	assert_false(config.own_cids);
	assert_string_equal(config.metrics_file, "");
	assert_string_equal(config.metrics_listen.text, "");
	assert_int_equal(config.metrics_sec, 15);
}

static void test_all_keys(void **state)
{
	(void)state;
	assert_int_equal(read_text("[Service]\nLoadModules=no\nCIDs=own\n"
				   "MetricsFile=/var/lib/prometheus/node-exporter/v.prom\n"
				   "MetricsSec=86400\nHoldSec=0\nPublicSocket=no\n"),
			 0);
	assert_int_equal(config.hold_sec, 0);
	assert_false(config.load_modules);
	assert_false(config.public_socket);
	assert_true(config.own_cids);
	assert_string_equal(config.metrics_file, "/var/lib/prometheus/node-exporter/v.prom");
	assert_int_equal(config.metrics_sec, 86400);
}

static void test_metrics_file(void **state)
{
	char text[512] = "[Service]\nMetricsFile=/";

	(void)state;
	wrong("[Service]\nMetricsFile=v.prom\n", 2, "MetricsFile=v.prom: not an absolute path");
	wrong("[Service]\n\nMetricsFile=/tmp/v.txt\n", 3,
	      "not an absolute path that ends in .prom");
	wrong("[Service]\nMetricsFile=\n", 2, "not an absolute path");
	wrong("[Service]\nMetricsFile=/tmp/.prom\n", 2, "not an absolute path");
	memset(text + strlen(text), 'a', 160);
	strcat(text, "/v.prom\n");
	assert_int_equal(read_text(text), 0);
}

static void listens(const char *where, const void *address, size_t size)
{
	char text[256];

	snprintf(text, sizeof(text), "[Service]\nMetricsListen=%s\n", where);
	assert_int_equal(read_text(text), 0);
	assert_string_equal(config.metrics_listen.text, where);
	assert_int_equal(config.metrics_listen.size, size);
	assert_memory_equal(&config.metrics_listen.any, address, size);
}

static void test_metrics_listen(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9766) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(65535) };
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/a b.socket" };

	(void)state;
	listens("0.0.0.0:9766", &v4, sizeof(v4));
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listens("127.0.0.1:9766", &v4, sizeof(v4));
	listens("[::]:65535", &v6, sizeof(v6));
	v6.sin6_addr = in6addr_loopback;
	listens("[::1]:65535", &v6, sizeof(v6));
	listens("/run/a b.socket", &local, sizeof(local));
}

static void test_metrics_listen_wrong(void **state)
{
	static const char *const bad[] = {
		"",
		"9766",
		":9766",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:+1",
		"127.0.0.1:1x",
		"127.0.0.1: 1",
		"127.0.0.1:http",
		"127.0.0.1:01",
		"127.1:9766",
		"localhost:9766",
		"::1:9766",
		"[::1]",
		"[::1]9766",
		"[::1:9766",
		"[]:9766",
		"[::1]x:9766",
		"[127.0.0.1]:1",
		"[fe80::1%lo]:1",
		"/",
		"/run/",
		"run/a",
		"@a",
		"*:9766",
		"127.0.0.1:9766,[::1]:9766",
		"127.0.0.1:99999999999999999999",
	};
	char text[256], long_path[109] = "/";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "[Service]\nMetricsListen=%s\n", bad[i]);
		wrong(text, 2, "neither ADDRESS:PORT");
	}
	memset(long_path + 1, 'a', 106);
	snprintf(text, sizeof(text), "[Service]\nMetricsListen=%s\n", long_path);
	assert_int_equal(read_text(text), 0);
	strcat(long_path, "a");
	snprintf(text, sizeof(text), "[Service]\nMetricsListen=%s\n", long_path);
	wrong(text, 2, "of at most 107 characters");
}

static void test_metrics_sec(void **state)
{
	static const char *const bad[] = { "0",	   "-1",   "1.5",
					   "15s",  "",	   "86401",
					   " 7 x", "0x10", "99999999999999999999" };
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "[Service]\nMetricsSec=%s\n", bad[i]);
		wrong(text, 2, "not a number of seconds from 1 to 86400");
	}
	assert_int_equal(read_text("[Service]\nMetricsSec=1\n"), 0);
	assert_int_equal(config.metrics_sec, 1);
}

static void test_hold_sec(void **state)
{
	(void)state;
	assert_int_equal(read_text("[Service]\nCIDs=shared\n"), 0);
	assert_false(config.own_cids);
	wrong("[Service]\nCIDs=yes\n", 2, "CIDs=yes: neither shared nor own");
	wrong("[Service]\nHoldSec=61\n", 2, "HoldSec=61: not a number of seconds from 0 to 60");
	wrong("[Service]\nHoldSec=-1\n", 2, "HoldSec=-1: not a number of seconds");
	assert_int_equal(read_text("[Service]\n"), 0);
	assert_int_equal(config.hold_sec, 2);
}

static void test_unknown(void **state)
{
	(void)state;
	wrong("[Service]\nMetrics=1\n", 2, "Metrics=: no such key");
	wrong("[Servant]\nMetricsSec=1\n", 2, "[Servant]: no such section");
	wrong("[Service]\nLoadModules=perhaps\n", 2, "LoadModules=perhaps: neither yes nor no");
	/* The first of several. */
	wrong("[Service]\nMetricsSec=x\nLoadModules=perhaps\n", 2, "MetricsSec=x");
	wrong("[Service]\nnonsense\n", 2, "neither [Section] nor Key=value");
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),	       cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_metrics_file),   cmocka_unit_test(test_metrics_sec),
		cmocka_unit_test(test_metrics_listen), cmocka_unit_test(test_metrics_listen_wrong),
		cmocka_unit_test(test_hold_sec),       cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests_name("config", tests, make_file, remove_file);
}
