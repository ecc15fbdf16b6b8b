// SPDX-License-Identifier: GPL-2.0-only
#include "service/journal.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/printable.h"

#define FIELDS	   24
#define FIELD_SIZE (EVENT_TEXT_SIZE + 32)

struct entry {
	struct iovec field[FIELDS];
	int count;
};

static const struct {
	const char *id;
	int priority;
} messages[] = {
	[EVENT_REFUSED] = { MESSAGE_REFUSED, LOG_NOTICE },
	[EVENT_AUDITED] = { MESSAGE_AUDITED, LOG_INFO },
	[EVENT_SEALED] = { MESSAGE_SEALED, LOG_WARNING },
	[EVENT_ACCEPTED] = { MESSAGE_ACCEPTED, LOG_INFO },
};

/* systemd names the file that it has connected; somebody may have redirected it since. */
static bool is_journal(int fd, const char *stream)
{
	char own[64];
	struct stat st;

	if (fstat(fd, &st))
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return !strcmp(own, stream);
}

static bool to_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");

	if (known < 0)
		known = stream &&
			(is_journal(STDOUT_FILENO, stream) || is_journal(STDERR_FILENO, stream));
	return known;
}

static void add(struct entry *entry, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct entry *entry, const char *format, ...)
{
	char text[FIELD_SIZE];
	struct iovec *field = &entry->field[entry->count];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	field->iov_base = memory_strdup(text);
	field->iov_len = strlen(text);
	entry->count++;
}

static void add_netns(struct entry *entry, const char *side, netns_id id, const char *name)
{
	char word[NETNS_WORD_SIZE];

	if (id == NETNS_NONE || id == NETNS_UNKNOWN)
		return;
	add(entry, "VSOCK_%s_NETNS=%llu", side, id);
	netns_word(word, id, name);
	if (name)
		add(entry, "VSOCK_%s_NAME=%s", side, word);
}

static void add_end(struct entry *entry, const char *side, const struct end *end, const char *name,
		    const char *guest, const struct bound_end *bound)
{
	add_netns(entry, side, end->netns, name);
	if (bound->policy)
		add(entry, "VSOCK_%s_POLICY=%s", side, bound->policy);
	if (bound->mode)
		add(entry, "VSOCK_%s_MODE=%s", side, bound->mode);
	if (end->cid)
		add(entry, "VSOCK_%s_CID=%u", side, end->cid);
	if (guest)
		add(entry, "VSOCK_%s_GUEST=%s", side, guest);
}

/* The journal adds OBJECT_COMM=, OBJECT_SYSTEMD_UNIT= and more, if it finds the process. */
static void add_process(struct entry *entry, const struct event *event)
{
	char comm[sizeof(event->comm) + 1];

	if (!event->pid)
		return;
	printable(comm, sizeof(comm), event->comm, sizeof(event->comm));
	add(entry, "OBJECT_PID=%u", event->pid);
	add(entry, "VSOCK_PID=%u", event->pid);
	add(entry, "VSOCK_COMM=%s", comm);
}

static void add_traffic(struct entry *entry, const struct traffic *traffic)
{
	add(entry, "VSOCK_LASTED_MS=%llu", traffic->lasted / NSEC_PER_MSEC);
	if (traffic->counted != YES)
		return;
	add(entry, "VSOCK_BYTES_SENT=%u", traffic->sent);
	add(entry, "VSOCK_BYTES_RECEIVED=%u", traffic->received);
}

static void send_entry(struct entry *entry)
{
	int i;

	sd_journal_sendv(entry->field, entry->count);
	for (i = 0; i < entry->count; i++)
		free(entry->field[i].iov_base);
}

static void send_event(const struct named_event *named, const char *text)
{
	const struct event *event = &named->event;
	struct entry entry = {};
	char time[TIME_WORD_SIZE];

	time_word(time, "%FT%T%z", event->time);
	add(&entry, "MESSAGE=%s", text);
	add(&entry, "VSOCK_TIME=%s", time);
	add(&entry, "MESSAGE_ID=%s", messages[event->kind].id);
	add(&entry, "PRIORITY=%d", messages[event->kind].priority);
	add(&entry, "VSOCK_KIND=%s", event_kind_name(event->kind));
	add(&entry, "VSOCK_REASON=%s", event_reason_name(event->reason) ?: "?");
	add(&entry, "VSOCK_VERB=%s", event_verb_name(event->verb) ?: "?");
	add_end(&entry, "ORIGIN", &event->origin, named->origin, named->origin_guest,
		&named->origin_bound);
	add_end(&entry, "TARGET", &event->target, named->target, named->target_guest,
		&named->target_bound);
	add(&entry, "VSOCK_PORT=%u", event->target.port);
	add_process(&entry, event);
	if (event->kind == EVENT_ACCEPTED)
		add_traffic(&entry, &named->traffic);
	send_entry(&entry);
}

void journal_event(const struct named_event *named)
{
	char text[EVENT_TEXT_SIZE];

	if (named->event.kind >= ARRAY_SIZE(messages) || !messages[named->event.kind].id)
		return;
	event_text(text, named);
	if (to_journal())
		send_event(named, text);
	else
		log_info("%s", text);
}

void journal_dropped(const struct dropped_events *dropped)
{
	char text[EVENT_TEXT_SIZE];
	struct entry entry = {};

	event_dropped_text(text, dropped);
	if (!to_journal()) {
		log_info("%s", text);
		return;
	}
	add(&entry, "MESSAGE=%s", text);
	add(&entry, "MESSAGE_ID=" MESSAGE_DROPPED);
	add(&entry, "PRIORITY=%d", LOG_NOTICE);
	add(&entry, "VSOCK_KIND=dropped");
	add_netns(&entry, "ORIGIN", dropped->netns, dropped->name);
	add(&entry, "VSOCK_COUNT=%llu", dropped->count);
	send_entry(&entry);
}

void journal_wrong(const char *text)
{
	struct entry entry = {};

	if (!to_journal()) {
		log_error(EIO, "%s", text);
		return;
	}
	add(&entry, "MESSAGE=%s", text);
	add(&entry, "MESSAGE_ID=" MESSAGE_WRONG);
	add(&entry, "PRIORITY=%d", LOG_CRIT);
	add(&entry, "VSOCK_KIND=wrong");
	send_entry(&entry);
}
