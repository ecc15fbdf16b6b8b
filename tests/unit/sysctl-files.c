// SPDX-License-Identifier: GPL-2.0-only
/* What files of sysctl.d say: which file and line counts, and what is no assignment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/sysctl-files.h"
#include "lib/fake-log.h"
#include "unit.h"

static char root[] = "/tmp/unit-XXXXXX";
static struct sysctl_setting setting;

static void forget(void)
{
	sysctl_setting_free(&setting);
	setting = (struct sysctl_setting){ .key = "net/vsock/child_ns_mode" };
	said[0] = '\0';
}

static void take(const char *text)
{
	forget();
	sysctl_setting_take(&setting, "FILE", text, strlen(text));
}

static void is(const char *text, unsigned int line, const char *value)
{
	take(text);
	assert_non_null(setting.file);
	assert_string_equal(setting.file, "FILE");
	assert_string_equal(setting.value, value);
	assert_int_equal(setting.line, line);
}

static void is_nothing(const char *text)
{
	take(text);
	assert_null(setting.file);
	assert_null(setting.value);
}

static void test_assignment(void **state)
{
	(void)state;
	is("net.vsock.child_ns_mode = local\n", 1, "local");
	is("net.vsock.child_ns_mode=local", 1, "local");
	is(" \tnet.vsock.child_ns_mode\t=\tglobal \r\n", 1, "global");
	is("net/vsock/child_ns_mode = local\n", 1, "local");
	is("net.vsock.child_ns_mode =\n", 1, "");
	is("net.vsock.child_ns_mode = a = b\n", 1, "a = b");
	is("net.vsock.child_ns_mode = local # why\n", 1, "local # why");
}

static void test_minus(void **state)
{
	(void)state;
	is("-net.vsock.child_ns_mode = local\n", 1, "local");
	assert_true(setting.may_fail);
	is("- net.vsock.child_ns_mode = local\nnet.vsock.child_ns_mode = local\n", 2, "local");
	assert_false(setting.may_fail);
}

static void test_last(void **state)
{
	(void)state;
	is("\nnet.vsock.child_ns_mode = local\n\nnet/vsock/child_ns_mode = global\n", 4, "global");
}

static void test_nothing(void **state)
{
	(void)state;
	is_nothing("");
	is_nothing("# net.vsock.child_ns_mode = local\n; net.vsock.child_ns_mode = local\n");
	is_nothing("  #net.vsock.child_ns_mode = local\n");
	is_nothing("net.vsock.child_ns_mode local\n-net.vsock.child_ns_mode\n");
	is_nothing("net.vsock.child_ns_modes = local\nnet.vsock.child_ns = local\n");
	is_nothing("net.vsock/child_ns_mode = local\nnet/vsock.child_ns_mode = local\n");
	is_nothing("net.vsock.* = local\nnet.*.child_ns_mode = local\n");
	is_nothing("net.vsock.child_ns_mode.x = local\nnet.vsock.ns_mode = local\n");
	is_nothing("= local\n-\n-=\n=\n");
}

static void test_zero(void **state)
{
	static const char text[] = "\0net.vsock.child_ns_mode = global\n"
				   "net.vsock.child_ns_mode = lo\0cal\n";

	(void)state;
	forget();
	sysctl_setting_take(&setting, "FILE", text, sizeof(text) - 1);
	assert_int_equal(setting.line, 2);
	assert_string_equal(setting.value, "lo");
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void reads(const char *file, const char *value)
{
	char path[256];

	forget();
	assert_int_equal(sysctl_setting_read(&setting, root), 0);
	if (!file) {
		assert_null(setting.file);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", root, file);
	assert_non_null(setting.file);
	assert_string_equal(setting.file, path);
	assert_string_equal(setting.value, value);
}

#define LINE "net.vsock.child_ns_mode = "

static void test_order(void **state)
{
	(void)state;
	reads(NULL, NULL);
	put("usr/lib/sysctl.d/50-a.conf", LINE "1");
	reads("usr/lib/sysctl.d/50-a.conf", "1");
	put("usr/local/lib/sysctl.d/60-b.conf", LINE "2");
	reads("usr/local/lib/sysctl.d/60-b.conf", "2");
	put("etc/sysctl.d/10-c.conf", LINE "3");
	reads("usr/local/lib/sysctl.d/60-b.conf", "2");
	put("run/sysctl.d/70-d.conf", LINE "4");
	reads("run/sysctl.d/70-d.conf", "4");
	put("etc/sysctl.conf", LINE "5");
	reads("etc/sysctl.conf", "5");
}

static void test_masks(void **state)
{
	(void)state;
	put("usr/lib/sysctl.d/x.conf", LINE "lib");
	put("usr/local/lib/sysctl.d/x.conf", LINE "local");
	reads("usr/local/lib/sysctl.d/x.conf", "local");
	put("run/sysctl.d/x.conf", LINE "run");
	reads("run/sysctl.d/x.conf", "run");
	put("etc/sysctl.d/x.conf", "");
	reads(NULL, NULL);
	assert_int_equal(unlink("etc/sysctl.d/x.conf"), 0);
	assert_int_equal(symlink("/dev/null", "etc/sysctl.d/x.conf"), 0);
	reads(NULL, NULL);
}

static void test_other_files(void **state)
{
	(void)state;
	put("etc/sysctl.d/x.conf~", LINE "1");
	put("etc/sysctl.d/x", LINE "1");
	put("etc/sysctl.d/.x.conf", LINE "1");
	put("etc/sysctl.d/.conf", LINE "1");
	assert_int_equal(mkdir("etc/sysctl.d/d.conf", 0755), 0);
	assert_int_equal(mkfifo("etc/sysctl.d/f.conf", 0600), 0);
	assert_int_equal(symlink("nowhere", "etc/sysctl.d/g.conf"), 0);
	reads(NULL, NULL);
}

/* A file that is there and cannot be read is no file that says nothing. */
static void test_unreadable(void **state)
{
	char path[256];

	(void)state;
	assert_int_equal(symlink("loop.conf", "etc/sysctl.d/loop.conf"), 0);
	forget();
	assert_int_equal(sysctl_setting_read(&setting, root), -ELOOP);
	snprintf(path, sizeof(path), "%s/etc/sysctl.d/loop.conf", root);
	assert_non_null(strstr(said, path));
}

static int begin(void **state)
{
	(void)state;
	return system("rm -rf etc run usr; mkdir -p etc/sysctl.d run/sysctl.d usr/lib/sysctl.d "
		      "usr/local/lib/sysctl.d");
}

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? chdir(root) : -1;
}

static int remove_root(void **state)
{
	char line[64];

	(void)state;
	forget();
	snprintf(line, sizeof(line), "rm -rf %s", root);
	return chdir("/") || system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assignment),
		cmocka_unit_test(test_minus),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_zero),
		cmocka_unit_test_setup(test_order, begin),
		cmocka_unit_test_setup(test_masks, begin),
		cmocka_unit_test_setup(test_other_files, begin),
		cmocka_unit_test_setup(test_unreadable, begin),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
