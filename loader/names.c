// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#include <stdlib.h>
#include <string.h>

#define INIT_NAME "(init)"

static void add_name(const char *name, const struct netns *ns, void *arg)
{
	struct names *names = arg;

	if (names->count == names->room) {
		names->room = names->room ? 2 * names->room : 64;
		names->entry = reallocarray(names->entry, names->room, sizeof(*names->entry));
		if (!names->entry)
			abort();
	}
	names->entry[names->count].id = ns->id;
	names->entry[names->count].name = strdup(name);
	names->count++;
}

static int by_id(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void names_load(struct names *names)
{
	struct netns init;

	memset(names, 0, sizeof(*names));
	if (!netns_open_init(&init)) {
		add_name(INIT_NAME, &init, names);
		netns_close(&init);
	}
	netns_each_name(add_name, names);
	qsort(names->entry, names->count, sizeof(*names->entry), by_id);
}

void names_free(struct names *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		free(names->entry[i].name);
	free(names->entry);
}

const char *names_find(const struct names *names, netns_id id)
{
	const struct name key = { .id = id };
	const struct name *found;

	found = bsearch(&key, names->entry, names->count, sizeof(key), by_id);
	return found ? found->name : NULL;
}
