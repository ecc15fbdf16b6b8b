/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All guests of the machine and what they are called, whether a layer is attached or not. Before
 * 5.11 only with a layer, which knows where the kernel keeps a CID.
 */
#ifndef LAYER_GUESTS_H
#define LAYER_GUESTS_H

#include <linux/types.h>
#include <stddef.h>

#include "kernel/guest-name.h"

struct guests;

struct known_guest {
	__u32 cid;
	__u32 pid;		 /* of the process that runs it */
	unsigned long long tick; /* in which that began */
	char comm[20];		 /* printable */
	struct guest_name name;
};

struct guest_list {
	struct guests *skel; /* what reads them: loaded once, used for each read */
	struct known_guest *guest;
	size_t count, room;
};

/*
 * Those of now in place of those that were there; beginning with {}. A guest is left out if its
 * process goes meanwhile, or if several processes could be the one that runs it. Says nothing.
 */
int guests_read(struct guest_list *list);

/* The same, and says what is wrong; the list is empty then. */
int guests_load(struct guest_list *list);

void guests_free(struct guest_list *list);

/* NULL if there is none, or more than one, as from 7.0 on; or if its process has gone since. */
const struct known_guest *guests_find(const struct guest_list *list, __u32 cid);
const char *guests_name(const struct guest_list *list, __u32 cid);

/* How many have this name; the first of them. */
size_t guests_named(const struct guest_list *list, const char *name,
		    const struct known_guest **guest);

#endif
