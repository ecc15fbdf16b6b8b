/* SPDX-License-Identifier: GPL-2.0-only */
/* One event in words and as JSON. */
#ifndef EVENT_FORMAT_H
#define EVENT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/guest-name.h"
#include "vsock-bpfd.h"

struct json_object;

/* What the layer has for the namespace of an end: texts, or NULL where it is not known. */
struct bound_end {
	const char *policy; /* its name */
	const char *mode;   /* "local" if that or its policy says so, else "global" */
};

/* An event with the names of its namespaces, NULL for those that have none. */
struct named_event {
	struct event event;
	struct traffic traffic; /* of EVENT_ACCEPTED */
	const char *origin, *target;
	const char *origin_home, *target_home; /* kernel/netns-homes.h; NULL where none is known */
	const char *origin_guest, *target_guest; /* kernel/guest-name.h; the same */
	struct bound_end origin_bound, target_bound;
};

/* Events of one origin that were dropped since it was last looked at. */
struct dropped_events {
	netns_id netns;
	const char *name;
	__u64 count;
	size_t namespaces; /* more than one: of a tenant that made so many, and `netns` is one */
	__u64 tenant;
};

/* "refused", "mode", "connect": NULL beyond the enums. */
const char *event_kind_name(enum event_kind kind);
const char *event_reason_name(enum reason reason);
const char *event_verb_name(enum rule_verb verb);

/* A sentence without its full stop, printable. */
#define EVENT_TEXT_SIZE 1536
void event_text(char text[EVENT_TEXT_SIZE], const struct named_event *named);
void event_dropped_text(char text[EVENT_TEXT_SIZE], const struct dropped_events *dropped);

/* "1.204 s", and "1.204 s, 10 bytes sent, 20 received" where bytes are counted. */
#define TRAFFIC_TEXT_SIZE 96
void traffic_text(char text[TRAFFIC_TEXT_SIZE], const struct traffic *traffic);

/* Objects with the keys of vsockctl(8). */
struct json_object *event_json(const struct named_event *named);
struct json_object *event_dropped_json(const struct dropped_events *dropped);

/* The key *known_as* of a namespace without a name. */
void add_known_as(struct json_object *object, const char *home);

/* A word for a namespace, also for one without a name, and for an end that is not a namespace. */
#define NETNS_WORD_SIZE 264
void netns_word(char word[NETNS_WORD_SIZE], netns_id id, const char *name);

/* "guest web (42)", or "guest 42" without a name. */
#define GUEST_WORD_SIZE (GUEST_NAME_SIZE + 24)
void guest_word(char word[GUEST_WORD_SIZE], __u32 cid, const char *name);

/* From nanoseconds of CLOCK_BOOTTIME to the time of day, "%F %T" or so. */
#define TIME_WORD_SIZE 40
void time_word(char word[TIME_WORD_SIZE], const char *format, __u64 boot_time);

#endif
