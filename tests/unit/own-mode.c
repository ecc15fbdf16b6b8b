// SPDX-License-Identifier: GPL-2.0-only
/* Who may do what by the public socket; modes and counters are played. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "layer/modes.h"
#include "layer/pins.h"
#include "lib/control-protocol.h"
#include "lib/log.h"
#include "service/own-mode.h"
#include "unit.h"

#define WEB_ID 7

static struct {
	enum vsock_mode mode[2];
	int get_error, set_error, sets;
	int map_error;
	bool is_counted;
	__u64 counted_for;
} played;

static struct caller_answer caller;
static char answer[PUBLIC_ANSWER_MAX];

int mode_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode)
{
	assert_int_equal(ns->id, WEB_ID);
	if (played.get_error)
		return log_errno(-played.get_error, "map namespaces");
	*mode = played.mode[knob];
	return 0;
}

int mode_set(const struct netns *ns, enum knob knob, enum vsock_mode mode)
{
	assert_int_equal(ns->id, WEB_ID);
	assert_int_equal(ns->inode, 4026532000);
	played.sets++;
	if (played.set_error)
		return log_errno(-played.set_error, "%s", knob_name(knob));
	played.mode[knob] = mode;
	return 0;
}

int pin_open_map(const char *name)
{
	assert_string_equal(name, PIN_COUNTERS);
	return played.map_error ?: dup(STDIN_FILENO);
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct counters *counters = value;

	(void)fd;
	assert_int_equal(*(const netns_id *)key, WEB_ID);
	memset(counters, 0, sizeof(*counters));
	counters->tenant = played.counted_for;
	return played.is_counted ? 0 : -ENOENT;
}

static int begin(void **state)
{
	(void)state;
	memset(&played, 0, sizeof(played));
	caller = (struct caller_answer){
		.netns = WEB_ID, .inode = 4026532000, .found = YES, .may_set = YES
	};
	return 0;
}

static void says(const char *request, const char *wanted)
{
	own_mode_answer(&caller, request, answer, sizeof(answer));
	assert_string_equal(answer, wanted);
}

static void test_get(void **state)
{
	(void)state;
	caller.may_set = NO;
	played.mode[CHILD_NS_MODE] = LOCAL;
	says("get ns_mode", "ok\nglobal\n");
	says("get child_ns_mode", "ok\nlocal\n");
	played.get_error = -EPROTO;
	says("get ns_mode", "failed\nmap namespaces: Protocol error\n");
}

static void test_owner(void **state)
{
	(void)state;
	says("set child_ns_mode local", "ok\n");
	assert_int_equal(played.mode[CHILD_NS_MODE], LOCAL);
	says("set ns_mode local", "ok\n");
	assert_int_equal(played.mode[NS_MODE], LOCAL);
	played.set_error = -EBUSY;
	says("set child_ns_mode global", "failed\nchild_ns_mode: Device or resource busy\n");
}

static void test_stranger(void **state)
{
	(void)state;
	caller.may_set = NO;
	says("set child_ns_mode local", "failed\nchild_ns_mode: Permission denied\n");
	says("set child_ns_mode global", "failed\nchild_ns_mode: Permission denied\n");
	says("set ns_mode local", "failed\nns_mode: Operation not permitted\n");
	says("set ns_mode global", "ok\n");
	assert_int_equal(played.sets, 0);
}

/* A record for each namespace that the kernel counts for its user, and for no other. */
static void test_counted(void **state)
{
	static const char refused[] =
		"failed\nchild_ns_mode: root has to set it: the namespace is older "
		"than the layer, or one too many of its user\n";

	(void)state;
	caller.netns_tenant = TENANT_USER | 1000;
	says("set child_ns_mode local", refused);
	played.is_counted = true;
	says("set child_ns_mode local", refused);
	assert_int_equal(played.sets, 0);
	played.counted_for = TENANT_USER | 1000;
	says("set child_ns_mode local", "ok\n");
	played.map_error = -EACCES;
	says("set child_ns_mode local", "failed\nmap counters: Permission denied\n");
	assert_int_equal(played.sets, 1);
}

static void test_words(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"get",
		"set",
		"get mode",
		"get ns_mode local",
		"set ns_mode",
		"set ns_mode locally",
		"set child_ns_mode local local",
		"set mode local",
		"reload",
		"monitor",
		"get ns_mode\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		"set child_ns_mode localllllllllllllllllllllllll",
		"Get ns_mode",
		"\xff \xff",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		says(wrong[i], "failed\nthe service knows 'get KNOB' and 'set KNOB MODE' here\n");
	assert_int_equal(played.sets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_get, begin),
		cmocka_unit_test_setup(test_owner, begin),
		cmocka_unit_test_setup(test_stranger, begin),
		cmocka_unit_test_setup(test_counted, begin),
		cmocka_unit_test_setup(test_words, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
