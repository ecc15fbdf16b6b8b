/* SPDX-License-Identifier: GPL-2.0-only */
/* The names under /run/netns, kept up to date by inotify: looking one up opens nothing. */
#ifndef NAMES_WATCH_H
#define NAMES_WATCH_H

#include <systemd/sd-event.h>

#include "kernel/netns-names.h"

struct names_watch;

/*
 * Reads the names and follows them from then on; calls changed(arg) after each change. Returns
 * -errno and says nothing.
 */
int names_watch_start(struct names_watch **watch, sd_event *event, void (*changed)(void *arg),
		      void *arg);
void names_watch_stop(struct names_watch *watch);

const struct netns_names *names_watch_names(const struct names_watch *watch);

#endif
