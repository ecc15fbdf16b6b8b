// SPDX-License-Identifier: GPL-2.0-only
/* How namespaces are named. Needs no privilege and enters no other namespace. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "lib/fake-log.h"
#include "unit.h"

static int begin(void **state)
{
	(void)state;
	said[0] = '\0';
	return 0;
}

/* Every failure is told, and leaves no descriptor. */
static void wrong(const char *what, int error, const char *words)
{
	int next = open("/dev/null", O_RDONLY), again;
	struct netns ns;

	close(next);
	assert_int_equal(netns_open(&ns, what), -error);
	if (!strstr(said, words))
		fail_msg("\"%s\" says \"%s\", not \"%s\"", what, said, words);
	again = open("/dev/null", O_RDONLY);
	close(again);
	assert_int_equal(again, next);
}

static void test_names_that_are_none(void **state)
{
	(void)state;
	wrong("", EINVAL, "not a name");
	wrong(".", EINVAL, "not a name");
	wrong("..", EINVAL, "not a name");
	wrong("no-such-name", ENOENT, "no-such-name: no such network namespace");
	wrong("12x", ENOENT, "12x: no such network namespace");
	wrong("-1", ENOENT, "no such network namespace");
}

static void test_pids_that_are_none(void **state)
{
	(void)state;
	wrong("4194303", ESRCH, "pid 4194303");
	wrong("99999999999999999999", ESRCH, "pid 99999999999999999999");
	wrong("0", ESRCH, "pid 0");
}

static void test_paths_that_are_none(void **state)
{
	(void)state;
	wrong("/no/such/path", ENOENT, "/no/such/path");
	wrong("/etc/passwd", EINVAL, "/etc/passwd: not a network namespace");
	wrong("/etc/", EINVAL, "/etc/: not a network namespace");
	wrong("/proc/self/ns/uts", EINVAL, "not a network namespace");
}

/* Opening a pipe nobody writes to must not wait for ever. */
static void test_pipe(void **state)
{
	char dir[] = "/tmp/unit-XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	wrong(path, EINVAL, "not a network namespace");
	unlink(path);
	rmdir(dir);
}

static void same_as_own(const char *what)
{
	struct netns ns;
	struct stat own;

	assert_int_equal(stat("/proc/self/ns/net", &own), 0);
	assert_int_equal(netns_open(&ns, what), 0);
	assert_int_equal(ns.inode, own.st_ino);
	assert_int_not_equal(ns.id, NETNS_NONE);
	assert_int_not_equal(ns.id, NETNS_UNKNOWN);
	netns_close(&ns);
	assert_int_equal(ns.fd, -1);
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* To learn a cookie one has to enter, if only one's own: that takes root. */
static void test_own(void **state)
{
	struct netns ns = { .fd = open("/proc/self/ns/net", O_RDONLY) };
	char pid[16];
	int ret = netns_run(&ns, nothing, NULL);

	(void)state;
	close(ns.fd);
	if (ret)
		skip();
	snprintf(pid, sizeof(pid), "%d", getpid());
	same_as_own(NULL);
	same_as_own("/proc/self/ns/net");
	same_as_own(pid);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_that_are_none),
		TEST(test_pids_that_are_none),
		TEST(test_paths_that_are_none),
		TEST(test_pipe),
		TEST(test_own),
	};

	return cmocka_run_group_tests_name("netns", tests, NULL, NULL);
}
