// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of policy files, while somebody replaces them. The sources are included, as what
 * happens between two reads is played.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fake-log.h"
#include "unit.h"

static int disturbances; /* still to come */
static void (*disturb)(void);

static ssize_t read_played(int fd, void *bytes, size_t size)
{
	ssize_t got = read(fd, bytes, size);

	if (got > 0 && disturbances) {
		disturbances--;
		disturb();
	}
	return got;
}

#define read read_played
#include "../../loader/lib/regular-file.c"
#undef read
#include "../../loader/policy/files.c"

static char folder[] = "/tmp/policy-files-XXXXXX";

static void put(const char *name, const char *text)
{
	FILE *file = fopen("new", "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename("new", name), 0);
}

static int begin(void **state)
{
	(void)state;
	disturbances = 0;
	said[0] = '\0';
	return system("rm -rf d; mkdir d");
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

static bool has(const struct policy_files *files, size_t index, const char *base, const char *text)
{
	const struct policy_file *file = &files->file[index];

	return index < files->count && !strcmp(file->base, base) && file->size == strlen(text) &&
	       !memcmp(file->bytes, text, file->size);
}

static void test_read(void **state)
{
	struct policy_files files;

	(void)state;
	put("d/b.policy", "two");
	put("d/a.policy", "one");
	put("d/.hidden.policy", "");
	put("d/a.policy.dpkg-old", "");
	put("d/a.policy~", "");
	put("d/README", "");
	assert_int_equal(mkdir("d/z.policy", 0700), 0);
	assert_int_equal(policy_files_read(&files, "d"), 0);
	assert_int_equal(files.count, 4);
	assert_true(has(&files, 1, "a.policy", "one") && has(&files, 2, "b.policy", "two"));
	assert_false(policy_file_is_policy(&files.file[0]));
	assert_int_equal(files.file[3].error, EISDIR);
	policy_files_free(&files);
	assert_int_equal(policy_files_read(&files, "missing"), 0);
	assert_int_equal(files.count, 0);
	assert_true(policy_files_hash(&files) == 0);
	policy_files_free(&files);
}

static __u64 hash_now(void)
{
	struct policy_files files;
	__u64 hash;

	assert_int_equal(policy_files_read(&files, "d"), 0);
	hash = policy_files_hash(&files);
	policy_files_free(&files);
	return hash;
}

static void test_hash(void **state)
{
	__u64 hash;

	(void)state;
	put("d/a.policy", "one");
	hash = hash_now();
	assert_true(hash != 0);
	put("d/README", "something else");
	assert_true(hash_now() == hash);
	put("d/a.policy", "one");
	assert_true(hash_now() == hash);
	put("d/a.policy", "two");
	assert_true(hash_now() != hash);
	assert_int_equal(rename("d/a.policy", "d/b.policy"), 0);
	put("d/b.policy", "one");
	assert_true(hash_now() != hash);
}

static void replace_both(void)
{
	put("d/a.policy", "new a");
	put("d/b.policy", "new b");
}

static void add_one(void)
{
	put("d/0.policy", "came late");
}

/* The first is read before, and the second after the change. */
static void test_of_one_time(void **state)
{
	struct policy_files files;

	(void)state;
	put("d/a.policy", "old a");
	put("d/b.policy", "old b");
	disturb = replace_both;
	disturbances = 1;
	assert_int_equal(policy_files_read(&files, "d"), 0);
	assert_true(has(&files, 0, "a.policy", "new a") && has(&files, 1, "b.policy", "new b"));
	policy_files_free(&files);
	disturb = add_one;
	disturbances = 1;
	assert_int_equal(policy_files_read(&files, "d"), 0);
	assert_true(has(&files, 0, "0.policy", "came late") && files.count == 3);
	policy_files_free(&files);
}

static void test_never_at_rest(void **state)
{
	struct policy_files files;

	(void)state;
	put("d/a.policy", "old a");
	disturb = replace_both;
	disturbances = 1000;
	assert_int_equal(policy_files_read(&files, "d"), -EAGAIN);
	assert_string_equal(said, "d: keeps changing");
	assert_int_equal(files.count, 0);
	policy_files_free(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_read, begin),
		cmocka_unit_test_setup(test_hash, begin),
		cmocka_unit_test_setup(test_of_one_time, begin),
		cmocka_unit_test_setup(test_never_at_rest, begin),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
