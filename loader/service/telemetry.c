// SPDX-License-Identifier: GPL-2.0-only
#include "service/telemetry.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "events/counters.h"
#include "service/dropped.h"
#include "events/event-format.h"
#include "service/event-ring.h"
#include "kernel/netns-homes.h"
#include "service/journal.h"
#include "events/metrics.h"
#include "layer/pins.h"
#include "lib/log.h"

#define SECOND 1000000ULL

/* After an event it is looked whether more were dropped. */
#define LOOK_USEC SECOND

/* One part in so many of the time is spent on finding out where namespaces are. */
#define HOMES_SHARE 20

struct observer {
	struct observer_needs needs;
	struct hub *hub; /* NULL while another service has the socket: then that one tells */
	struct events *events;
	sd_event_source *ring;
	struct drops drops;
	int counters;		 /* map */
	struct dropped *dropped; /* found by a look, and not told yet */
	size_t collected;
	struct names homes; /* of namespaces without names, as they were a moment ago */
	__u64 homes_due;    /* before that they are not looked for again */
	sd_event_source *look;
	const struct config *config;
	sd_event_source *metrics;
	int metrics_error; /* the last one, so that each is told once */
};

/* --- One event --- */

static const char *find_name(const struct observer *observer, netns_id id)
{
	return names_find(names_watch_names(observer->needs.names), id);
}

static __u64 now_usec(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec / 1000;
}

/* Whoever is refused often, from many namespaces, must not have us look all the time. */
static void load_homes(struct observer *observer)
{
	__u64 begin = now_usec();

	if (begin < observer->homes_due)
		return;
	names_free(&observer->homes);
	homes_load(&observer->homes);
	observer->homes_due = begin + SECOND + HOMES_SHARE * (now_usec() - begin);
}

static const char *find_home(struct observer *observer, netns_id id, const char *name)
{
	if (name || id == NETNS_NONE || id == NETNS_UNKNOWN)
		return NULL;
	load_homes(observer);
	return names_find(&observer->homes, id);
}

/* To those who follow; what makes the line is not called if there are none. */
static void tell(struct observer *observer, struct json_object *object)
{
	hub_tell(observer->hub, json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED));
	json_object_put(object);
}

static bool is_followed(const struct observer *observer)
{
	return observer->hub && hub_has_followers(observer->hub);
}

static void look_soon(struct observer *observer);

static void on_event(const struct event *event, void *arg)
{
	struct observer *observer = arg;
	struct told told = { .event = *event };

	/* Not for people. */
	if (event->kind == EVENT_NEW_NETNS) {
		observer->needs.made(observer->needs.arg);
		return;
	}
	told.origin = find_name(observer, event->origin.netns);
	told.target = find_name(observer, event->target.netns);
	told.origin_home = find_home(observer, event->origin.netns, told.origin);
	told.target_home = find_home(observer, event->target.netns, told.target);
	journal_event(&told);
	if (is_followed(observer))
		tell(observer, event_json(&told));
	drops_note(&observer->drops, event->origin.netns);
	look_soon(observer);
}

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct observer *observer = arg;

	(void)source;
	(void)fd;
	(void)events;
	events_read(observer->events);
	return 0;
}

/* --- Those that were dropped --- */

static int read_dropped(netns_id id, __u64 *dropped, void *arg)
{
	const struct observer *observer = arg;
	struct counters counters;

	if (bpf_map_lookup_elem(observer->counters, &id, &counters))
		return -errno;
	*dropped = counters.dropped;
	return 0;
}

static void tell_dropped(struct observer *observer, const struct dropped *dropped)
{
	journal_dropped(dropped);
	if (is_followed(observer))
		tell(observer, dropped_json(dropped));
}

static __u64 tenant_of(const struct observer *observer, netns_id id)
{
	struct counters counters;

	return bpf_map_lookup_elem(observer->counters, &id, &counters) ? 0 : counters.tenant;
}

static struct dropped *dropped_of(struct observer *observer, __u64 tenant)
{
	size_t i;

	for (i = 0; tenant && i < observer->collected; i++)
		if (observer->dropped[i].tenant == tenant)
			return &observer->dropped[i];
	observer->dropped = reallocarray(observer->dropped, observer->collected + 1,
					 sizeof(*observer->dropped));
	if (!observer->dropped)
		abort();
	observer->dropped[observer->collected] = (struct dropped){ .tenant = tenant };
	return &observer->dropped[observer->collected++];
}

/* A line for each tenant, who can have as many namespaces as he likes. */
static void on_dropped(netns_id id, __u64 count, void *arg)
{
	struct observer *observer = arg;
	struct dropped *dropped = dropped_of(observer, tenant_of(observer, id));

	dropped->netns = id;
	dropped->name = find_name(observer, id);
	dropped->count += count;
	dropped->namespaces++;
}

static bool look_for_dropped(struct observer *observer)
{
	bool again = drops_look(&observer->drops, on_dropped, observer);
	size_t i;

	for (i = 0; i < observer->collected; i++)
		tell_dropped(observer, &observer->dropped[i]);
	free(observer->dropped);
	observer->dropped = NULL;
	observer->collected = 0;
	return again;
}

static int on_look(sd_event_source *source, uint64_t now, void *arg)
{
	struct observer *observer = arg;

	(void)source;
	(void)now;
	observer->look = sd_event_source_disable_unref(observer->look);
	if (look_for_dropped(observer))
		look_soon(observer);
	return 0;
}

/* Not while nothing happens: there is no timer then. */
static void look_soon(struct observer *observer)
{
	if (!observer->look)
		sd_event_add_time_relative(observer->needs.event, &observer->look, CLOCK_MONOTONIC,
					   LOOK_USEC, 0, on_look, observer);
}

/* What was dropped before somebody listened is in the counters, and no news. */
static void start_drop(netns_id id, const struct counters *counters, void *arg)
{
	struct observer *observer = arg;

	if (counters->dropped)
		drops_start(&observer->drops, id, counters->dropped);
}

/* --- Metrics --- */

static int on_metrics(sd_event_source *source, uint64_t now, void *arg)
{
	struct observer *observer = arg;
	const struct config *config = observer->config;
	int ret =
		metrics_write_file(config->metrics_file, names_watch_names(observer->needs.names));

	(void)source;
	(void)now;
	if (ret && ret != observer->metrics_error)
		fail_errno(-ret, "%s", config->metrics_file);
	observer->metrics_error = ret;
	observer->metrics = sd_event_source_disable_unref(observer->metrics);
	ret = sd_event_add_time_relative(observer->needs.event, &observer->metrics, CLOCK_MONOTONIC,
					 config->metrics_sec * SECOND, 0, on_metrics, observer);
	/* Events come first in their turn, should it take longer to write than to wait. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(observer->metrics, SD_EVENT_PRIORITY_IDLE);
	return ret;
}

static void follow_config(struct observer *observer, const struct config *config)
{
	observer->metrics = sd_event_source_disable_unref(observer->metrics);
	observer->metrics_error = 0;
	observer->config = config;
	if (*config->metrics_file)
		on_metrics(NULL, 0, observer);
}

/* --- All of it --- */

struct observer *observer_start(const struct observer_needs *needs)
{
	struct observer *observer = calloc(1, sizeof(*observer));

	if (!observer) {
		fail_errno(ENOMEM, "events are not told");
		return NULL;
	}
	observer->counters = -1;
	observer->drops.read = read_dropped;
	observer->drops.arg = observer;
	observer->needs = *needs;
	return observer;
}

static void open_counters(struct observer *observer)
{
	if (observer->counters >= 0)
		close(observer->counters);
	observer->counters = pin_open_map(PIN_COUNTERS);
	drops_free(&observer->drops);
	counters_each(start_drop, observer);
}

static void follow_ring(struct observer *observer)
{
	struct events *before = observer->events;
	int ret;

	ret = events_follow(&observer->events, on_event, observer);
	if (ret && ret != -ENOENT)
		fail_errno(-ret, "events are not told");
	if (ret || observer->events == before)
		return;
	observer->ring = sd_event_source_disable_unref(observer->ring);
	open_counters(observer);
	ret = sd_event_add_io(observer->needs.event, &observer->ring, events_fd(observer->events),
			      EPOLLIN, on_ring, observer);
	/* After what there is to learn of names, which events are told with. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(observer->ring, SD_EVENT_PRIORITY_IDLE);
	if (ret < 0)
		fail_errno(-ret, "events are not told");
}

void observer_follow(struct observer *observer, const struct config *config)
{
	if (!observer)
		return;
	if (!observer->hub && hub_open(&observer->hub, observer->needs.event, observer->needs.words,
				       observer->needs.arg))
		return;
	follow_ring(observer);
	follow_config(observer, config);
}

void observer_stop(struct observer *observer)
{
	if (!observer)
		return;
	sd_event_source_disable_unref(observer->ring);
	sd_event_source_disable_unref(observer->look);
	sd_event_source_disable_unref(observer->metrics);
	events_close(observer->events);
	drops_free(&observer->drops);
	names_free(&observer->homes);
	if (observer->counters >= 0)
		close(observer->counters);
	hub_close(observer->hub);
	free(observer);
}
