// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl cid: the CID to start a guest with, so that its namespace knows it by another one. */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/netns-names.h"
#include "kernel/sysctl-modes.h"
#include "layer/aliases.h"
#include "layer/own-cids.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/number.h"
#include "lib/printable.h"
#include "lib/text-table.h"

/* --- With a number: reserve or release --- */

/* What vhost takes: 32 bits, but no CID with a meaning of its own. */
static int parse_cid(const char *text, __u32 *cid)
{
	char plain[32];

	if (!number_parse(text, VMADDR_CID_HOST + 1, VMADDR_CID_ANY - 1, cid))
		return 0;
	printable(plain, sizeof(plain), text, sizeof(plain));
	log_error(EINVAL, "%s: not a CID of a guest, which is a number from %u to %u", plain,
		  VMADDR_CID_HOST + 1, VMADDR_CID_ANY - 1);
	return USAGE;
}

static void print_cid(const struct options *options, __u32 alias, __u32 cid)
{
	struct json_object *object;

	if (!options->json) {
		printf("%u\n", cid);
		return;
	}
	object = json_object_new_object();
	json_add_number(object, "cid", alias);
	json_add_number(object, "real_cid", cid);
	print_json(object);
}

static int reserve(const struct options *options, const struct netns *ns, __u32 alias)
{
	__u32 cid;
	int ret = aliases_reserve(ns, alias, &cid);

	if (ret)
		return ret;
	print_cid(options, alias, cid);
	if (cid != alias && !own_cids_in_force())
		log_error(0,
			  "CIDs=own is not in force: processes of the namespace have to call the "
			  "guest %u, not %u",
			  cid, alias);
	return 0;
}

static int one(const struct options *options, const char *text)
{
	struct netns ns;
	__u32 alias;
	int ret = parse_cid(text, &alias);

	if (!ret)
		ret = netns_open(&ns, options->netns);
	if (ret)
		return ret;
	ret = options->release ? aliases_release(&ns, alias) : reserve(options, &ns, alias);
	netns_close(&ns);
	return ret;
}

/* --- Without: what is reserved --- */

static void add_row(struct table *table, const struct alias_line *line,
		    const struct netns_names *names)
{
	char name[NETNS_WORD_SIZE];

	printable(name, sizeof(name), netns_names_find(names, line->netns) ?: "-", sizeof(name));
	table_add(table, "%u", line->alias);
	table_add(table, "%u", line->cid);
	table_add(table, "%s", name);
	table_add(table, "%llu", line->netns);
	table_add(table, "%s", line->running ? "yes" : "no");
	table_add(table, "%u", line->unwritten);
}

static struct json_object *to_json(const struct alias_line *line, const struct netns_names *names)
{
	struct json_object *object = json_object_new_object();
	const char *name = netns_names_find(names, line->netns);
	char word[NETNS_WORD_SIZE];

	printable(word, sizeof(word), name ?: "", sizeof(word));
	json_add_number(object, "cid", line->alias);
	json_add_number(object, "real_cid", line->cid);
	json_add_text(object, "namespace", name ? word : NULL);
	json_add_number(object, "identity", line->netns);
	json_add_bool(object, "running", line->running);
	json_add_number(object, "unwritten", line->unwritten);
	return object;
}

/* Leaves the lines of this namespace. */
static void keep_asked(struct alias_list *list, const struct netns *ns)
{
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++)
		if (list->line[i].netns == ns->id)
			list->line[kept++] = list->line[i];
	list->count = kept;
}

static int read_list(const struct options *options, struct alias_list *list)
{
	struct netns ns;
	int ret = aliases_list(list);

	if (ret || !options->netns)
		return ret;
	ret = netns_open(&ns, options->netns);
	if (ret)
		return ret;
	keep_asked(list, &ns);
	netns_close(&ns);
	return 0;
}

static void print_lines(const struct alias_list *list, const struct netns_names *names)
{
	static const char *const head[] = { "CID",	"REAL CID", "NAMESPACE",
					    "IDENTITY", "RUNS",	    "UNWRITTEN" };
	struct table table;
	size_t i;

	table_start(&table, 6, head);
	for (i = 0; i < list->count; i++)
		add_row(&table, &list->line[i], names);
	table_print(&table);
}

static void print_lines_json(const struct alias_list *list, const struct netns_names *names)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < list->count; i++)
		json_object_array_add(array, to_json(&list->line[i], names));
	print_json(array);
}

static int all(const struct options *options)
{
	struct netns_names names = {};
	struct alias_list list;
	int ret = read_list(options, &list);

	if (!ret) {
		netns_names_load(&names);
		(options->json ? print_lines_json : print_lines)(&list, &names);
		netns_names_free(&names);
	}
	free(list.line);
	return ret;
}

int command_cid(const struct options *options, int argc, char **argv)
{
	if (argc)
		return one(options, argv[0]);
	if (!options->release)
		return all(options);
	log_error(EINVAL, "--release: the CID is missing");
	return USAGE;
}
