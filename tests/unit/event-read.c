// SPDX-License-Identifier: GPL-2.0-only
/* Lines of the monitor and of the journal, read back. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>

#include "events/event-read.h"
#include "unit.h"

static struct read_line line;

static int reads(const char *text)
{
	event_read_free(&line);
	return event_read(&line, text, strlen(text));
}

static int end(void **state)
{
	(void)state;
	event_read_free(&line);
	return 0;
}

static struct named_event any_event(void)
{
	return (struct named_event){
		.event = { .kind = EVENT_AUDITED,
			   .reason = REASON_MODE,
			   .verb = ACCEPT,
			   .origin = { .netns = 2, .cid = 42, .port = 1024 },
			   .target = { .netns = 4097, .port = 1234 } },
		.origin = "web",
		.target = "db",
		.origin_bound = { "front", "global" },
		.target_bound = { "back", "local" },
	};
}

/* What is printed is what is read. */
static void test_round_trip(void **state)
{
	struct named_event named = any_event();
	struct json_object *object = event_json(&named);

	(void)state;
	assert_int_equal(reads(json_object_to_json_string(object)), 0);
	json_object_put(object);
	assert_int_equal(line.kind, LINE_EVENT);
	assert_int_equal(line.event.event.kind, EVENT_AUDITED);
	assert_int_equal(line.event.event.reason, REASON_MODE);
	assert_int_equal(line.event.event.verb, ACCEPT);
	assert_int_equal(line.event.event.origin.netns, 2);
	assert_int_equal(line.event.event.origin.cid, 42);
	assert_int_equal(line.event.event.target.netns, 4097);
	assert_int_equal(line.event.event.target.port, 1234);
	assert_string_equal(line.event.origin, "web");
	assert_string_equal(line.event.target, "db");
	assert_string_equal(line.event.origin_bound.policy, "front");
	assert_string_equal(line.event.origin_bound.mode, "global");
	assert_string_equal(line.event.target_bound.policy, "back");
	assert_string_equal(line.event.target_bound.mode, "local");
}

static void test_accepted(void **state)
{
	struct named_event named = any_event();
	struct json_object *object;

	(void)state;
	named.event.kind = EVENT_ACCEPTED;
	object = event_json(&named);
	assert_int_equal(reads(json_object_to_json_string(object)), 0);
	json_object_put(object);
	assert_int_equal(line.kind, LINE_EVENT);
	assert_int_equal(line.event.event.kind, EVENT_ACCEPTED);
	assert_int_equal(reads("{\"kind\":\"made\"}"), 0);
	assert_int_equal(line.kind, LINE_OTHER);
}

static void test_ends(void **state)
{
	struct named_event named = any_event();
	struct json_object *object;

	(void)state;
	named.origin = named.target = NULL;
	named.origin_bound = (struct bound_end){};
	named.event.origin = (struct end){ .netns = NETNS_UNKNOWN };
	named.event.target = (struct end){ .netns = NETNS_NONE, .cid = VMADDR_CID_HOST };
	object = event_json(&named);
	assert_int_equal(reads(json_object_to_json_string(object)), 0);
	json_object_put(object);
	assert_true(line.event.event.origin.netns == NETNS_UNKNOWN);
	assert_true(line.event.event.target.netns == NETNS_NONE);
	assert_null(line.event.origin);
	assert_null(line.event.origin_bound.policy);
}

#define JOURNAL(more)                                                                              \
	"{\"__CURSOR\":\"s\",\"VSOCK_KIND\":\"refused\",\"VSOCK_REASON\":\"mode\","                \
	"\"VSOCK_VERB\":\"connect\",\"VSOCK_ORIGIN_NETNS\":\"2\",\"VSOCK_ORIGIN_NAME\":\"web\","   \
	"\"VSOCK_ORIGIN_POLICY\":\"front\",\"VSOCK_ORIGIN_MODE\":\"local\"," more                  \
	"\"VSOCK_PORT\":\"1234\"}"

static void test_journal(void **state)
{
	(void)state;
	assert_int_equal(reads(JOURNAL("\"VSOCK_TARGET_NETNS\":\"3\",")), 0);
	assert_int_equal(line.kind, LINE_EVENT);
	assert_string_equal(line.event.origin, "web");
	assert_string_equal(line.event.origin_bound.policy, "front");
	assert_int_equal(line.event.event.target.netns, 3);
	assert_int_equal(line.event.event.target.port, 1234);
	assert_int_equal(reads(JOURNAL("\"VSOCK_TARGET_CID\":\"2\",")), 0);
	assert_true(line.event.event.target.netns == NETNS_NONE);
	assert_int_equal(reads(JOURNAL("")), 0);
	assert_true(line.event.event.target.netns == NETNS_UNKNOWN);
	/* What the service says otherwise. */
	assert_int_equal(reads("{\"__CURSOR\":\"s\",\"MESSAGE\":\"attached\"}"), 0);
	assert_int_equal(line.kind, LINE_OTHER);
}

static void test_counts(void **state)
{
	(void)state;
	assert_int_equal(reads("{\"kind\":\"dropped\",\"count\":7}"), 0);
	assert_true(line.kind == LINE_DROPPED && line.count == 7);
	assert_int_equal(reads("{\"kind\":\"lost\",\"count\":8}"), 0);
	assert_true(line.kind == LINE_DROPPED && line.count == 8);
	assert_int_equal(reads("{\"VSOCK_KIND\":\"dropped\",\"VSOCK_COUNT\":\"9\"}"), 0);
	assert_true(line.kind == LINE_DROPPED && line.count == 9);
}

/* A later version may say more: that is nothing that can be learned from. */
static void test_later_version(void **state)
{
	(void)state;
	assert_int_equal(reads("{\"kind\":\"ended\"}"), 0);
	assert_int_equal(line.kind, LINE_OTHER);
	assert_int_equal(reads("{\"kind\":\"refused\",\"reason\":\"whim\",\"verb\":\"connect\","
			       "\"origin\":{},\"target\":{}}"),
			 0);
	assert_int_equal(line.kind, LINE_EVENT);
	assert_int_equal(line.event.event.reason, REASON_UNKNOWN);
}

static void test_what_is_none(void **state)
{
	static const char *const bad[] = {
		"",
		"refused: connect from web",
		"[]",
		"{}",
		"{} {}",
		"{\"kind\":1}",
		"{\"kind\":\"refused\",\"origin\":{},\"target\":[]}",
		"{\"kind\":\"refused\",\"origin\":{},\"target\":{\"port\":-1}}",
		"{\"kind\":\"refused\",\"origin\":{},\"target\":{\"port\":4294967296}}",
		"{\"kind\":\"refused\",\"origin\":{},\"target\":{\"cid\":1.5}}",
		"{\"kind\":\"refused\",\"origin\":{\"identity\":\"x\"},\"target\":{}}",
		"{\"kind\":\"dropped\",\"count\":[]}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(reads(bad[i]), -EBADMSG);
}

/* A name that would end at a NUL is no name. */
static void test_words(void **state)
{
	(void)state;
	assert_int_equal(reads("{\"kind\":\"refused\",\"reason\":\"mode\",\"verb\":\"connect\","
			       "\"origin\":{\"namespace\":\"a\\u0000b\",\"policy\":7},"
			       "\"target\":{\"namespace\":\"\"}}"),
			 0);
	assert_null(line.event.origin);
	assert_null(line.event.origin_bound.policy);
	assert_null(line.event.target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_round_trip, end),
		cmocka_unit_test_teardown(test_accepted, end),
		cmocka_unit_test_teardown(test_ends, end),
		cmocka_unit_test_teardown(test_journal, end),
		cmocka_unit_test_teardown(test_counts, end),
		cmocka_unit_test_teardown(test_later_version, end),
		cmocka_unit_test_teardown(test_what_is_none, end),
		cmocka_unit_test_teardown(test_words, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
