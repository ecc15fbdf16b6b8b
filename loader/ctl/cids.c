// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl cids: which guest belongs to which namespace. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/netns-homes.h"
#include "kernel/netns-names.h"
#include "kernel/process.h"
#include "kernel/sysctl-modes.h"
#include "layer/guests.h"
#include "layer/netns-records.h"
#include "layer/vhost.h"
#include "lib/array.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/printable.h"
#include "lib/text-table.h"
#include "policy/set.h"

#define COMM_SIZE (sizeof(((struct device *)NULL)->comm) + 1)

struct lines {
	struct cid_line *line;
	size_t count, room;
};

static void add_line(const struct cid_line *line, void *arg)
{
	struct lines *lines = arg;

	*array_add(lines->line, lines->count, lines->room) = *line;
}

static int by_cid(const void *a, const void *b)
{
	const struct cid_line *x = a, *y = b;

	return x->cid < y->cid ? -1 : x->cid > y->cid;
}

/* Of the process that opened it, which may be gone: its number may be another one's by now. */
static bool has_ended(const struct device *device)
{
	unsigned long long tick;

	return !process_began(device->pid, &tick) || tick > process_tick(device->opened_ns);
}

/* What the owner of a CID is called, and known by if it has no name; and what the guest is called.
 */
struct called {
	struct netns_names names, homes;
	struct guest_list guests;
	struct policy_set policies;
	netns_id init;
};

/* The policy of the guest itself (Guest=), not that of its namespace. NULL if it has none. */
static const char *policy_name(const struct called *called, const struct cid_line *line)
{
	const struct policy *policy = line->device.owner == called->init
					      ? policy_of_guest(&called->policies, line->cid)
					      : NULL;

	return policy ? policy->name : NULL;
}

static void print_lines(const struct lines *lines, const struct called *called)
{
	static const char *const head[] = { "CID",    "GUEST", "NAMESPACE", "IDENTITY",
					    "POLICY", "PID",   "PROCESS",   "SINCE" };
	char name[NETNS_WORD_SIZE], comm[COMM_SIZE], time[TIME_WORD_SIZE];
	const struct device *device;
	const char *known;
	struct table table;
	size_t i;

	table_start(&table, 8, head);
	for (i = 0; i < lines->count; i++) {
		device = &lines->line[i].device;
		table_add(&table, "%u", lines->line[i].cid);
		table_add(&table, "%s", guests_name(&called->guests, lines->line[i].cid) ?: "-");
		known = netns_names_find(&called->names, device->owner)
				?: netns_names_find(&called->homes, device->owner);
		printable(name, sizeof(name), known ?: "-", sizeof(name));
		printable(comm, sizeof(comm), device->comm, sizeof(device->comm));
		time_word(time, "%F %T", device->opened_ns);
		table_add(&table, "%s", name);
		table_add(&table, "%llu", device->owner);
		table_add(&table, "%s", policy_name(called, &lines->line[i]) ?: "-");
		table_add(&table, "%u", device->pid);
		table_add(&table, "%s%s", comm, has_ended(device) ? " (ended)" : "");
		table_add(&table, "%s", time);
	}
	table_print(&table);
}

static struct json_object *to_json(const struct cid_line *line, const struct called *called)
{
	struct json_object *object = json_object_new_object();
	const char *name = netns_names_find(&called->names, line->device.owner);
	const struct known_guest *guest = guests_find(&called->guests, line->cid);
	char word[NETNS_WORD_SIZE], comm[COMM_SIZE], time[TIME_WORD_SIZE];

	netns_word(word, line->device.owner, name);
	printable(comm, sizeof(comm), line->device.comm, sizeof(line->device.comm));
	time_word(time, "%FT%T%z", line->device.opened_ns);
	json_add_number(object, "cid", line->cid);
	json_add_text(object, "guest", guest ? guest->name.text : NULL);
	json_add_text(object, "guest_kind", guest ? guest_kind_name(guest->name.kind) : NULL);
	json_add_text(object, "namespace", name ? word : NULL);
	add_known_as(object, name ? NULL : netns_names_find(&called->homes, line->device.owner));
	json_add_number(object, "identity", line->device.owner);
	json_add_number(object, "inode", line->device.inode);
	json_add_text(object, "policy", policy_name(called, line));
	json_add_number(object, "pid", line->device.pid);
	json_add_text(object, "process", comm);
	json_add_bool(object, "ended", has_ended(&line->device));
	json_add_text(object, "since", time);
	return object;
}

static void print_lines_json(const struct lines *lines, const struct called *called)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < lines->count; i++)
		json_object_array_add(list, to_json(&lines->line[i], called));
	print_json(list);
}

/* Whatever of it cannot be read is not shown. */
static void load_called(struct called *called)
{
	struct netns init;

	netns_names_load(&called->names);
	netns_homes_load(&called->homes);
	guests_load(&called->guests);
	policy_set_open(&called->policies);
	if (netns_open_init(&init))
		return;
	called->init = init.id;
	netns_close(&init);
}

static void free_called(struct called *called)
{
	policy_set_close(&called->policies);
	guests_free(&called->guests);
	netns_names_free(&called->homes);
	netns_names_free(&called->names);
}

int command_cids(const struct options *options, int argc, char **argv)
{
	struct lines lines = {};
	struct called called = {};
	int ret;

	if (kernel_has_modes() && !netns_records_exist())
		return log_error(ENOTSUP, "this kernel isolates by itself and does not tell who "
					  "owns a CID; the programs do, which come with the first "
					  "policy");
	ret = vhost_each_cid(add_line, &lines);
	if (ret)
		return ret;
	load_called(&called);
	if (lines.count)
		qsort(lines.line, lines.count, sizeof(*lines.line), by_cid);
	if (options->json)
		print_lines_json(&lines, &called);
	else
		print_lines(&lines, &called);
	if (!options->json && kernel_has_modes())
		fputs("note: a guest from before the programs is shown with the namespace of the "
		      "process that has its device open, and SINCE is when the programs came\n",
		      stderr);
	free_called(&called);
	free(lines.line);
	return 0;
}
