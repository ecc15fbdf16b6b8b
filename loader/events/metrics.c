// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text format that Prometheus and node_exporter's textfile collector read. It ends
 * with "# EOF", as OpenMetrics does, so that a reader sees that all of it is there; for
 * the text format that is a comment. The two differ in what TYPE calls a counter.
 */
#include "events/metrics.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "events/counters.h"
#include "events/event-format.h"
#include "layer/pins.h"
#include "lib/printable.h"

#define PREFIX "vsock_bpfd_"

/* --- What there is --- */

/* A walk begins anew when the entry at which it stands goes: hence the limit. */
static unsigned int count_entries(const char *name, unsigned int limit)
{
	int map = pin_open_map(name);
	__u64 key, *previous = NULL;
	unsigned int count = 0;

	if (map < 0)
		return 0;
	while (count < limit && !bpf_map_get_next_key(map, previous, &key)) {
		previous = &key;
		count++;
	}
	close(map);
	return count;
}

static void set_label(char label[NETNS_WORD_SIZE], netns_id id, const char *name)
{
	if (name || id == NETNS_NONE || id == NETNS_UNKNOWN)
		netns_word(label, id, name);
	else
		snprintf(label, NETNS_WORD_SIZE, "%llu", id);
}

/* Where it is, or belongs. */
static size_t place_of(const struct numbers *numbers, const char *label)
{
	size_t low = 0, high = numbers->rows, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(numbers->row[middle].netns, label) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct number_row *insert(struct numbers *numbers, size_t place, const char *label)
{
	struct number_row *row;

	if (numbers->rows == numbers->room) {
		numbers->room = numbers->room ? 2 * numbers->room : 64;
		numbers->row = reallocarray(numbers->row, numbers->room, sizeof(*numbers->row));
		if (!numbers->row)
			err(EXIT_FAILURE, NULL);
	}
	row = &numbers->row[place];
	memmove(row + 1, row, (numbers->rows - place) * sizeof(*row));
	numbers->rows++;
	memset(row, 0, sizeof(*row));
	row->netns = strdup(label);
	if (!row->netns)
		err(EXIT_FAILURE, NULL);
	return row;
}

/* Two with one label would make Prometheus refuse all of it. */
void metrics_add(struct numbers *numbers, netns_id id, const char *name,
		 const struct counters *counters)
{
	char label[NETNS_WORD_SIZE];
	struct number_row *row;
	size_t place;
	int i;

	set_label(label, id, name);
	place = place_of(numbers, label);
	if (place < numbers->rows && !strcmp(numbers->row[place].netns, label))
		row = &numbers->row[place];
	else
		row = insert(numbers, place, label);
	for (i = 0; i < REASONS; i++) {
		row->counters.refused[i] += counters->refused[i];
		row->counters.audited[i] += counters->audited[i];
	}
	row->counters.dropped += counters->dropped;
}

struct collection {
	struct numbers *numbers;
	const struct names *names;
};

static void add_counters(netns_id id, const struct counters *counters, void *arg)
{
	struct collection *collection = arg;
	const char *name = collection->names ? names_find(collection->names, id) : NULL;

	metrics_add(collection->numbers, id, name, counters);
}

int metrics_collect(struct numbers *numbers, const struct names *names)
{
	struct collection collection = { numbers, names };
	int ret;

	memset(numbers, 0, sizeof(*numbers));
	ret = layer_inspect(&numbers->report);
	if (ret)
		return ret;
	alive_ask(&numbers->alive, &numbers->report, PROBE_QUIET);
	ret = counters_each(add_counters, &collection);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	numbers->counted = true;
	numbers->namespaces = count_entries(PIN_NAMESPACES, MAX_NAMESPACES);
	numbers->guests = count_entries(PIN_DEVICES, MAX_DEVICES);
	numbers->sealed = count_entries(PIN_SEALED, MAX_SEALED);
	return 0;
}

void metrics_free(struct numbers *numbers)
{
	size_t i;

	for (i = 0; i < numbers->rows; i++)
		free(numbers->row[i].netns);
	free(numbers->row);
}

/* --- As text --- */

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void put_number(FILE *out, const char *name, const char *type, const char *help,
		       unsigned long long number)
{
	put_head(out, name, type, help);
	fprintf(out, PREFIX "%s %llu\n", name, number);
}

static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

static void put_info(FILE *out, const struct numbers *numbers)
{
	char release[sizeof(((struct utsname *)NULL)->release)];
	struct utsname uts;

	uname(&uts);
	printable(release, sizeof(release), uts.release, sizeof(uts.release));
	put_head(out, "info", "gauge", "Who isolates AF_VSOCK on this machine.");
	fputs(PREFIX "info{version=\"" VERSION "\",", out);
	put_label(out, "kernel", release);
	fputc(',', out);
	put_label(out, "isolation", layer_isolation(&numbers->report));
	fputs("} 1\n", out);
}

static void put_layer(FILE *out, const struct numbers *numbers)
{
	const struct layer_report *report = &numbers->report;
	const struct layer_state *state = &report->state;

	put_number(out, "alive", "gauge",
		   "1 if all is there and runs: 'vsockctl status' tells more.",
		   state->generation && !numbers->alive.count);
	put_number(out, "skipped_calls", "gauge",
		   "Calls that a program of this set was not run for.", report->skipped);

	put_number(out, "programs", "gauge", "Programs in force.", report->pinned);
	put_number(out, "programs_needed", "gauge", "Programs that this kernel needs.",
		   report->needed);
	put_number(out, "generation", "gauge", "Which set of programs is in force.",
		   state->generation);
	put_number(out, "policy_reloads_total", "counter", "Policies that came into force.",
		   state->reloads);
	put_number(out, "overflow", "gauge",
		   "1 if a record could not be written, and namespaces without one are local.",
		   state->overflow == YES);
}

static void put_reasons(FILE *out, const char *name, const char *netns, const __u64 counts[REASONS])
{
	int reason;

	for (reason = PERMITTED + 1; reason < REASONS; reason++) {
		if (!counts[reason])
			continue;
		fprintf(out, PREFIX "%s{", name);
		put_label(out, "netns", netns);
		fprintf(out, ",reason=\"%s\"} %llu\n", event_reason_name(reason), counts[reason]);
	}
}

static void put_counters(FILE *out, const struct numbers *numbers)
{
	size_t i;

	put_head(out, "refused_total", "counter", "Refused, by namespace of the origin.");
	for (i = 0; i < numbers->rows; i++)
		put_reasons(out, "refused_total", numbers->row[i].netns,
			    numbers->row[i].counters.refused);
	put_head(out, "audited_total", "counter", "Let through where Audit= says to log alone.");
	for (i = 0; i < numbers->rows; i++)
		put_reasons(out, "audited_total", numbers->row[i].netns,
			    numbers->row[i].counters.audited);
	put_head(out, "events_dropped_total", "counter",
		 "Events that were counted and not told, as there were too many.");
	for (i = 0; i < numbers->rows; i++) {
		fputs(PREFIX "events_dropped_total{", out);
		put_label(out, "netns", numbers->row[i].netns);
		fprintf(out, "} %llu\n", (unsigned long long)numbers->row[i].counters.dropped);
	}
}

static void put_counted(FILE *out, const struct numbers *numbers)
{
	put_number(out, "namespaces", "gauge", "Namespaces that have a record.",
		   numbers->namespaces);
	put_number(out, "guests", "gauge", "Open vhost devices.", numbers->guests);
	put_number(out, "sealed_sockets", "gauge",
		   "Sockets that are cut off, as somebody answered whom they may not talk to.",
		   numbers->sealed);
	put_counters(out, numbers);
}

void metrics_print(FILE *out, const struct numbers *numbers)
{
	put_info(out, numbers);
	if (!numbers->report.kernel.native || numbers->report.state.generation)
		put_layer(out, numbers);
	if (numbers->counted)
		put_counted(out, numbers);
	fputs("# EOF\n", out);
}

/* --- As a file --- */

/* Nobody else's: the folder may belong to another user. */
static FILE *create(const char *path)
{
	FILE *file;
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0644);
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	return file;
}

static int replace(const char *path, const char *new, const struct numbers *numbers)
{
	FILE *file = create(new);
	int ret;

	if (!file)
		return -errno;
	metrics_print(file, numbers);
	ret = ferror(file) ? -EIO : 0;
	if (fclose(file))
		ret = -errno;
	if (!ret && rename(new, path))
		ret = -errno;
	if (ret)
		unlink(new);
	return ret;
}

int metrics_write_file(const char *path, const struct names *names)
{
	char new[PATH_MAX];
	struct numbers numbers = {};
	int ret;

	/* The collector takes what ends in ".prom". */
	snprintf(new, sizeof(new), "%s.new", path);
	ret = metrics_collect(&numbers, names);
	if (!ret)
		ret = replace(path, new, &numbers);
	metrics_free(&numbers);
	return ret;
}
