// SPDX-License-Identifier: GPL-2.0-only
/* What the hook makes of what a runtime says, and of what none should. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/state.h"
#include "lib/fake-log.h"
#include "unit.h"

#define MANY (17 << 20)

static char bundle[] = "/tmp/unit-XXXXXX";

static int make_bundle(void **state)
{
	(void)state;
	return mkdtemp(bundle) ? 0 : -1;
}

static int remove_bundle(void **state)
{
	(void)state;
	return rmdir(bundle);
}

static void config_path(char *path, size_t size)
{
	snprintf(path, size, "%s/config.json", bundle);
}

static int begin(void **state)
{
	(void)state;
	said[0] = '\0';
	return 0;
}

static int end(void **state)
{
	char path[64];

	(void)state;
	config_path(path, sizeof(path));
	unlink(path);
	return 0;
}

static void write_config(const char *text)
{
	char path[64];
	FILE *file;

	config_path(path, sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int read_bytes(struct oci_state *state, const char *text, size_t size)
{
	int fd = memfd_create("state", MFD_CLOEXEC), ret;

	assert_int_equal(write(fd, text, size), size);
	lseek(fd, 0, SEEK_SET);
	ret = oci_state_read(state, fd);
	close(fd);
	return ret;
}

static int read_text(struct oci_state *state, const char *text)
{
	return read_bytes(state, text, strlen(text));
}

/* The state of a container with this bundle; `more` comes behind it. */
static int read_bundle(struct oci_state *state, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "{\"pid\": 42, \"bundle\": \"%s\"%s}", bundle, more);
	return read_text(state, text);
}

static void wrong(const char *text, int error, const char *words)
{
	struct oci_state state;

	assert_int_equal(read_text(&state, text), -error);
	if (!strstr(said, words))
		fail_msg("%s says \"%s\", not \"%s\"", text, said, words);
	assert_null(state.json);
	assert_null(state.annotations);
}

static void wrong_config(const char *config, int error, const char *words)
{
	struct oci_state state;

	write_config(config);
	assert_int_equal(read_bundle(&state, ""), -error);
	if (!strstr(said, words))
		fail_msg("%s says \"%s\", not \"%s\"", config, said, words);
}

static void has(const struct oci_state *state, size_t i, const char *key, const char *value)
{
	assert_true(i < state->count);
	assert_string_equal(state->annotations[i].key, key);
	assert_string_equal(state->annotations[i].value, value);
}

static void test_state(void **unused)
{
	struct oci_state state;

	(void)unused;
	assert_int_equal(read_text(&state, "{\"ociVersion\": \"1.0.2\", \"id\": \"a\", "
					   "\"status\": \"created\", \"pid\": 4711, "
					   "\"bundle\": \"/no/such\", \"annotations\": "
					   "{\"io.vsock-bpfd.policy\": \"a\", \"b\": \"\"}}\n"),
			 0);
	assert_int_equal(state.pid, 4711);
	assert_int_equal(state.count, 2);
	has(&state, 0, "io.vsock-bpfd.policy", "a");
	has(&state, 1, "b", "");
	oci_state_free(&state);
}

static void test_config(void **unused)
{
	struct oci_state state;

	(void)unused;
	write_config("{\"annotations\": {\"a\": \"b\"}, \"process\": {\"args\": [1, 2]}}");
	assert_int_equal(read_bundle(&state, ""), 0);
	assert_int_equal(state.pid, 42);
	assert_int_equal(state.count, 1);
	has(&state, 0, "a", "b");
	oci_state_free(&state);
	/* Two more ways to have none. */
	assert_int_equal(read_bundle(&state, ", \"annotations\": {}"), 0);
	assert_int_equal(state.count, 1);
	oci_state_free(&state);
	assert_int_equal(read_bundle(&state, ", \"annotations\": null"), 0);
	assert_int_equal(state.count, 1);
	oci_state_free(&state);
}

static void test_no_annotations(void **unused)
{
	struct oci_state state;

	(void)unused;
	write_config("{}");
	assert_int_equal(read_bundle(&state, ""), 0);
	assert_int_equal(state.count, 0);
	oci_state_free(&state);
	write_config("{\"annotations\": {}}");
	assert_int_equal(read_bundle(&state, ""), 0);
	assert_int_equal(state.count, 0);
	oci_state_free(&state);
}

static void test_no_json(void **unused)
{
	static const char *const texts[] = {
		"",	   " ",		  "{",	   "[]",	"\"a\"",	 "null",
		"4711",	   "{\"pid\": 1", "{} {}", "{\"a\" 1}", "{\"pid\": 1,}", "{}}",
		"\x80\xff"
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		wrong(texts[i], EBADMSG, "state of the container: not a JSON object");
}

/* What comes behind a NUL would be read by nobody. */
static void test_nul(void **unused)
{
	static const char text[] = "{\"pid\": 1, \"annotations\": {\"a\": \"b\"}}\0{}";
	struct oci_state state;

	(void)unused;
	assert_int_equal(read_bytes(&state, text, sizeof(text) - 1), -EBADMSG);
	wrong("{\"pid\": 1, \"annotations\": {\"a\": \"tenant\\u0000x\"}}", EINVAL,
	      "annotation a of the container: not a string");
}

static void test_nested(void **unused)
{
	size_t size = 1 << 16;
	char *text = malloc(size + 1);

	(void)unused;
	memset(text, '[', size);
	memcpy(text, "{\"a\":", 5);
	text[size] = '\0';
	wrong(text, EBADMSG, "not a JSON object");
	free(text);
}

static void test_pid(void **unused)
{
	(void)unused;
	wrong("{}", EINVAL, "no pid");
	wrong("{\"pid\": \"1\"}", EINVAL, "no pid");
	wrong("{\"pid\": 1.5}", EINVAL, "no pid");
	wrong("{\"pid\": null}", EINVAL, "no pid");
	wrong("{\"pid\": 0}", EINVAL, "pid 0");
	wrong("{\"pid\": -1}", EINVAL, "pid -1");
	wrong("{\"pid\": 4294967297}", EINVAL, "pid 4294967297");
	wrong("{\"pid\": 9223372036854775807}", EINVAL, "pid 9223372036854775807");
}

/* To json-c 0.16 it is the largest number that there is, to 0.18 it is none. */
static void test_pid_beyond(void **unused)
{
	struct oci_state state;

	(void)unused;
	assert_true(read_text(&state, "{\"pid\": 99999999999999999999999}") < 0);
	assert_null(state.json);
}

static void test_annotations(void **unused)
{
	(void)unused;
	wrong("{\"pid\": 1, \"annotations\": []}", EINVAL, "annotations of the container");
	wrong("{\"pid\": 1, \"annotations\": \"a\"}", EINVAL, "annotations of the container");
	wrong("{\"pid\": 1, \"annotations\": {\"a\": 1}}", EINVAL, "annotation a");
	wrong("{\"pid\": 1, \"annotations\": {\"a\": null}}", EINVAL, "annotation a");
	wrong("{\"pid\": 1, \"annotations\": {\"a\": {}}}", EINVAL, "annotation a");
}

/* A pipe that nobody writes to, too: it must not wait for ever. */
static void test_bundle(void **unused)
{
	struct oci_state state;
	char path[64];

	(void)unused;
	wrong("{\"pid\": 1}", EINVAL, "neither annotations nor a bundle");
	wrong("{\"pid\": 1, \"bundle\": 1}", EINVAL, "neither annotations nor a bundle");
	wrong("{\"pid\": 1, \"bundle\": \"/no/such\"}", ENOENT, "/no/such/config.json");
	config_path(path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(read_bundle(&state, ""), -EBADMSG);
	assert_non_null(strstr(said, "config.json: not a JSON object"));
}

static void test_long_bundle(void **unused)
{
	static char text[8192];
	int size = snprintf(text, sizeof(text), "{\"pid\": 1, \"bundle\": \"");

	(void)unused;
	memset(text + size, 'a', 5000);
	memcpy(text + size + 5000, "\"}", 3);
	wrong(text, ENAMETOOLONG, "bundle");
}

static void test_bad_config(void **unused)
{
	(void)unused;
	wrong_config("", EBADMSG, "config.json: not a JSON object");
	wrong_config("{\"annotations\": [1]}", EINVAL, "annotations of the container");
	wrong_config("{\"annotations\": {\"a\": 1}}", EINVAL, "annotation a");
}

static void test_huge(void **unused)
{
	static const char head[] = "{\"pid\": 1, \"annotations\": {\"a\": \"", tail[] = "\"}}";
	const size_t size = sizeof(tail) - 1;
	char *text = malloc(MANY);
	struct oci_state state;

	(void)unused;
	memset(text, 'a', MANY);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + MANY - size, tail, size);
	assert_int_equal(read_bytes(&state, text, MANY), -E2BIG);
	assert_non_null(strstr(said, "state of the container"));
	/* And large as none is, but not too large. */
	memcpy(text + (8 << 20), tail, size);
	assert_int_equal(read_bytes(&state, text, (8 << 20) + size), 0);
	assert_int_equal(strlen(state.annotations[0].value), (8 << 20) + 1 - sizeof(head));
	oci_state_free(&state);
	free(text);
}

static void test_no_input(void **unused)
{
	struct oci_state state;

	(void)unused;
	assert_int_equal(oci_state_read(&state, -1), -EBADF);
	assert_non_null(strstr(said, "state of the container"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_state),   TEST(test_config),	    TEST(test_no_annotations),
		TEST(test_no_json), TEST(test_nul),	    TEST(test_nested),
		TEST(test_pid),	    TEST(test_pid_beyond),  TEST(test_annotations),
		TEST(test_bundle),  TEST(test_long_bundle), TEST(test_bad_config),
		TEST(test_huge),    TEST(test_no_input),
	};

	return cmocka_run_group_tests_name("oci-state", tests, make_bundle, remove_bundle);
}
