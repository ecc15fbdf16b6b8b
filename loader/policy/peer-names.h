/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of namespaces that rules speak of, as the numbers that the map `rules` has for them. */
#ifndef POLICY_PEER_NAMES_H
#define POLICY_PEER_NAMES_H

#include "policy/policy.h"

struct peer_names {
	char **name; /* sorted, each once; the policies' own */
	size_t count, room;
};

/* The policies must stay as long; peer_names_free() is never wrong. */
void peer_names_take(struct peer_names *names, const struct policies *policies);
void peer_names_free(struct peer_names *names);

/* The number of a namespace's name, or 0: no rule speaks of it. */
__u32 peer_names_number(const struct peer_names *names, const char *name);

/*
 * The number of a namespace that had the name and has none any more: rules that deny speak of it
 * still, those that allow do not.
 */
__u32 peer_names_former(const struct peer_names *names, const char *name);

/* The name that either number stands for, or NULL. */
const char *peer_names_at(const struct peer_names *names, __u32 number);

#endif
