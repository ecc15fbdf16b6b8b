// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text format that Prometheus and node_exporter's textfile collector read. It ends
 * with "# EOF", as OpenMetrics does, so that a reader sees that all of it is there; for
 * the text format that is a comment. The two differ in what TYPE calls a counter.
 */
#include "events/metrics.h"

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
#include "kernel/mode-names.h"
#include "kernel/netns-dir.h"
#include "layer/modes.h"
#include "layer/pins.h"
#include "lib/array.h"
#include "lib/memory.h"
#include "lib/printable.h"

#define PREFIX "vsock_bpfd_"

/* --- What there is --- */

static void set_label(char label[NETNS_WORD_SIZE], netns_id id, const char *name)
{
	if (name || id == NETNS_NONE || id == NETNS_UNKNOWN)
		netns_word(label, id, name);
	else
		snprintf(label, NETNS_WORD_SIZE, "%llu", id);
}

static int by_label(const void *row, const void *label)
{
	return strcmp(((const struct metrics_row *)row)->netns, label);
}

/* Where it is, or belongs. */
static size_t slot_of(const struct metrics *metrics, const char *label)
{
	return array_slot(label, metrics->row, metrics->rows, sizeof(*metrics->row), by_label);
}

static struct metrics_row *insert(struct metrics *metrics, size_t slot, const char *label)
{
	struct metrics_row *row;

	array_add(metrics->row, metrics->rows, metrics->room);
	row = &metrics->row[slot];
	memmove(row + 1, row, (metrics->rows - 1 - slot) * sizeof(*row));
	*row = (struct metrics_row){ .netns = memory_strdup(label) };
	return row;
}

/* Two with one label would make Prometheus refuse all of it. */
void metrics_add(struct metrics *metrics, netns_id id, const char *name,
		 const struct counters *counters)
{
	char label[NETNS_WORD_SIZE];
	struct metrics_row *row;
	size_t slot;
	int i;

	set_label(label, id, name);
	slot = slot_of(metrics, label);
	if (slot < metrics->rows && !strcmp(metrics->row[slot].netns, label))
		row = &metrics->row[slot];
	else
		row = insert(metrics, slot, label);
	for (i = 0; i < REASONS; i++) {
		row->counters.refused[i] += counters->refused[i];
		row->counters.audited[i] += counters->audited[i];
	}
	row->counters.dropped += counters->dropped;
}

struct collection {
	struct metrics *metrics;
	const struct netns_names *names;
};

static void add_counters(netns_id id, const struct counters *counters, void *arg)
{
	struct collection *collection = arg;
	const char *name = collection->names ? netns_names_find(collection->names, id) : NULL;

	metrics_add(collection->metrics, id, name, counters);
}

static void count_mode(const char *name, const struct netns *ns, void *arg)
{
	struct metrics *metrics = arg;
	enum vsock_mode mode;

	(void)name;
	if (!mode_get(ns, NS_MODE, &mode))
		metrics->named[mode == LOCAL]++;
}

/* Without a layer nobody knows modes, unless the kernel does. */
static void count_modes(struct metrics *metrics)
{
	enum vsock_mode mode;
	struct netns init;

	if (!metrics->report.kernel.native && !metrics->report.state.generation)
		return;
	if (netns_open_init(&init))
		return;
	metrics->with_modes = !mode_get(&init, CHILD_NS_MODE, &mode);
	netns_close(&init);
	if (!metrics->with_modes)
		return;
	metrics->children_local = mode == LOCAL;
	if (netns_dir_each(count_mode, metrics))
		metrics->with_modes = false;
}

int metrics_collect(struct metrics *metrics, const struct netns_names *names)
{
	struct collection collection = { metrics, names };
	int ret;

	memset(metrics, 0, sizeof(*metrics));
	ret = layer_inspect(&metrics->report);
	if (ret)
		return ret;
	alive_ask(&metrics->alive, &metrics->report, PROBE_QUIET);
	count_modes(metrics);
	ret = counters_each(add_counters, &collection);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	metrics->counted = true;
	metrics->namespaces = pin_count_entries(PIN_NAMESPACES, MAX_NAMESPACES);
	metrics->guests = pin_count_entries(PIN_DEVICES, MAX_DEVICES);
	metrics->sealed = pin_count_entries(PIN_SEALED, MAX_SEALED);
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < metrics->rows; i++)
		free(metrics->row[i].netns);
	free(metrics->row);
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

static void put_info(FILE *out, const struct metrics *metrics)
{
	char release[sizeof(((struct utsname *)NULL)->release)];
	struct utsname uts;

	uname(&uts);
	printable(release, sizeof(release), uts.release, sizeof(uts.release));
	put_head(out, "info", "gauge", "Who isolates AF_VSOCK on this machine.");
	fputs(PREFIX "info{version=\"" VERSION "\",", out);
	put_label(out, "kernel", release);
	fputc(',', out);
	put_label(out, "isolation", layer_isolation(&metrics->report));
	fputs("} 1\n", out);
}

static void put_layer(FILE *out, const struct metrics *metrics)
{
	const struct layer_report *report = &metrics->report;
	const struct layer_state *state = &report->state;

	put_number(out, "alive", "gauge",
		   "1 if all is there and runs: 'vsockctl status' tells more.",
		   state->generation && !metrics->alive.wrong.count);
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

static void put_counters(FILE *out, const struct metrics *metrics)
{
	size_t i;

	put_head(out, "refused_total", "counter", "Refused, by namespace of the origin.");
	for (i = 0; i < metrics->rows; i++)
		put_reasons(out, "refused_total", metrics->row[i].netns,
			    metrics->row[i].counters.refused);
	put_head(out, "audited_total", "counter", "Let through where Audit= says to log alone.");
	for (i = 0; i < metrics->rows; i++)
		put_reasons(out, "audited_total", metrics->row[i].netns,
			    metrics->row[i].counters.audited);
	put_head(out, "events_dropped_total", "counter",
		 "Events that were counted but not reported, as there were too many.");
	for (i = 0; i < metrics->rows; i++) {
		fputs(PREFIX "events_dropped_total{", out);
		put_label(out, "netns", metrics->row[i].netns);
		fprintf(out, "} %llu\n", (unsigned long long)metrics->row[i].counters.dropped);
	}
}

static void put_counted(FILE *out, const struct metrics *metrics)
{
	put_number(out, "namespaces", "gauge", "Namespaces that have a record.",
		   metrics->namespaces);
	put_number(out, "guests", "gauge", "Open vhost devices.", metrics->guests);
	put_number(out, "sealed_sockets", "gauge",
		   "Sockets that are cut off, as somebody answered whom they may not talk to.",
		   metrics->sealed);
	put_counters(out, metrics);
}

static void put_modes(FILE *out, const struct metrics *metrics)
{
	int mode;

	put_number(out, "children_local", "gauge",
		   "1 if namespaces that are made from the initial one are local.",
		   metrics->children_local);
	put_head(out, "named_namespaces", "gauge",
		 "Namespaces with a name, by mode, without the initial one.");
	for (mode = GLOBAL; mode <= LOCAL; mode++)
		fprintf(out, PREFIX "named_namespaces{mode=\"%s\"} %u\n", mode_name(mode),
			metrics->named[mode]);
}

void metrics_print(FILE *out, const struct metrics *metrics)
{
	put_info(out, metrics);
	if (!metrics->report.kernel.native || metrics->report.state.generation)
		put_layer(out, metrics);
	if (metrics->with_modes)
		put_modes(out, metrics);
	if (metrics->counted)
		put_counted(out, metrics);
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

static int replace(const char *path, const char *new, const struct metrics *metrics)
{
	FILE *file = create(new);
	int ret;

	if (!file)
		return -errno;
	metrics_print(file, metrics);
	ret = ferror(file) ? -EIO : 0;
	if (fclose(file))
		ret = -errno;
	if (!ret && rename(new, path))
		ret = -errno;
	if (ret)
		unlink(new);
	return ret;
}

int metrics_write_file(const char *path, const struct netns_names *names)
{
	char new[PATH_MAX];
	struct metrics metrics = {};
	int ret;

	/* The collector takes what ends in ".prom". */
	snprintf(new, sizeof(new), "%s.new", path);
	ret = metrics_collect(&metrics, names);
	if (!ret)
		ret = replace(path, new, &metrics);
	metrics_free(&metrics);
	return ret;
}
