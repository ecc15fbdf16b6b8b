// SPDX-License-Identifier: GPL-2.0-only
#include "service/telemetry.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "events/counters.h"
#include "events/event-format.h"
#include "events/metrics.h"
#include "kernel/netns-homes.h"
#include "kernel/process.h"
#include "layer/guests.h"
#include "layer/pins.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/pace.h"
#include "service/bound-ends.h"
#include "service/dropped.h"
#include "service/event-ring.h"
#include "service/journal.h"
#include "service/metrics-server.h"

/* After an event it is looked whether more were dropped. */
#define LOOK_USEC USEC_PER_SEC

struct telemetry {
	struct telemetry_needs needs;
	struct control_server
		*server; /* NULL while another service has the socket: then that one tells */
	struct event_ring *events;
	sd_event_source *ring;
	struct dropped_list drops;
	int counters;			/* map */
	struct dropped_events *dropped; /* found by a look, and not reported yet */
	size_t collected;
	struct netns_names homes; /* of namespaces without names, as they were a moment ago */
	struct pace homes_pace;
	struct guest_list guests; /* the same of guests */
	struct pace guests_pace;
	int guests_error; /* the last one, so that each is reported once */
	struct bound_ends bound;
	sd_event_source *look;
	const struct config *config;
	sd_event_source *metrics;
	int metrics_error; /* the last one, so that each is reported once */
	struct metrics_server *listening;
};

/* --- One event --- */

static const char *find_name(const struct telemetry *telemetry, netns_id id)
{
	return netns_names_find(names_watch_names(telemetry->needs.names), id);
}

/* Whoever is refused often, from many namespaces, must not have us look all the time. */
static void load_homes(struct telemetry *telemetry)
{
	if (!pace_begin(&telemetry->homes_pace))
		return;
	netns_names_free(&telemetry->homes);
	netns_homes_load(&telemetry->homes);
	pace_end(&telemetry->homes_pace);
}

static const char *find_home(struct telemetry *telemetry, netns_id id, const char *name)
{
	if (name || id == NETNS_NONE || id == NETNS_UNKNOWN)
		return NULL;
	load_homes(telemetry);
	return netns_names_find(&telemetry->homes, id);
}

static void load_guests(struct telemetry *telemetry)
{
	int ret;

	if (!pace_begin(&telemetry->guests_pace))
		return;
	ret = guests_read(&telemetry->guests);
	if (ret && ret != telemetry->guests_error)
		log_errno(-ret, "names of guests are not known");
	telemetry->guests_error = ret;
	pace_end(&telemetry->guests_pace);
}

static bool is_guest(const struct end *end)
{
	return end->cid && end->cid != VMADDR_CID_HOST;
}

/* Not a later guest, which has the CID by now. */
static const char *find_guest(const struct telemetry *telemetry, const struct end *end, __u64 time)
{
	const struct known_guest *guest =
		is_guest(end) ? guests_find(&telemetry->guests, end->cid) : NULL;

	return guest && guest->tick <= process_tick(time) ? guest->name.text : NULL;
}

/* One without a name may be new. Both at once, as a look moves the names of the last one. */
static void know_guests(struct telemetry *telemetry, const struct event *event)
{
	if ((is_guest(&event->origin) && !find_guest(telemetry, &event->origin, event->time)) ||
	    (is_guest(&event->target) && !find_guest(telemetry, &event->target, event->time)))
		load_guests(telemetry);
}

/* To all followers; callers make the object only if there are some. */
static void tell(struct telemetry *telemetry, struct json_object *object)
{
	control_server_tell(telemetry->server,
			    json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED));
	json_object_put(object);
}

static bool is_followed(const struct telemetry *telemetry)
{
	return telemetry->server && control_server_has_followers(telemetry->server);
}

static void look_soon(struct telemetry *telemetry);

static void name_ends(struct telemetry *telemetry, struct named_event *named)
{
	const struct event *event = &named->event;

	named->origin = find_name(telemetry, event->origin.netns);
	named->target = find_name(telemetry, event->target.netns);
	named->origin_home = find_home(telemetry, event->origin.netns, named->origin);
	named->target_home = find_home(telemetry, event->target.netns, named->target);
	bound_ends_refresh(&telemetry->bound);
	named->origin_bound = bound_ends_find(&telemetry->bound, &event->origin);
	named->target_bound = bound_ends_find(&telemetry->bound, &event->target);
	know_guests(telemetry, event);
	named->origin_guest = find_guest(telemetry, &event->origin, event->time);
	named->target_guest = find_guest(telemetry, &event->target, event->time);
}

static void on_event(const struct event *event, const struct traffic *traffic, void *arg)
{
	struct telemetry *telemetry = arg;
	struct named_event named = { .event = *event, .traffic = *traffic };

	/* Not for people. */
	if (event->kind == EVENT_NEW_NETNS) {
		telemetry->needs.made(telemetry->needs.arg);
		return;
	}
	name_ends(telemetry, &named);
	journal_event(&named);
	if (is_followed(telemetry))
		tell(telemetry, event_json(&named));
	dropped_note(&telemetry->drops, event->origin.netns);
	look_soon(telemetry);
}

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct telemetry *telemetry = arg;

	event_ring_read(telemetry->events);
	return 0;
}

/* --- Those that were dropped --- */

static int read_dropped(netns_id id, __u64 *dropped, void *arg)
{
	const struct telemetry *telemetry = arg;
	struct counters counters;

	if (bpf_map_lookup_elem(telemetry->counters, &id, &counters))
		return -errno;
	*dropped = counters.dropped;
	return 0;
}

static void tell_dropped(struct telemetry *telemetry, const struct dropped_events *dropped)
{
	journal_dropped(dropped);
	if (is_followed(telemetry))
		tell(telemetry, event_dropped_json(dropped));
}

static __u64 tenant_of(const struct telemetry *telemetry, netns_id id)
{
	struct counters counters;

	return bpf_map_lookup_elem(telemetry->counters, &id, &counters) ? 0 : counters.tenant;
}

static struct dropped_events *dropped_of(struct telemetry *telemetry, __u64 tenant)
{
	size_t i;

	for (i = 0; tenant && i < telemetry->collected; i++)
		if (telemetry->dropped[i].tenant == tenant)
			return &telemetry->dropped[i];
	telemetry->dropped = memory_checked(reallocarray(
		telemetry->dropped, telemetry->collected + 1, sizeof(*telemetry->dropped)));
	telemetry->dropped[telemetry->collected] = (struct dropped_events){ .tenant = tenant };
	return &telemetry->dropped[telemetry->collected++];
}

/* One line for each tenant, as a tenant can have any number of namespaces. */
static void on_dropped(netns_id id, __u64 count, void *arg)
{
	struct telemetry *telemetry = arg;
	struct dropped_events *dropped = dropped_of(telemetry, tenant_of(telemetry, id));

	dropped->netns = id;
	dropped->name = find_name(telemetry, id);
	dropped->count += count;
	dropped->namespaces++;
}

static bool look_for_dropped(struct telemetry *telemetry)
{
	bool again = dropped_look(&telemetry->drops, on_dropped, telemetry);
	size_t i;

	for (i = 0; i < telemetry->collected; i++)
		tell_dropped(telemetry, &telemetry->dropped[i]);
	free(telemetry->dropped);
	telemetry->dropped = NULL;
	telemetry->collected = 0;
	return again;
}

static int on_look(sd_event_source *source, uint64_t now, void *arg)
{
	struct telemetry *telemetry = arg;

	telemetry->look = sd_event_source_disable_unref(telemetry->look);
	if (look_for_dropped(telemetry))
		look_soon(telemetry);
	return 0;
}

/* Not while nothing happens: there is no timer then. */
static void look_soon(struct telemetry *telemetry)
{
	if (!telemetry->look)
		sd_event_add_time_relative(telemetry->needs.event, &telemetry->look,
					   CLOCK_MONOTONIC, LOOK_USEC, 0, on_look, telemetry);
}

/* What was dropped before somebody listened is in the counters, and no news. */
static void start_drop(netns_id id, const struct counters *counters, void *arg)
{
	struct telemetry *telemetry = arg;

	if (counters->dropped)
		dropped_start(&telemetry->drops, id, counters->dropped);
}

/* --- Metrics --- */

static int on_metrics(sd_event_source *source, uint64_t now, void *arg)
{
	struct telemetry *telemetry = arg;
	const struct config *config = telemetry->config;
	int ret =
		metrics_write_file(config->metrics_file, names_watch_names(telemetry->needs.names));

	if (ret && ret != telemetry->metrics_error)
		log_errno(-ret, "%s", config->metrics_file);
	telemetry->metrics_error = ret;
	telemetry->metrics = sd_event_source_disable_unref(telemetry->metrics);
	ret = sd_event_add_time_relative(telemetry->needs.event, &telemetry->metrics,
					 CLOCK_MONOTONIC, config->metrics_sec * USEC_PER_SEC, 0,
					 on_metrics, telemetry);
	/* Events come first in their turn, should it take longer to write than to wait. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(telemetry->metrics, SD_EVENT_PRIORITY_IDLE);
	return ret;
}

static void follow_config(struct telemetry *telemetry, const struct config *config)
{
	telemetry->metrics = sd_event_source_disable_unref(telemetry->metrics);
	telemetry->metrics_error = 0;
	telemetry->config = config;
	if (*config->metrics_file)
		on_metrics(NULL, 0, telemetry);
}

/* One that goes on listening keeps its clients. The old place may be in the way of the new one. */
static int follow_listen(struct telemetry *telemetry, const struct listen_address *where)
{
	struct metrics_server *server = telemetry->listening;

	if (server && !strcmp(metrics_server_where(server)->text, where->text))
		return 0;
	metrics_server_close(server);
	telemetry->listening = NULL;
	if (!*where->text)
		return 0;
	return metrics_server_open(&telemetry->listening, telemetry->needs.event, where,
				   telemetry->needs.names);
}

/* --- All of it --- */

struct telemetry *telemetry_start(const struct telemetry_needs *needs)
{
	struct telemetry *telemetry = memory_checked(calloc(1, sizeof(*telemetry)));

	telemetry->counters = -1;
	telemetry->drops.read = read_dropped;
	telemetry->drops.arg = telemetry;
	telemetry->needs = *needs;
	return telemetry;
}

static void open_counters(struct telemetry *telemetry)
{
	if (telemetry->counters >= 0)
		close(telemetry->counters);
	telemetry->counters = pin_open_map(PIN_COUNTERS);
	dropped_free(&telemetry->drops);
	counters_each(start_drop, telemetry);
}

static void follow_ring(struct telemetry *telemetry)
{
	struct event_ring *before = telemetry->events;
	int ret;

	ret = event_ring_follow(&telemetry->events, on_event, telemetry);
	if (ret && ret != -ENOENT)
		log_errno(-ret, "events are not reported");
	if (ret || telemetry->events == before)
		return;
	telemetry->ring = sd_event_source_disable_unref(telemetry->ring);
	open_counters(telemetry);
	bound_ends_open(&telemetry->bound);
	ret = sd_event_add_io(telemetry->needs.event, &telemetry->ring,
			      event_ring_fd(telemetry->events), EPOLLIN, on_ring, telemetry);
	/* After changes of names, as events are reported with names. */
	if (ret >= 0)
		ret = sd_event_source_set_priority(telemetry->ring, SD_EVENT_PRIORITY_IDLE);
	if (ret < 0)
		log_errno(-ret, "events are not reported");
}

int telemetry_follow(struct telemetry *telemetry, const struct config *config)
{
	if (!telemetry)
		return 0;
	if (!telemetry->server && control_server_open(&telemetry->server, telemetry->needs.event,
						      telemetry->needs.words, telemetry->needs.arg))
		return 0;
	follow_ring(telemetry);
	follow_config(telemetry, config);
	return follow_listen(telemetry, &config->metrics_listen);
}

bool telemetry_listens(const struct telemetry *telemetry)
{
	return telemetry && telemetry->server;
}

void telemetry_stop(struct telemetry *telemetry)
{
	if (!telemetry)
		return;
	sd_event_source_disable_unref(telemetry->ring);
	sd_event_source_disable_unref(telemetry->look);
	sd_event_source_disable_unref(telemetry->metrics);
	event_ring_close(telemetry->events);
	dropped_free(&telemetry->drops);
	netns_names_free(&telemetry->homes);
	guests_free(&telemetry->guests);
	bound_ends_close(&telemetry->bound);
	if (telemetry->counters >= 0)
		close(telemetry->counters);
	metrics_server_close(telemetry->listening);
	control_server_close(telemetry->server);
	free(telemetry);
}
