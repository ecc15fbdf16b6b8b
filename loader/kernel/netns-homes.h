/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a namespace without a name under /run/netns is known by: where else it is mounted, or the
 * pod, container or unit of a process in it.
 */
#ifndef NETNS_HOMES_H
#define NETNS_HOMES_H

#include "kernel/netns-names.h"

/* As they are now, for netns_names_find() and netns_names_free(). Looks at every process. */
void netns_homes_load(struct netns_names *homes);

/* "container 0123456789ab" and the like: what systemd and container engines call a cgroup. */
#define HOME_SIZE 256
void home_of_cgroup(char home[HOME_SIZE], const char *cgroup);

#endif
