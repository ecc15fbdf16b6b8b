// SPDX-License-Identifier: GPL-2.0-only
#include "policy/peer-names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/array.h"

static int by_word(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_names(struct peer_names *names, const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->rules; i++)
		if (policy->rule[i].peer == BY_NAME)
			*array_add(names->name, names->count, names->room) = policy->rule[i].name;
}

void peer_names_take(struct peer_names *names, const struct policies *policies)
{
	size_t kept = 0, i;

	*names = (struct peer_names){};
	for (i = 0; i < policies->count; i++)
		add_names(names, &policies->policy[i]);
	if (!names->count)
		return;
	qsort(names->name, names->count, sizeof(*names->name), by_word);
	for (i = 0; i < names->count; i++)
		if (!kept || strcmp(names->name[kept - 1], names->name[i]))
			names->name[kept++] = names->name[i];
	names->count = kept;
}

void peer_names_free(struct peer_names *names)
{
	free(names->name);
	*names = (struct peer_names){};
}

__u32 peer_names_number(const struct peer_names *names, const char *name)
{
	char **found;

	if (!names->count)
		return 0;
	found = bsearch(&name, names->name, names->count, sizeof(name), by_word);
	return found ? found - names->name + 1 : 0;
}

__u32 peer_names_former(const struct peer_names *names, const char *name)
{
	__u32 number = peer_names_number(names, name);

	return number ? names->count + number : 0;
}

const char *peer_names_at(const struct peer_names *names, __u32 number)
{
	if (number > names->count)
		number -= names->count;
	return number && number <= names->count ? names->name[number - 1] : NULL;
}
