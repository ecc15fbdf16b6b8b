/* SPDX-License-Identifier: GPL-2.0-only */
/* The namespaces that have a name under /run/netns. */
#ifndef NETNS_DIR_H
#define NETNS_DIR_H

#include "kernel/netns.h"

/* Calls each(name, ns, arg) for every namespace under /run/netns, in order of names. */
int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg);

/* The same for the names of one namespace alone: others are not entered. */
int netns_dir_each_of(const struct netns *ns,
		      void (*each)(const char *name, const struct netns *ns, void *arg), void *arg);

#endif
