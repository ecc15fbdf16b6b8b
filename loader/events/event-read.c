// SPDX-License-Identifier: GPL-2.0-only
/*
 * Foreign input: whoever can write to the file chose each value. The two forms have the same
 * values under other keys; the journal's are all texts.
 */
#include "events/event-read.h"

#include <errno.h>
#include <json-c/json.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json-input.h"

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

/* NULL where there is none, or what is there is no text; "" counts as none. */
static const char *text_at(struct json_object *object, const char *key)
{
	struct json_object *value = get(object, key);

	if (!json_is_word(value) || !json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}

static bool parse_digits(const char *text, __u64 *number)
{
	char *end;

	if (!text || !*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno;
}

/* A number, or digits as text. False if it is neither, or too large; 0 where there is none. */
static bool number_at(struct json_object *object, const char *key, __u64 most, __u64 *number)
{
	struct json_object *value = get(object, key);

	*number = 0;
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_string))
		return false;
	return parse_digits(json_object_get_string(value), number) && *number <= most;
}

static bool take_end_numbers(struct json_object *object, const char *identity, const char *cid,
			     struct end *end)
{
	__u64 netns, number;

	if (!number_at(object, identity, ~0ULL, &netns) ||
	    !number_at(object, cid, VMADDR_CID_ANY, &number))
		return false;
	end->netns = netns;
	end->cid = number;
	return true;
}

/* Without an identity it is the host, if that is said, or else nobody knows. */
static void settle(struct end *end, bool is_outside)
{
	if (end->netns == NETNS_NONE && !is_outside)
		end->netns = NETNS_UNKNOWN;
}

static bool take_end(struct json_object *event, const char *side, struct end *end,
		     const char **name, struct bound_end *bound)
{
	struct json_object *object = get(event, side);
	const char *place;
	__u64 port;

	if (!json_object_is_type(object, json_type_object) ||
	    !take_end_numbers(object, "identity", "cid", end) ||
	    !number_at(object, "port", VMADDR_PORT_ANY, &port))
		return false;
	end->port = port;
	place = text_at(object, "place");
	settle(end, place && !strcmp(place, "outside"));
	*name = text_at(object, "namespace");
	bound->policy = text_at(object, "policy");
	bound->mode = text_at(object, "mode");
	return true;
}

/* VSOCK_ORIGIN_NAME, say. */
static const char *field_at(struct json_object *entry, const char *side, const char *key)
{
	char name[64];

	snprintf(name, sizeof(name), "VSOCK_%s_%s", side, key);
	return text_at(entry, name);
}

static bool take_journal_end(struct json_object *entry, const char *side, struct end *end,
			     const char **name, struct bound_end *bound)
{
	char identity[64], cid[64];

	snprintf(identity, sizeof(identity), "VSOCK_%s_NETNS", side);
	snprintf(cid, sizeof(cid), "VSOCK_%s_CID", side);
	if (!take_end_numbers(entry, identity, cid, end))
		return false;
	settle(end, end->cid == VMADDR_CID_HOST);
	*name = field_at(entry, side, "NAME");
	bound->policy = field_at(entry, side, "POLICY");
	bound->mode = field_at(entry, side, "MODE");
	return true;
}

/* Place of the word among those that name_of() has, or -1. */
static int find_word(const char *word, const char *(*name_of)(unsigned int), unsigned int count)
{
	unsigned int i;

	for (i = 0; word && i < count; i++)
		if (!strcmp(word, name_of(i)))
			return i;
	return -1;
}

static const char *kind_at(unsigned int i)
{
	return event_kind_name(i);
}

static const char *reason_at(unsigned int i)
{
	return event_reason_name(i);
}

static const char *verb_at(unsigned int i)
{
	return event_verb_name(i);
}

/* A reason or verb of a later version is one of which nothing is known. */
static bool take_words(struct event *event, const char *kind, const char *reason, const char *verb)
{
	int found = find_word(kind, kind_at, EVENT_ACCEPTED + 1);

	if (found < 0 || found == EVENT_NEW_NETNS)
		return false;
	event->kind = found;
	found = find_word(reason, reason_at, REASONS);
	event->reason = found < 0 ? REASON_UNKNOWN : found;
	found = find_word(verb, verb_at, GUEST + 1);
	event->verb = found < 0 ? GUEST : found;
	return true;
}

static bool take_count(struct read_line *line, const char *key)
{
	line->kind = LINE_DROPPED;
	return number_at(line->object, key, ~0ULL, &line->count);
}

static bool is_count(const char *kind)
{
	return !strcmp(kind, "dropped") || !strcmp(kind, "lost");
}

static bool take_journal(struct read_line *line)
{
	const char *kind = text_at(line->object, "VSOCK_KIND");
	struct named_event *named = &line->event;
	__u64 port;

	if (kind && is_count(kind))
		return take_count(line, "VSOCK_COUNT");
	if (!take_words(&named->event, kind, text_at(line->object, "VSOCK_REASON"),
			text_at(line->object, "VSOCK_VERB")))
		return true;
	line->kind = LINE_EVENT;
	if (!number_at(line->object, "VSOCK_PORT", VMADDR_PORT_ANY, &port))
		return false;
	if (!take_journal_end(line->object, "ORIGIN", &named->event.origin, &named->origin,
			      &named->origin_bound) ||
	    !take_journal_end(line->object, "TARGET", &named->event.target, &named->target,
			      &named->target_bound))
		return false;
	named->event.target.port = port;
	return true;
}

static bool take_monitor(struct read_line *line)
{
	const char *kind = text_at(line->object, "kind");
	struct named_event *named = &line->event;

	if (!kind)
		return false;
	if (is_count(kind))
		return take_count(line, "count");
	if (!take_words(&named->event, kind, text_at(line->object, "reason"),
			text_at(line->object, "verb")))
		return true;
	line->kind = LINE_EVENT;
	return take_end(line->object, "origin", &named->event.origin, &named->origin,
			&named->origin_bound) &&
	       take_end(line->object, "target", &named->event.target, &named->target,
			&named->target_bound);
}

/* An entry of the journal has such a field, whatever program wrote it. */
static bool is_journal(struct json_object *object)
{
	return get(object, "__CURSOR") || get(object, "VSOCK_KIND");
}

int event_read(struct read_line *line, const char *text, size_t size)
{
	bool good;

	*line = (struct read_line){ .kind = LINE_OTHER };
	if (json_parse(text, size, &line->object))
		return -EBADMSG;
	good = is_journal(line->object) ? take_journal(line) : take_monitor(line);
	return good ? 0 : -EBADMSG;
}

void event_read_free(struct read_line *line)
{
	json_object_put(line->object);
	line->object = NULL;
}
