// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl list: every namespace that has a name, a record, or was refused something. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "events/counters.h"
#include "events/event-format.h"
#include "kernel/netns-dir.h"
#include "kernel/netns-homes.h"
#include "kernel/sysctl-modes.h"
#include "layer/modes.h"
#include "layer/netns-records.h"
#include "lib/array.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/text-table.h"
#include "policy/set.h"

struct row {
	char *name; /* NULL: none under /run/netns */
	netns_id id;
	struct netns_record ns;
	const struct policy *policy; /* or NULL */
	struct tally *tally;	     /* NULL: nothing of it was refused */
};

/* What was refused, by origin. */
struct tally {
	netns_id id;
	struct counters counters;
	bool shown;
};

struct rows {
	struct netns_records records;
	struct policy_set policies;
	struct netns_names homes; /* of namespaces without a name */
	bool native;		  /* the kernel knows modes itself */
	bool layered;		  /* there are records */
	bool counted;		  /* somebody counts */
	struct tally *tally;	  /* by identity */
	size_t tallies, tally_room;
	struct row *row;
	size_t count, room;
};

static struct row *add_row(struct rows *rows)
{
	struct row *row = array_add(rows->row, rows->count, rows->room);

	*row = (struct row){};
	return row;
}

static void read_record(const struct rows *rows, struct row *row)
{
	if (!rows->layered)
		return;
	netns_records_read(&rows->records, row->id, &row->ns);
	row->policy = policy_in_record(&rows->policies, &row->ns);
}

/* A namespace is local if either the kernel or its record says so. */
static void read_native(struct row *row, const struct netns *ns)
{
	enum vsock_mode mode;

	if (!sysctl_mode_get(ns, knob_name(NS_MODE), &mode) && mode == LOCAL)
		row->ns.mode = LOCAL;
	if (!sysctl_mode_get(ns, knob_name(CHILD_NS_MODE), &mode) && mode == LOCAL)
		row->ns.child_mode = LOCAL;
}

static void add_named(const char *name, const struct netns *ns, void *arg)
{
	struct rows *rows = arg;
	struct row *row = add_row(rows);

	row->name = memory_strdup(name);
	row->id = ns->id;
	read_record(rows, row);
	if (rows->native)
		read_native(row, ns);
	row->ns.inode = ns->inode;
}

/* Identities of the rows so far, sorted. */
static netns_id *named_ids(const struct rows *rows)
{
	netns_id *ids = memory_checked(calloc(rows->count + 1, sizeof(*ids)));
	size_t i;

	for (i = 0; i < rows->count; i++)
		ids[i] = rows->row[i].id;
	qsort(ids, rows->count, sizeof(*ids), array_by_u64);
	return ids;
}

static void add_unnamed_one(struct rows *rows, netns_id id)
{
	struct netns_record ns;
	struct row *row;

	/* Gone by now. */
	if (bpf_map_lookup_elem(rows->records.namespaces, &id, &ns))
		return;
	row = add_row(rows);
	row->id = id;
	row->ns = ns;
	row->policy = policy_in_record(&rows->policies, &ns);
}

/* Namespaces that have a record and no name: those of containers, of unshare(1). */
static void add_unnamed(struct rows *rows)
{
	size_t names = rows->count, i;
	netns_id *named = named_ids(rows);
	struct map_keys ids;

	netns_records_ids(&rows->records, &ids);
	for (i = 0; i < ids.count; i++)
		if (!bsearch(&ids.key[i], named, names, sizeof(*named), array_by_u64))
			add_unnamed_one(rows, ids.key[i]);
	map_walk_free(&ids);
	free(named);
}

static void add_tally(netns_id id, const struct counters *counters, void *arg)
{
	struct rows *rows = arg;

	/* Namespaces with devices or logged connections have counters, too. */
	if (!counters_sum(counters->refused) && !counters_sum(counters->audited))
		return;
	*array_add(rows->tally, rows->tallies, rows->tally_room) =
		(struct tally){ .id = id, .counters = *counters };
}

static struct tally *find_tally(const struct rows *rows, netns_id id)
{
	/* An identity is what a tally begins with. */
	struct tally *tally = NULL;

	if (rows->tallies)
		tally = bsearch(&id, rows->tally, rows->tallies, sizeof(*rows->tally),
				array_by_u64);
	if (tally)
		tally->shown = true;
	return tally;
}

/* Also those that have neither name nor record, and those that are no namespace. */
static void add_tallies(struct rows *rows)
{
	struct row *row;
	size_t i;

	for (i = 0; i < rows->count; i++)
		rows->row[i].tally = find_tally(rows, rows->row[i].id);
	for (i = 0; i < rows->tallies; i++) {
		if (rows->tally[i].shown)
			continue;
		row = add_row(rows);
		row->id = rows->tally[i].id;
		row->tally = &rows->tally[i];
		read_record(rows, row);
	}
}

static int count(struct rows *rows)
{
	int ret = counters_each(add_tally, rows);

	if (ret == -ENOENT)
		return 0;
	rows->counted = !ret;
	if (!ret)
		add_tallies(rows);
	return ret;
}

static int collect_layered(struct rows *rows)
{
	add_unnamed(rows);
	return count(rows);
}

static int open_layer(struct rows *rows)
{
	int ret = netns_records_open(&rows->records);

	rows->layered = !ret;
	/* The rest can be shown without. */
	if (!ret)
		policy_set_open(&rows->policies);
	return ret;
}

static int collect(struct rows *rows)
{
	struct netns init;
	int ret = 0;

	rows->native = kernel_has_modes();
	if (!rows->native || netns_records_exist())
		ret = open_layer(rows);
	if (!ret)
		ret = netns_open_init(&init);
	if (ret)
		return ret;
	add_named(NETNS_INIT_NAME, &init, rows);
	netns_close(&init);
	ret = netns_dir_each(add_named, rows);
	return ret || !rows->layered ? ret : collect_layered(rows);
}

static const char *child_lock(const struct rows *rows, const struct row *row)
{
	if (rows->native)
		return "";
	return row->ns.child_locked == YES ? " (set)" : "";
}

static bool is_netns(const struct row *row)
{
	return row->id != NETNS_NONE && row->id != NETNS_UNKNOWN;
}

static void add_name_cell(struct table *table, const struct rows *rows, const struct row *row)
{
	const char *name = row->name ?: netns_names_find(&rows->homes, row->id);
	char word[NETNS_WORD_SIZE];

	netns_word(word, row->id, name);
	table_add(table, "%s", name || !is_netns(row) ? word : "-");
}

/* Of an end that is no namespace nothing else is known. */
static void add_netns_cells(struct table *table, const struct rows *rows, const struct row *row)
{
	bool known = is_netns(row);

	table_add(table, "%s", known ? mode_name(row->ns.mode) : "-");
	table_add(table, "%s%s", known ? mode_name(row->ns.child_mode) : "-",
		  child_lock(rows, row));
	if (row->ns.inode)
		table_add(table, "%u", row->ns.inode);
	else
		table_add(table, "-");
	if (known)
		table_add(table, "%llu", row->id);
	else
		table_add(table, "-");
}

static void print_rows(const struct rows *rows)
{
	static const char *const head[] = { "NAMESPACE", "MODE",   "CHILDREN", "INODE",
					    "IDENTITY",	 "POLICY", "REFUSED",  "AUDITED" };
	struct table table;
	size_t i;

	table_start(&table, rows->counted ? 8 : rows->layered ? 6 : 5, head);
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		add_name_cell(&table, rows, row);
		add_netns_cells(&table, rows, row);
		if (rows->layered)
			table_add(&table, "%s", row->policy ? row->policy->name : "-");
		if (!rows->counted)
			continue;
		table_add(&table, "%llu",
			  row->tally ? counters_sum(row->tally->counters.refused) : 0);
		table_add(&table, "%llu",
			  row->tally ? counters_sum(row->tally->counters.audited) : 0);
	}
	table_print(&table);
}

/* { "mode": 3 }: those that there were. */
static struct json_object *reasons_json(const __u64 counts[REASONS])
{
	struct json_object *object = json_object_new_object();
	int reason;

	for (reason = PERMITTED + 1; reason < REASONS; reason++)
		if (counts[reason])
			json_add_number(object, event_reason_name(reason), counts[reason]);
	return object;
}

static void add_counters_json(struct json_object *object, const struct row *row)
{
	static const struct counters none;
	const struct counters *counters = row->tally ? &row->tally->counters : &none;

	json_object_object_add(object, "refused", reasons_json(counters->refused));
	json_object_object_add(object, "audited", reasons_json(counters->audited));
	json_add_number(object, "events_dropped", counters->dropped);
}

static void add_netns_json(struct json_object *object, const struct rows *rows,
			   const struct row *row)
{
	json_add_text(object, "ns_mode", mode_name(row->ns.mode));
	json_add_text(object, "child_ns_mode", mode_name(row->ns.child_mode));
	if (!rows->native)
		json_add_bool(object, "child_ns_mode_set", row->ns.child_locked == YES);
	json_add_number_if(object, "inode", row->ns.inode, row->ns.inode);
	json_add_number(object, "identity", row->id);
	if (rows->layered)
		json_add_text(object, "policy", row->policy ? row->policy->name : NULL);
}

static struct json_object *row_json(const struct rows *rows, const struct row *row)
{
	struct json_object *object = json_object_new_object();
	char word[NETNS_WORD_SIZE];

	netns_word(word, row->id, row->name);
	json_add_text(object, "name", row->name || !is_netns(row) ? word : NULL);
	add_known_as(object, row->name ? NULL : netns_names_find(&rows->homes, row->id));
	if (is_netns(row))
		add_netns_json(object, rows, row);
	if (rows->counted)
		add_counters_json(object, row);
	return object;
}

static int print_rows_json(const struct rows *rows)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < rows->count; i++)
		json_object_array_add(list, row_json(rows, &rows->row[i]));
	return print_json(list);
}

int command_list(const struct options *options, int argc, char **argv)
{
	struct rows rows = {};
	size_t i;
	int ret;

	ret = collect(&rows);
	if (!ret)
		netns_homes_load(&rows.homes);
	if (!ret && options->json)
		print_rows_json(&rows);
	else if (!ret)
		print_rows(&rows);
	for (i = 0; i < rows.count; i++)
		free(rows.row[i].name);
	free(rows.row);
	netns_names_free(&rows.homes);
	if (rows.layered)
		netns_records_close(&rows.records);
	policy_set_close(&rows.policies);
	free(rows.tally);
	return ret;
}
