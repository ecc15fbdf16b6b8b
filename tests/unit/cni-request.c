// SPDX-License-Identifier: GPL-2.0-only
/* What the CNI plugin makes of what an engine says, and of what none should. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cni/request.h"
#include "policy/match.h"
#include "lib/fake-log.h"
#include "unit.h"

#define VERSION_1 "\"cniVersion\": \"1.0.0\""
#define RUNTIME	  "{" VERSION_1 ", \"runtimeConfig\": "
#define KEY	  "\"io.kubernetes.cri.pod-annotations\""

static int begin(void **state)
{
	(void)state;
	said[0] = '\0';
	setenv("CNI_COMMAND", "ADD", 1);
	setenv("CNI_CONTAINERID", "c1", 1);
	setenv("CNI_IFNAME", "eth0", 1);
	setenv("CNI_NETNS", "/run/netns/pod", 1);
	setenv("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=tenant-a;K8S_POD_NAME=web-0.x", 1);
	return 0;
}

static int read_text(struct cni_request *request, const char *text)
{
	int fd = memfd_create("config", MFD_CLOEXEC), ret;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	ret = cni_request_read(request, fd);
	close(fd);
	return ret;
}

static void good(struct cni_request *request, const char *text)
{
	int ret = read_text(request, text);

	if (ret)
		fail_msg("%s: code %d: %s", text, ret, said);
}

/* Refused, with this code and these words. */
static void wrong(const char *text, int code, const char *words)
{
	struct cni_request request;
	int ret = read_text(&request, text);

	if (ret != code || !strstr(said, words))
		fail_msg("%s: code %d, \"%s\", not %d, \"%s\"", text, ret, said, code, words);
	assert_non_null(request.version);
	cni_request_free(&request);
}

/* The same of a variable; NULL: it is not set. */
static void wrong_variable(const char *name, const char *value, const char *words)
{
	begin(NULL);
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
	wrong("{" VERSION_1 "}", CNI_BAD_ENVIRONMENT, words);
}

static void test_add(void **state)
{
	struct cni_request request;

	(void)state;
	good(&request,
	     RUNTIME "{" KEY ": {\"kubevirt.io/domain\": \"vm\", \"a\": \"\"}}, "
		     "\"prevResult\": {\"ips\": []}, \"name\": \"net\", \"args\": {\"x\": 1}}\n");
	assert_int_equal(request.command, CNI_ADD);
	assert_string_equal(request.version, "1.0.0");
	assert_string_equal(request.netns, "/run/netns/pod");
	assert_string_equal(request.pod, "tenant-a/web-0.x");
	assert_int_equal(request.count, 2);
	assert_string_equal(request.annotations[0].key, "kubevirt.io/domain");
	assert_string_equal(request.annotations[0].value, "vm");
	assert_non_null(request.previous);
	cni_request_free(&request);
	assert_null(request.pod);
}

/* Each way to have no annotations and no result before. */
static void test_nothing_more(void **state)
{
	static const char *const texts[] = {
		"{" VERSION_1 "}",
		RUNTIME "{}}",
		RUNTIME "null, \"prevResult\": null}",
		RUNTIME "{" KEY ": null}}",
		RUNTIME "{" KEY ": {}}}",
		RUNTIME "{\"portMappings\": []}}",
	};
	struct cni_request request;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		good(&request, texts[i]);
		assert_int_equal(request.count, 0);
		assert_null(request.previous);
		cni_request_free(&request);
	}
}

static void test_no_pod(void **state)
{
	static const char *const args[] = { "", ";", "K8S_POD_NAME=web", "A=B;;C=", "A==;B=C=D" };
	struct cni_request request;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(args) / sizeof(*args); i++) {
		setenv("CNI_ARGS", args[i], 1);
		good(&request, "{" VERSION_1 "}");
		assert_null(request.pod);
		cni_request_free(&request);
	}
	unsetenv("CNI_ARGS");
	good(&request, "{" VERSION_1 "}");
	assert_null(request.pod);
	cni_request_free(&request);
}

static void test_versions(void **state)
{
	struct cni_request request;
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < cni_version_count; i++) {
		snprintf(text, sizeof(text), "{\"cniVersion\": \"%s\"}", cni_versions[i]);
		good(&request, text);
		assert_string_equal(request.version, cni_versions[i]);
		cni_request_free(&request);
	}
	wrong("{\"cniVersion\": \"0.3.1\"}", CNI_BAD_VERSION, "cniVersion 0.3.1: known are");
	wrong("{\"cniVersion\": \"2.0.0\"}", CNI_BAD_VERSION, "cniVersion 2.0.0: known are");
	wrong("{\"cniVersion\": \"\"}", CNI_BAD_VERSION, "known are");
	wrong("{}", CNI_BAD_CONFIG, "no cniVersion");
	wrong("{\"cniVersion\": 1}", CNI_BAD_CONFIG, "no cniVersion");
	wrong("{\"cniVersion\": null}", CNI_BAD_CONFIG, "no cniVersion");
	wrong("{\"cniVersion\": \"1.0.0\\u0000\"}", CNI_BAD_CONFIG, "no cniVersion");
	setenv("CNI_COMMAND", "VERSION", 1);
	good(&request, "{\"cniVersion\": \"2.0.0\"}");
	assert_string_equal(request.version, "2.0.0");
	cni_request_free(&request);
	wrong("{}", CNI_BAD_CONFIG, "no cniVersion");
}

static void test_no_json(void **state)
{
	static const char *const texts[] = { "",
					     " ",
					     "{",
					     "[]",
					     "\"a\"",
					     "null",
					     "1",
					     "{\"cniVersion\": \"1.0.0\"",
					     "{} {}",
					     "{\"a\" 1}",
					     "{" VERSION_1 ",}",
					     "\x80\xff" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		wrong(texts[i], CNI_BAD_JSON, "network configuration: not a JSON object");
}

static void test_objects(void **state)
{
	(void)state;
	wrong(RUNTIME "[]}", CNI_BAD_CONFIG, "runtimeConfig is not an object");
	wrong(RUNTIME "\"a\"}", CNI_BAD_CONFIG, "runtimeConfig is not an object");
	wrong(RUNTIME "{" KEY ": []}}", CNI_BAD_CONFIG, "pod-annotations is not an object");
	wrong(RUNTIME "{" KEY ": {\"a\": 1}}}", CNI_BAD_CONFIG, "annotation a of the pod");
	wrong(RUNTIME "{" KEY ": {\"a\": \"b\", \"c\": null}}}", CNI_BAD_CONFIG, "annotation c");
	wrong(RUNTIME "{" KEY ": {\"a\": \"b\\u0000\"}}}", CNI_BAD_CONFIG, "annotation a");
	wrong("{" VERSION_1 ", \"prevResult\": 1}", CNI_BAD_CONFIG, "prevResult is not an object");
}

static void test_environment(void **state)
{
	(void)state;
	wrong_variable("CNI_COMMAND", NULL, "CNI_COMMAND is not set");
	wrong_variable("CNI_COMMAND", "", "CNI_COMMAND is not set");
	wrong_variable("CNI_COMMAND", "add", "CNI_COMMAND=add: no such command");
	wrong_variable("CNI_CONTAINERID", NULL, "CNI_CONTAINERID is not set");
	wrong_variable("CNI_IFNAME", NULL, "CNI_IFNAME is not set");
	wrong_variable("CNI_NETNS", NULL, "CNI_NETNS is not set");
	wrong_variable("CNI_NETNS", "", "CNI_NETNS is not set");
	wrong_variable("CNI_NETNS", "pod", "CNI_NETNS=pod: not a path");
}

static void test_arguments(void **state)
{
	(void)state;
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE", "'K8S_POD_NAMESPACE' is not KEY=VALUE");
	wrong_variable("CNI_ARGS", "A=B;C", "'C' is not KEY=VALUE");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a", "without K8S_POD_NAME");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=;K8S_POD_NAME=b", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a/b;K8S_POD_NAME=c", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b/c", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=-b", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b\n", "not a name");
	wrong_variable("CNI_ARGS", "K8S_POD_NAME=a;K8S_POD_NAMESPACE=b;K8S_POD_NAME=c", "twice");
}

/* A pod that is to go, goes. */
static void test_others(void **state)
{
	static const char *const commands[] = { "DEL", "GC", "STATUS", "VERSION" };
	struct cni_request request;
	size_t i;

	(void)state;
	setenv("CNI_ARGS", "K8S_POD_NAMESPACE", 1);
	unsetenv("CNI_NETNS");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		setenv("CNI_COMMAND", commands[i], 1);
		good(&request, RUNTIME "[]}");
		assert_int_equal(request.command, CNI_DEL + i);
		cni_request_free(&request);
		wrong("[]", CNI_BAD_JSON, "not a JSON object");
	}
}

static void test_no_input(void **state)
{
	struct cni_request request;

	(void)state;
	assert_int_equal(cni_request_read(&request, -1), CNI_BAD_IO);
	assert_non_null(strstr(said, "network configuration"));
	cni_request_free(&request);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_add),		TEST(test_nothing_more), TEST(test_no_pod),
		TEST(test_versions),	TEST(test_no_json),	 TEST(test_objects),
		TEST(test_environment), TEST(test_arguments),	 TEST(test_others),
		TEST(test_no_input),
	};

	return cmocka_run_group_tests_name("cni-request", tests, NULL, NULL);
}
