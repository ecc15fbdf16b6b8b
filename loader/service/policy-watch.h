/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follows what policies depend on: their files, names of namespaces that come and go, and what
 * runs in new ones. Nothing here is what isolation waits for: a namespace has its mode and the
 * policy of its maker from the moment it is made.
 */
#ifndef POLICY_WATCH_H
#define POLICY_WATCH_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "layer/programs.h"

struct policy_watch;

/*
 * Says what is wrong; NULL then. `dir` need not be there, and may be replaced. applied(arg) is
 * called after files that changed were read, which may have attached programs.
 */
struct policy_watch *policy_watch_start(sd_event *event, const char *dir,
					void (*applied)(void *arg), void *arg);
void policy_watch_end(struct policy_watch *watch);

/* Reads the policies again, switches to them, says what came of it and returns it. */
int policy_watch_reload(struct policy_watch *watch);

/* The same in two steps, with what has to be attached in between. Reading says what is wrong. */
int policy_watch_read(struct policy_watch *watch);
enum coverage policy_watch_coverage(const struct policy_watch *watch);
int policy_watch_switch(struct policy_watch *watch);

/*
 * Reads the policies again and puts them in force: with Audit=yes in each, or as they are written.
 * Later reloads do the same. If the files have a mistake when auditing ends, the policies from
 * before are put back. Says what is wrong.
 */
int policy_watch_audit(struct policy_watch *watch, bool audit);

/*
 * How long a new namespace is held, if no policy fits it; 0: none is. Only while this is followed:
 * policy_watch_end() lets all go, and if that is not called, they are soon after.
 */
void policy_watch_set_patience(struct policy_watch *watch, unsigned int seconds);

/* Names of namespaces came or went. */
void policy_watch_named(struct policy_watch *watch);

/* A namespace was made: its processes are looked at as soon as they have moved in. */
void policy_watch_made(struct policy_watch *watch);

#endif
