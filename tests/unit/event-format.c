// SPDX-License-Identifier: GPL-2.0-only
/* Events in words and as JSON. */
#include <json-c/json.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>

#include "events/event-format.h"
#include "unit.h"

static struct named_event named;

static int begin(void **state)
{
	(void)state;
	named = (struct named_event){
		.event = { .kind = EVENT_REFUSED,
			   .reason = REASON_MODE,
			   .verb = CONNECT,
			   .pid = 123,
			   .origin = { .netns = 2, .port = 1024 },
			   .target = { .netns = 4097, .port = 1234 },
			   .comm = "ncat" },
		.origin = "web",
		.target = "pod1",
	};
	return 0;
}

static void says(const char *wanted)
{
	char text[EVENT_TEXT_SIZE];

	event_text(text, &named);
	assert_string_equal(text, wanted);
}

static void test_connect(void **state)
{
	(void)state;
	says("refused: connect from web (ncat, pid 123) to pod1 port 1234: "
	     "one end is local and the other is in another namespace");
	named.event.kind = EVENT_AUDITED;
	named.event.reason = REASON_RULE;
	says("audited: connect from web (ncat, pid 123) to pod1 port 1234: "
	     "a rule of its own policy");
	named.event.verb = ACCEPT;
	says("audited: connect from web (ncat, pid 123) to pod1 port 1234: "
	     "a rule of the peer's policy");
}

/* A zero never stands for what was not read. */
static void test_accepted(void **state)
{
	struct json_object *object, *value;

	(void)state;
	named.event.kind = EVENT_ACCEPTED;
	named.event.reason = PERMITTED;
	named.event.pid = 0;
	named.traffic = (struct traffic){ .lasted = 61020999999ULL };
	says("accepted: connect from web to pod1 port 1234: lasted 61.020 s");
	object = event_json(&named);
	assert_true(json_object_object_get_ex(object, "lasted_ms", &value));
	assert_int_equal(json_object_get_int64(value), 61020);
	assert_true(json_object_object_get_ex(object, "bytes_sent", &value));
	assert_null(value);
	json_object_put(object);
	named.traffic.counted = YES;
	named.traffic.received = 4294967295U;
	says("accepted: connect from web to pod1 port 1234: lasted 61.020 s, 0 bytes sent, "
	     "4294967295 received");
	object = event_json(&named);
	assert_true(json_object_object_get_ex(object, "bytes_sent", &value));
	assert_int_equal(json_object_get_int64(value), 0);
	json_object_put(object);
	named.event.kind = EVENT_REFUSED;
	object = event_json(&named);
	assert_false(json_object_object_get_ex(object, "lasted_ms", &value));
	json_object_put(object);
}

static void test_ends(void **state)
{
	(void)state;
	named.origin = named.target = NULL;
	named.event.pid = 0;
	named.event.origin.cid = 42;
	named.event.target.netns = NETNS_NONE;
	named.event.target.cid = VMADDR_CID_HOST;
	says("refused: connect from guest 42 of namespace 2 to the host of this machine port 1234: "
	     "one end is local and the other is in another namespace");
	named.event.origin = (struct end){ .netns = NETNS_NONE };
	named.event.target = (struct end){ .netns = NETNS_UNKNOWN, .port = 5 };
	named.event.reason = REASON_UNKNOWN;
	says("refused: connect from (outside) to (unknown) port 5: an end could not be identified");
}

static void test_bind_and_guest(void **state)
{
	(void)state;
	named.event.verb = GUEST;
	named.event.reason = REASON_GUEST;
	named.event.target.cid = 42;
	says("refused: connect from web (ncat, pid 123) to guest 42 of pod1 port 1234: "
	     "a rule against guests with this CID");
	named.event.verb = BIND;
	named.event.reason = REASON_BIND;
	named.event.target = (struct end){ .netns = 4097, .port = 22 };
	says("refused: connect from web (ncat, pid 123) to pod1 port 22: "
	     "a rule against listeners at this port");
	named.event.origin.port = 0;
	says("refused: bind in web (ncat, pid 123) to port 22: a rule of its policy");
}

/* A port that is held is said with its holder, where that is one. */
static void test_port(void **state)
{
	(void)state;
	named.event.verb = BIND;
	named.event.reason = REASON_PORT;
	named.event.origin.port = 0;
	says("refused: bind in web (ncat, pid 123) to port 1234: the port is held by pod1");
	named.target = NULL;
	named.target_home = "container 0123456789ab";
	says("refused: bind in web (ncat, pid 123) to port 1234: the port is held by "
	     "container 0123456789ab");
	named.event.target.netns = NETNS_UNKNOWN;
	says("refused: bind in web (ncat, pid 123) to port 1234: "
	     "the port is held by another namespace");
	named.event.target.netns = named.event.origin.netns;
	says("refused: bind in web (ncat, pid 123) to port 1234: "
	     "the port is held by another namespace");
	named.event.origin.port = 1024;
	named.event.target.netns = 4097;
	named.target = "pod1";
	says("refused: connect from web (ncat, pid 123) to pod1 port 1234: "
	     "another socket would get the answer");
}

static void test_named_guests(void **state)
{
	(void)state;
	named.event.pid = 0;
	named.event.origin.cid = 42;
	named.origin_guest = "vm1";
	says("refused: connect from guest vm1 (42) of web to pod1 port 1234: "
	     "one end is local and the other is in another namespace");
	named.event.target.cid = 43;
	named.target_guest = "v\nm2";
	says("refused: connect from guest vm1 (42) of web to guest v?m2 (43) of pod1 port 1234: "
	     "one end is local and the other is in another namespace");
}

static void test_sealed(void **state)
{
	(void)state;
	named.event.kind = EVENT_SEALED;
	says("sealed: connect from web (ncat, pid 123) to pod1 port 1234: "
	     "the peer that answered is one it may not talk to");
}

/* Any process chooses its own name, and need not end it. */
static void test_names_are_printable(void **state)
{
	(void)state;
	memcpy(named.event.comm, "\033[2J\nrefused: xxx", 16);
	named.origin = "w\neb";
	says("refused: connect from w?eb (?[2J?refused: xx, pid 123) to pod1 port 1234: "
	     "one end is local and the other is in another namespace");
}

/* The longest names fit. */
static void test_long_names(void **state)
{
	static char name[256];
	char text[EVENT_TEXT_SIZE];

	(void)state;
	memset(name, 'n', 255);
	named.origin = named.target = name;
	named.event.origin.cid = named.event.target.cid = VMADDR_CID_ANY - 1;
	named.origin_guest = named.target_guest = name;
	event_text(text, &named);
	assert_non_null(
		strstr(text, "port 1234: one end is local and the other is in another namespace"));
}

static void test_every_word(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < REASONS; i++)
		assert_non_null(event_reason_name(i));
	for (i = 0; i <= GUEST; i++)
		assert_non_null(event_verb_name(i));
	for (i = 0; i <= EVENT_ACCEPTED; i++)
		assert_non_null(event_kind_name(i));
	assert_null(event_reason_name(REASONS));
	assert_null(event_kind_name(EVENT_ACCEPTED + 1));
	assert_null(event_verb_name(GUEST + 1));
}

/* What a newer layer may say is shown without a word for it. */
static void test_beyond_enums(void **state)
{
	(void)state;
	named.event.kind = 99;
	named.event.reason = 99;
	named.event.verb = CONNECT;
	says("?: connect from web (ncat, pid 123) to pod1 port 1234: no reason known");
}

static void test_dropped(void **state)
{
	struct dropped_events dropped = { .netns = 2, .name = "web", .count = 936 };
	char text[EVENT_TEXT_SIZE];

	(void)state;
	event_dropped_text(text, &dropped);
	assert_string_equal(text, "dropped: 936 events of web, which are counted but not reported");
}

static const char *at(struct json_object *object, const char *one, const char *two)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, one, &value));
	if (two) {
		object = value;
		assert_true(json_object_object_get_ex(object, two, &value));
	}
	return json_object_get_string(value) ?: "null";
}

static void test_json(void **state)
{
	struct json_object *object = event_json(&named);

	(void)state;
	assert_string_equal(at(object, "kind", NULL), "refused");
	assert_string_equal(at(object, "reason", NULL), "mode");
	assert_string_equal(at(object, "verb", NULL), "connect");
	assert_string_equal(at(object, "pid", NULL), "123");
	assert_string_equal(at(object, "process", NULL), "ncat");
	assert_string_equal(at(object, "origin", "place"), "namespace");
	assert_string_equal(at(object, "origin", "namespace"), "web");
	assert_string_equal(at(object, "origin", "identity"), "2");
	assert_string_equal(at(object, "origin", "cid"), "null");
	assert_string_equal(at(object, "origin", "guest"), "null");
	assert_string_equal(at(object, "origin", "port"), "1024");
	assert_string_equal(at(object, "target", "namespace"), "pod1");
	assert_string_equal(at(object, "target", "port"), "1234");
	json_object_put(object);
}

static void test_json_of_nobody(void **state)
{
	struct json_object *object;

	(void)state;
	named.origin = NULL;
	named.event.pid = 0;
	named.event.origin = (struct end){ .netns = NETNS_NONE, .cid = 2 };
	object = event_json(&named);
	assert_string_equal(at(object, "origin", "place"), "outside");
	assert_string_equal(at(object, "origin", "namespace"), "null");
	assert_string_equal(at(object, "origin", "identity"), "null");
	assert_string_equal(at(object, "origin", "cid"), "2");
	assert_string_equal(at(object, "pid", NULL), "null");
	assert_string_equal(at(object, "process", NULL), "null");
	json_object_put(object);
	named.event.origin.netns = NETNS_UNKNOWN;
	object = event_json(&named);
	assert_string_equal(at(object, "origin", "place"), "unknown");
	assert_string_equal(at(object, "origin", "identity"), "null");
	json_object_put(object);
}

/* One line, which JSON can be read from whatever the names are. */
static void test_json_is_a_line(void **state)
{
	struct json_object *object, *again;
	const char *line;

	(void)state;
	memcpy(named.event.comm, "a\n\xff\"\\\033bcdefghijkl", 16);
	named.target = "p\xc3\n";
	named.target_guest = "g\n";
	object = event_json(&named);
	line = json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED);
	assert_null(strchr(line, '\n'));
	again = json_tokener_parse(line);
	assert_non_null(again);
	assert_string_equal(at(again, "process", NULL), "a??\"\\?bcdefghijk");
	assert_string_equal(at(again, "target", "namespace"), "p??");
	assert_string_equal(at(again, "target", "guest"), "g?");
	json_object_put(again);
	json_object_put(object);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connect),	   TEST(test_accepted),
		TEST(test_ends),	   TEST(test_bind_and_guest),
		TEST(test_port),	   TEST(test_named_guests),
		TEST(test_sealed),	   TEST(test_names_are_printable),
		TEST(test_long_names),	   TEST(test_every_word),
		TEST(test_beyond_enums),   TEST(test_dropped),
		TEST(test_json),	   TEST(test_json_of_nobody),
		TEST(test_json_is_a_line),
	};

	return cmocka_run_group_tests_name("event-text", tests, NULL, NULL);
}
