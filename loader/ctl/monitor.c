// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl monitor: what is refused, as it happens; with --all also connections that were made. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/follow.h"
#include "events/event-format.h"
#include "kernel/netns.h"
#include "lib/clock.h"
#include "lib/text-table.h"

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

/* Names as people give them fit; longer ones push what follows. The time is local. */
#define LINE "%-19.19s  %-8s  %-7s  %-7s  %-22s  %-22s  %10s  %s\n"

#define ACCEPTED "accepted"

struct view {
	bool json, colour;
	bool all;      /* connections that were made, too */
	netns_id only; /* events of this namespace alone; 0: of all */
};

/* --- What a line says --- */

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(get(object, key)) ?: "-";
}

static bool is_of(struct json_object *event, const char *side, netns_id id)
{
	struct json_object *identity = get(get(event, side), "identity");

	return identity && json_object_get_uint64(identity) == id;
}

/* What was lost may have been anybody's. */
static bool is_wanted(const struct view *view, struct json_object *event)
{
	if (!view->all && !strcmp(text_of(event, "kind"), ACCEPTED))
		return false;
	if (!view->only || !strcmp(text_of(event, "kind"), "lost"))
		return true;
	return is_of(event, "origin", view->only) || is_of(event, "target", view->only);
}

static const char *colour_of(const struct view *view, const char *kind)
{
	if (!view->colour)
		return "";
	if (!strcmp(kind, "refused") || !strcmp(kind, "sealed"))
		return RED;
	return strcmp(kind, ACCEPTED) ? YELLOW : GREEN;
}

static const char *namespace_of(struct json_object *end)
{
	const char *name = json_object_get_string(get(end, "namespace"));

	if (!name)
		name = json_object_get_string(get(end, "known_as"));
	if (name)
		return name;
	if (get(end, "identity"))
		return text_of(end, "identity");
	return text_of(end, "place");
}

/* "web", "guest 42 of web", "guest vm1 (42) of web". */
static void set_end(char *word, size_t size, struct json_object *end)
{
	if (get(end, "guest"))
		snprintf(word, size, "guest %s (%s) of %s", text_of(end, "guest"),
			 text_of(end, "cid"), namespace_of(end));
	else if (get(end, "cid"))
		snprintf(word, size, "guest %s of %s", text_of(end, "cid"), namespace_of(end));
	else
		snprintf(word, size, "%s", namespace_of(end));
}

static struct traffic traffic_of(struct json_object *event)
{
	struct json_object *sent = get(event, "bytes_sent");

	return (struct traffic){
		.lasted = json_object_get_uint64(get(event, "lasted_ms")) * NSEC_PER_MSEC,
		.counted = sent ? YES : NO,
		.sent = json_object_get_uint64(sent),
		.received = json_object_get_uint64(get(event, "bytes_received")),
	};
}

/* The process that called; for a connection that was made, how long it lasted and its bytes. */
static void set_details(char *word, size_t size, struct json_object *event, const char *kind)
{
	struct traffic traffic = traffic_of(event);

	if (!strcmp(kind, ACCEPTED))
		traffic_text(word, &traffic);
	else if (get(event, "pid"))
		snprintf(word, size, "%s[%s]", text_of(event, "process"), text_of(event, "pid"));
	else
		snprintf(word, size, "-");
}

static void print_event(const struct view *view, struct json_object *event, const char *kind)
{
	char origin[450], target[450], details[TRAFFIC_TEXT_SIZE];

	set_end(origin, sizeof(origin), get(event, "origin"));
	set_end(target, sizeof(target), get(event, "target"));
	set_details(details, sizeof(details), event, kind);
	fputs(colour_of(view, kind), stdout);
	printf(LINE, text_of(event, "time"), kind, text_of(event, "verb"), text_of(event, "reason"),
	       origin, target, text_of(get(event, "target"), "port"), details);
}

static void print_line(const struct view *view, struct json_object *event, const char *line)
{
	const char *kind = text_of(event, "kind");

	if (view->json) {
		puts(line);
		return;
	}
	if (get(event, "origin") && get(event, "target")) {
		print_event(view, event, kind);
	} else {
		fputs(colour_of(view, kind), stdout);
		puts(text_of(event, "message"));
	}
	if (view->colour)
		fputs(PLAIN, stdout);
}

/* --- Following --- */

/* False once nobody reads what is printed. */
static bool show(char *line, size_t size, void *arg)
{
	const struct view *view = arg;
	struct json_object *event = json_tokener_parse(line);

	if (event && is_wanted(view, event))
		print_line(view, event, line);
	json_object_put(event);
	return !fflush(stdout);
}

static int choose(struct view *view, const char *what)
{
	struct netns ns;
	int ret;

	if (!what)
		return 0;
	ret = netns_open(&ns, what);
	if (ret)
		return ret;
	view->only = ns.id;
	netns_close(&ns);
	return 0;
}

static void print_head(void *arg)
{
	const struct view *view = arg;

	if (view->json)
		return;
	printf(LINE, "TIME", "KIND", "VERB", "REASON", "ORIGIN", "TARGET", "PORT",
	       view->all ? "DETAILS" : "PROCESS");
	fflush(stdout);
}

int command_monitor(const struct options *options, int argc, char **argv)
{
	struct view view = { .json = options->json, .colour = table_colour(), .all = options->all };
	struct follower follower = {
		.word = "monitor", .begin = print_head, .take = show, .arg = &view
	};
	int ret = choose(&view, options->netns);

	return ret ? ret : follow_service(&follower);
}
