// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl list: every namespace that has a name or a record. */
#include <bpf/bpf.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mode.h"
#include "native.h"
#include "records.h"
#include "report.h"
#include "table.h"
#include "vsockctl.h"

struct row {
	char *name; /* NULL: none under /run/netns */
	netns_id id;
	struct netns_record ns;
};

struct rows {
	struct records records;
	bool native;
	struct row *row;
	size_t count, room;
};

static struct row *add_row(struct rows *rows)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->row = reallocarray(rows->row, rows->room, sizeof(*rows->row));
		if (!rows->row)
			abort();
	}
	memset(&rows->row[rows->count], 0, sizeof(*rows->row));
	return &rows->row[rows->count++];
}

static void add_named(const char *name, const struct netns *ns, void *arg)
{
	struct rows *rows = arg;
	struct row *row = add_row(rows);

	row->name = strdup(name);
	row->id = ns->id;
	if (rows->native) {
		native_get(ns, knob_name(NS_MODE), &row->ns.mode);
		native_get(ns, knob_name(CHILD_NS_MODE), &row->ns.child_mode);
	} else {
		records_read(&rows->records, ns->id, &row->ns);
	}
	row->ns.inode = ns->inode;
}

static int by_id(const void *a, const void *b)
{
	const netns_id *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Identities of the rows so far, sorted. */
static netns_id *named_ids(const struct rows *rows)
{
	netns_id *ids = calloc(rows->count + 1, sizeof(*ids));
	size_t i;

	if (!ids)
		abort();
	for (i = 0; i < rows->count; i++)
		ids[i] = rows->row[i].id;
	qsort(ids, rows->count, sizeof(*ids), by_id);
	return ids;
}

/* Namespaces that have a record and no name: those of containers, of unshare(1). */
static void add_unnamed(struct rows *rows)
{
	netns_id *ids = named_ids(rows), id, *previous = NULL;
	size_t count = rows->count;
	struct netns_record ns;
	struct row *row;

	while (!bpf_map_get_next_key(rows->records.namespaces, previous, &id)) {
		previous = &id;
		if (bsearch(&id, ids, count, sizeof(*ids), by_id) ||
		    bpf_map_lookup_elem(rows->records.namespaces, &id, &ns))
			continue;
		row = add_row(rows);
		row->id = id;
		row->ns = ns;
	}
	free(ids);
}

static int collect(struct rows *rows)
{
	struct netns init;
	int ret;

	rows->native = native_here();
	ret = rows->native ? 0 : records_open(&rows->records);
	if (ret)
		return ret;
	ret = netns_open_init(&init);
	if (!ret) {
		add_named("(init)", &init, rows);
		netns_close(&init);
		ret = netns_each_name(add_named, rows);
	}
	if (!rows->native) {
		if (!ret)
			add_unnamed(rows);
		records_close(&rows->records);
	}
	return ret;
}

static const char *child_lock(const struct rows *rows, const struct row *row)
{
	if (rows->native)
		return "";
	return row->ns.child_locked == YES ? " (set)" : "";
}

static void print_rows(const struct rows *rows)
{
	static const char *const head[] = { "NAMESPACE", "MODE", "CHILDREN", "INODE", "IDENTITY" };
	struct table table;
	size_t i;

	table_start(&table, 5, head);
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		table_add(&table, "%s", row->name ? row->name : "-");
		table_add(&table, "%s", mode_name(row->ns.mode));
		table_add(&table, "%s%s", mode_name(row->ns.child_mode), child_lock(rows, row));
		table_add(&table, "%u", row->ns.inode);
		table_add(&table, "%llu", row->id);
	}
	table_print(&table);
}

static int print_rows_json(const struct rows *rows)
{
	struct json_object *list = json_object_new_array(), *object;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		object = json_object_new_object();
		json_object_object_add(object, "name",
				       row->name ? json_object_new_string(row->name) : NULL);
		json_object_object_add(object, "ns_mode",
				       json_object_new_string(mode_name(row->ns.mode)));
		json_object_object_add(object, "child_ns_mode",
				       json_object_new_string(mode_name(row->ns.child_mode)));
		if (!rows->native)
			json_object_object_add(
				object, "child_ns_mode_set",
				json_object_new_boolean(row->ns.child_locked == YES));
		json_object_object_add(object, "inode", json_object_new_int64(row->ns.inode));
		json_object_object_add(object, "identity", json_object_new_uint64(row->id));
		json_object_array_add(list, object);
	}
	return print_json(list);
}

int verb_list(const struct options *options, int argc, char **argv)
{
	struct rows rows = {};
	size_t i;
	int ret;

	(void)argc;
	(void)argv;
	ret = collect(&rows);
	if (!ret && options->json)
		print_rows_json(&rows);
	else if (!ret)
		print_rows(&rows);
	for (i = 0; i < rows.count; i++)
		free(rows.row[i].name);
	free(rows.row);
	return ret;
}
