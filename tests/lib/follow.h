/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that have to come to something: to a status, or to waiting for the service's events. */
#ifndef TESTS_FOLLOW_H
#define TESTS_FOLLOW_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/command.h"

/* Runs a line of shell again until it has this status; false, with what it said, after `ms`. */
bool settles_within(struct said *said, int ms, int status, const char *line);

/* A client that was heard waits in poll(). Bails out if `what` does not come to that. */
void await_poll(struct said *said, int ms, pid_t pid, const char *what);

#endif /* TESTS_FOLLOW_H */
