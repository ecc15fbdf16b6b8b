// SPDX-License-Identifier: GPL-2.0-only
#include "events/event-format.h"

#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/array.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/printable.h"

static const char *const kinds[] = {
	[EVENT_REFUSED] = "refused", [EVENT_AUDITED] = "audited",   [EVENT_SEALED] = "sealed",
	[EVENT_NEW_NETNS] = "made",  [EVENT_ACCEPTED] = "accepted",
};

static const char *const reasons[] = {
	[PERMITTED] = "permitted", [REASON_MODE] = "mode",   [REASON_RULE] = "rule",
	[REASON_BIND] = "bind",	   [REASON_GUEST] = "guest", [REASON_UNKNOWN] = "unknown",
	[REASON_PORT] = "port",	   [REASON_HELD] = "held",
};

static const char *const verbs[] = {
	[CONNECT] = "connect",
	[ACCEPT] = "accept",
	[BIND] = "bind",
	[GUEST] = "guest",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind < ARRAY_SIZE(kinds) ? kinds[kind] : NULL;
}

const char *event_reason_name(enum reason reason)
{
	return reason < ARRAY_SIZE(reasons) ? reasons[reason] : NULL;
}

const char *event_verb_name(enum rule_verb verb)
{
	return verb < ARRAY_SIZE(verbs) ? verbs[verb] : NULL;
}

void netns_word(char word[NETNS_WORD_SIZE], netns_id id, const char *name)
{
	if (name)
		printable(word, NETNS_WORD_SIZE, name, NETNS_WORD_SIZE);
	else if (id == NETNS_NONE)
		snprintf(word, NETNS_WORD_SIZE, "(outside)");
	else if (id == NETNS_UNKNOWN)
		snprintf(word, NETNS_WORD_SIZE, "(unknown)");
	else
		snprintf(word, NETNS_WORD_SIZE, "namespace %llu", id);
}

void time_word(char word[TIME_WORD_SIZE], const char *format, __u64 boot_time)
{
	time_t at =
		(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) + boot_time) / NSEC_PER_SEC;
	struct tm local;

	if (!localtime_r(&at, &local) || !strftime(word, TIME_WORD_SIZE, format, &local))
		*word = '\0';
}

void guest_word(char word[GUEST_WORD_SIZE], __u32 cid, const char *name)
{
	char plain[GUEST_NAME_SIZE];

	if (!name) {
		snprintf(word, GUEST_WORD_SIZE, "guest %u", cid);
		return;
	}
	printable(plain, sizeof(plain), name, sizeof(plain));
	snprintf(word, GUEST_WORD_SIZE, "guest %s (%u)", plain, cid);
}

/* "guest web (42) of pod1", "the host", "web". */
static void put_end(FILE *out, const struct end *end, const char *name, const char *guest)
{
	char word[NETNS_WORD_SIZE], guest_part[GUEST_WORD_SIZE];

	netns_word(word, end->netns, name);
	guest_word(guest_part, end->cid, guest);
	if (end->cid == VMADDR_CID_HOST)
		fputs("the host of this machine", out);
	else if (end->cid)
		fprintf(out, "%s of %s", guest_part, word);
	else
		fputs(word, out);
}

static void put_process(FILE *out, const struct event *event)
{
	char comm[sizeof(event->comm) + 1];

	printable(comm, sizeof(comm), event->comm, sizeof(event->comm));
	if (event->pid)
		fprintf(out, " (%s, pid %u)", comm, event->pid);
}

/* A port is refused at bind(), or when a connect reaches a socket that holds it nevertheless. */
static bool is_bind(const struct event *event)
{
	return event->verb == BIND && !event->origin.port;
}

static const char *reason_text(const struct event *event)
{
	if (event->kind == EVENT_SEALED)
		return "the peer that answered is one it may not talk to";
	switch (event->reason) {
	case REASON_MODE:
		return "one end is local and the other is in another namespace";
	case REASON_RULE:
		return event->verb == ACCEPT ? "a rule of the peer's policy"
					     : "a rule of its own policy";
	case REASON_BIND:
		return is_bind(event) ? "a rule of its policy"
				      : "a rule against listeners at this port";
	case REASON_GUEST:
		return "a rule against guests with this CID";
	case REASON_UNKNOWN:
		return "an end could not be identified";
	case REASON_PORT:
		return "another socket would get the answer";
	case REASON_HELD:
		return event->verb == ACCEPT ? "the peer is new and its policy is not known yet"
					     : "it is new and its policy is not known yet";
	default:
		return "no reason known";
	}
}

static void put_what(FILE *out, const struct named_event *named)
{
	const struct event *event = &named->event;

	fputs(is_bind(event) ? "bind in " : "connect from ", out);
	put_end(out, &event->origin, named->origin ?: named->origin_home, named->origin_guest);
	put_process(out, event);
	fputs(" to ", out);
	if (!is_bind(event)) {
		put_end(out, &event->target, named->target ?: named->target_home,
			named->target_guest);
		fputc(' ', out);
	}
	fprintf(out, "port %u", event->target.port);
}

void traffic_text(char text[TRAFFIC_TEXT_SIZE], const struct traffic *traffic)
{
	int length =
		snprintf(text, TRAFFIC_TEXT_SIZE, "%llu.%03llu s", traffic->lasted / NSEC_PER_SEC,
			 traffic->lasted % NSEC_PER_SEC / NSEC_PER_MSEC);

	if (traffic->counted == YES)
		snprintf(text + length, TRAFFIC_TEXT_SIZE - length, ", %u bytes sent, %u received",
			 traffic->sent, traffic->received);
}

static void put_traffic(FILE *out, const struct traffic *traffic)
{
	char text[TRAFFIC_TEXT_SIZE];

	traffic_text(text, traffic);
	fprintf(out, ": lasted %s", text);
}

/* A port that is held is said with its holder; what stands there of itself is of an older layer. */
static void put_reason(FILE *out, const struct named_event *named)
{
	const struct event *event = &named->event;
	const struct end *holder = &event->target;

	if (event->reason != REASON_PORT || !is_bind(event)) {
		fprintf(out, ": %s", reason_text(event));
		return;
	}
	fputs(": the port is held by ", out);
	if (holder->netns == NETNS_UNKNOWN || holder->netns == event->origin.netns)
		fputs("another namespace", out);
	else
		put_end(out, holder, named->target ?: named->target_home, NULL);
}

void event_text(char text[EVENT_TEXT_SIZE], const struct named_event *named)
{
	const char *kind = event_kind_name(named->event.kind);
	FILE *out = fmemopen(text, EVENT_TEXT_SIZE, "w");

	*text = '\0';
	if (!out)
		return;
	fprintf(out, "%s: ", kind ?: "?");
	put_what(out, named);
	if (named->event.kind == EVENT_ACCEPTED)
		put_traffic(out, &named->traffic);
	else
		put_reason(out, named);
	fclose(out);
	text[EVENT_TEXT_SIZE - 1] = '\0';
}

static void dropped_of_tenant(char text[EVENT_TEXT_SIZE], const struct dropped_events *dropped)
{
	const char *who = dropped->tenant & TENANT_USER ? "user" : "user namespace";

	snprintf(text, EVENT_TEXT_SIZE,
		 "dropped: %llu events of %zu namespaces of %s %u, which are counted but not "
		 "reported",
		 dropped->count, dropped->namespaces, who, (__u32)dropped->tenant);
}

void event_dropped_text(char text[EVENT_TEXT_SIZE], const struct dropped_events *dropped)
{
	char word[NETNS_WORD_SIZE];

	if (dropped->namespaces > 1) {
		dropped_of_tenant(text, dropped);
		return;
	}
	netns_word(word, dropped->netns, dropped->name);
	snprintf(text, EVENT_TEXT_SIZE,
		 "dropped: %llu events of %s, which are counted but not reported", dropped->count,
		 word);
}

static const char *place_name(netns_id id)
{
	if (id == NETNS_NONE)
		return "outside";
	return id == NETNS_UNKNOWN ? "unknown" : "namespace";
}

static struct json_object *netns_json(netns_id id, const char *name)
{
	struct json_object *object = json_object_new_object();
	char word[NETNS_WORD_SIZE];

	json_add_text(object, "place", place_name(id));
	netns_word(word, id, name);
	json_add_text(object, "namespace", name ? word : NULL);
	json_add_number_if(object, "identity", id, id != NETNS_NONE && id != NETNS_UNKNOWN);
	return object;
}

void add_known_as(struct json_object *object, const char *home)
{
	char word[NETNS_WORD_SIZE];

	if (home)
		printable(word, sizeof(word), home, sizeof(word));
	json_add_text(object, "known_as", home ? word : NULL);
}

static void add_guest(struct json_object *object, const char *guest)
{
	char plain[GUEST_NAME_SIZE];

	if (guest)
		printable(plain, sizeof(plain), guest, sizeof(plain));
	json_add_text(object, "guest", guest ? plain : NULL);
}

static void add_bound(struct json_object *object, const struct bound_end *bound)
{
	char word[NETNS_WORD_SIZE];

	if (bound->policy)
		printable(word, sizeof(word), bound->policy, sizeof(word));
	json_add_text(object, "policy", bound->policy ? word : NULL);
	json_add_text(object, "mode", bound->mode);
}

static struct json_object *end_json(const struct end *end, const char *name, const char *home,
				    const char *guest, const struct bound_end *bound)
{
	struct json_object *object = netns_json(end->netns, name);

	add_known_as(object, name ? NULL : home);
	add_bound(object, bound);
	json_add_number_if(object, "cid", end->cid, end->cid);
	add_guest(object, guest);
	json_add_number_if(object, "port", end->port, end->port);
	return object;
}

static void add_time(struct json_object *object, __u64 boot_time)
{
	char word[TIME_WORD_SIZE];

	time_word(word, "%FT%T%z", boot_time);
	json_add_text(object, "time", word);
}

/* Of a connection that was made; others have no such keys. */
static void add_traffic(struct json_object *object, const struct traffic *traffic)
{
	bool counted = traffic->counted == YES;

	json_add_number(object, "lasted_ms", traffic->lasted / NSEC_PER_MSEC);
	json_add_number_if(object, "bytes_sent", traffic->sent, counted);
	json_add_number_if(object, "bytes_received", traffic->received, counted);
}

struct json_object *event_json(const struct named_event *named)
{
	const struct event *event = &named->event;
	struct json_object *object = json_object_new_object();
	char comm[sizeof(event->comm) + 1], text[EVENT_TEXT_SIZE];

	add_time(object, event->time);
	json_add_text(object, "kind", event_kind_name(event->kind));
	json_add_text(object, "reason", event_reason_name(event->reason));
	json_add_text(object, "verb", event_verb_name(event->verb));
	json_object_object_add(object, "origin",
			       end_json(&event->origin, named->origin, named->origin_home,
					named->origin_guest, &named->origin_bound));
	json_object_object_add(object, "target",
			       end_json(&event->target, named->target, named->target_home,
					named->target_guest, &named->target_bound));
	json_add_number_if(object, "pid", event->pid, event->pid);
	printable(comm, sizeof(comm), event->comm, sizeof(event->comm));
	json_add_text(object, "process", event->pid ? comm : NULL);
	if (event->kind == EVENT_ACCEPTED)
		add_traffic(object, &named->traffic);
	event_text(text, named);
	json_add_text(object, "message", text);
	return object;
}

struct json_object *event_dropped_json(const struct dropped_events *dropped)
{
	struct json_object *object = json_object_new_object();
	char text[EVENT_TEXT_SIZE];

	json_add_text(object, "kind", "dropped");
	json_object_object_add(object, "origin",
			       dropped->namespaces > 1 ? NULL
						       : netns_json(dropped->netns, dropped->name));
	json_add_number_if(object, "count", dropped->count, true);
	json_add_number_if(object, "namespaces", dropped->namespaces, dropped->namespaces > 1);
	json_add_number_if(object, "user", (__u32)dropped->tenant, dropped->tenant & TENANT_USER);
	event_dropped_text(text, dropped);
	json_add_text(object, "message", text);
	return object;
}
