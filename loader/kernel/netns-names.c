// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns-names.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/netns-dir.h"
#include "lib/array.h"
#include "lib/memory.h"

/* At `index`; those from there on move up. */
static void insert(struct netns_names *names, size_t index, const char *name, netns_id id)
{
	struct netns_name *entry;

	array_add(names->entry, names->count, names->room);
	entry = &names->entry[index];
	memmove(entry + 1, entry, (names->count - 1 - index) * sizeof(*entry));
	*entry = (struct netns_name){ .id = id, .name = memory_strdup(name) };
}

void netns_names_append(struct netns_names *names, const char *name, const struct netns *ns)
{
	insert(names, names->count, name, ns->id);
	names->entry[names->count - 1].inode = ns->inode;
}

static void append(const char *name, const struct netns *ns, void *arg)
{
	netns_names_append(arg, name, ns);
}

static int by_id(const void *a, const void *b)
{
	const struct netns_name *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Where the first entry is that is not before this one. An empty name is before all. */
static size_t slot_of(const struct netns_names *names, netns_id id, const char *name)
{
	const struct netns_name key = { .id = id, .name = (char *)name };

	return array_slot(&key, names->entry, names->count, sizeof(*names->entry), by_id);
}

void netns_names_sort(struct netns_names *names)
{
	if (names->count)
		qsort(names->entry, names->count, sizeof(*names->entry), by_id);
}

void netns_names_load(struct netns_names *names)
{
	struct netns init;

	memset(names, 0, sizeof(*names));
	if (!netns_open_init(&init)) {
		append(NETNS_INIT_NAME, &init, names);
		netns_close(&init);
	}
	netns_dir_each(append, names);
	netns_names_sort(names);
}

void netns_names_free(struct netns_names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		free(names->entry[i].name);
	free(names->entry);
	memset(names, 0, sizeof(*names));
}

void netns_names_remove(struct netns_names *names, const char *name)
{
	struct netns_name *entry;
	size_t i;

	for (i = 0; i < names->count && strcmp(names->entry[i].name, name); i++)
		;
	if (i == names->count)
		return;
	entry = &names->entry[i];
	free(entry->name);
	names->count--;
	memmove(entry, entry + 1, (names->count - i) * sizeof(*entry));
}

void netns_names_add(struct netns_names *names, const char *name, netns_id id)
{
	netns_names_remove(names, name);
	insert(names, slot_of(names, id, name), name, id);
}

const char *netns_names_find(const struct netns_names *names, netns_id id)
{
	size_t i = slot_of(names, id, "");

	return i < names->count && names->entry[i].id == id ? names->entry[i].name : NULL;
}
