// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl resolve: the CID of a guest by what it is called. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "layer/guests.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/printable.h"

/* "41, 42" */
static char *cids_of(const struct guest_list *guests, const char *name)
{
	char *text = NULL, *comma = "";
	size_t size, i;
	FILE *out = memory_checked(open_memstream(&text, &size));

	for (i = 0; i < guests->count; i++) {
		if (strcmp(guests->guest[i].name.text, name))
			continue;
		fprintf(out, "%s%u", comma, guests->guest[i].cid);
		comma = ", ";
	}
	fclose(out);
	return text;
}

static int find(const struct guest_list *guests, const char *name, const struct known_guest **guest)
{
	size_t count = guests_named(guests, name, guest);
	char plain[GUEST_NAME_SIZE], *cids;
	int ret;

	if (count == 1)
		return 0;
	printable(plain, sizeof(plain), name, sizeof(plain));
	if (!count)
		return log_error(ENOENT,
				 "%s: no guest has this name; 'vsockctl cids' shows those "
				 "that there are",
				 plain);
	cids = cids_of(guests, name);
	ret = log_error(EEXIST, "%s: %zu guests have this name, with the CIDs %s", plain, count,
			cids);
	free(cids);
	return ret;
}

int resolve_guest(const struct guest_list *guests, const char *name, __u32 *cid)
{
	const struct known_guest *guest = NULL;
	int ret = find(guests, name, &guest);

	if (!ret)
		*cid = guest->cid;
	return ret;
}

static int print_guest_json(const struct known_guest *guest)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "guest", guest->name.text);
	json_add_text(object, "guest_kind", guest_kind_name(guest->name.kind));
	json_add_number(object, "cid", guest->cid);
	json_add_number(object, "pid", guest->pid);
	json_add_text(object, "process", guest->comm);
	return print_json(object);
}

int command_resolve(const struct options *options, int argc, char **argv)
{
	struct guest_list guests = {};
	const struct known_guest *guest = NULL;
	int ret = guests_load(&guests);

	if (!ret)
		ret = find(&guests, argv[0], &guest);
	if (!ret && options->json)
		print_guest_json(guest);
	else if (!ret)
		printf("%u\n", guest->cid);
	guests_free(&guests);
	return ret;
}
