// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever the programs tell, and however processes and namespaces are called, is a line that a
 * terminal takes for text, and a line of JSON that can be read.
 */
#include <json-c/json.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <string.h>

#include "events/event-format.h"
#include "fuzz.h"
#include "lib/printable.h"

#define NAME_SIZE 256

/* A name as file systems have them, or none. */
static const char *take_name(struct bytes *bytes, char name[NAME_SIZE])
{
	uint8_t length = take_byte(bytes);

	if (!length)
		return NULL;
	take_bytes(bytes, name, length);
	name[length] = '\0';
	return name;
}

static void check_text(const char *text)
{
	char copy[EVENT_TEXT_SIZE];

	check(memchr(text, 0, EVENT_TEXT_SIZE) && *text);
	printable(copy, sizeof(copy), text, EVENT_TEXT_SIZE);
	check(!strcmp(copy, text));
}

static void check_json(struct json_object *object)
{
	const char *line = json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED);
	struct json_object *again, *message;

	check(!strchr(line, '\n'));
	again = json_tokener_parse(line);
	check(again && json_object_object_get_ex(again, "message", &message) &&
	      json_object_equal(object, again));
	check_text(json_object_get_string(message));
	json_object_put(again);
	json_object_put(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char origin[NAME_SIZE], target[NAME_SIZE], homes[2][NAME_SIZE], text[EVENT_TEXT_SIZE];
	struct dropped_events dropped = {};
	struct named_event named = {};

	take_bytes(&bytes, &named.event, sizeof(named.event));
	take_bytes(&bytes, &named.traffic, sizeof(named.traffic));
	named.origin = take_name(&bytes, origin);
	named.target = take_name(&bytes, target);
	named.origin_home = take_name(&bytes, homes[0]);
	named.target_home = take_name(&bytes, homes[1]);
	event_text(text, &named);
	check_text(text);
	check_json(event_json(&named));
	dropped.netns = named.event.origin.netns;
	dropped.name = named.origin;
	dropped.count = named.event.time;
	dropped.namespaces = named.event.pid;
	dropped.tenant = named.event.target.netns;
	event_dropped_text(text, &dropped);
	check_text(text);
	check_json(event_dropped_json(&dropped));
	return 0;
}
