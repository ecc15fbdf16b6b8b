// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns-names.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define INIT_NAME "(init)"

static void make_room(struct names *names)
{
	if (names->count < names->room)
		return;
	names->room = names->room ? 2 * names->room : 64;
	names->entry = reallocarray(names->entry, names->room, sizeof(*names->entry));
	if (!names->entry)
		err(EXIT_FAILURE, NULL);
}

/* At the place of `index`; those from there on move up. */
static void insert(struct names *names, size_t index, const char *name, netns_id id)
{
	struct name *place;

	make_room(names);
	place = &names->entry[index];
	memmove(place + 1, place, (names->count - index) * sizeof(*place));
	place->id = id;
	place->inode = 0;
	place->name = strdup(name);
	if (!place->name)
		err(EXIT_FAILURE, NULL);
	names->count++;
}

void names_append(struct names *names, const char *name, const struct netns *ns)
{
	insert(names, names->count, name, ns->id);
	names->entry[names->count - 1].inode = ns->inode;
}

static void append(const char *name, const struct netns *ns, void *arg)
{
	names_append(arg, name, ns);
}

static int compare(const struct name *x, netns_id id, const char *name)
{
	if (x->id != id)
		return x->id < id ? -1 : 1;
	return strcmp(x->name, name);
}

static int by_id(const void *a, const void *b)
{
	const struct name *y = b;

	return compare(a, y->id, y->name);
}

/* Where the first entry is that is not before this one. An empty name is before all. */
static size_t place_of(const struct names *names, netns_id id, const char *name)
{
	size_t low = 0, high = names->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare(&names->entry[middle], id, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void names_sort(struct names *names)
{
	if (names->count)
		qsort(names->entry, names->count, sizeof(*names->entry), by_id);
}

void names_load(struct names *names)
{
	struct netns init;

	memset(names, 0, sizeof(*names));
	if (!netns_open_init(&init)) {
		append(INIT_NAME, &init, names);
		netns_close(&init);
	}
	netns_each_name(append, names);
	names_sort(names);
}

void names_free(struct names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		free(names->entry[i].name);
	free(names->entry);
	memset(names, 0, sizeof(*names));
}

void names_remove(struct names *names, const char *name)
{
	struct name *entry;
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

void names_add(struct names *names, const char *name, netns_id id)
{
	names_remove(names, name);
	insert(names, place_of(names, id, name), name, id);
}

const char *names_find(const struct names *names, netns_id id)
{
	size_t i = place_of(names, id, "");

	return i < names->count && names->entry[i].id == id ? names->entry[i].name : NULL;
}
