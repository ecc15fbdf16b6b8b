/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_SCENARIO_H
#define TESTS_SCENARIO_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/ns.h"

#define WORDS_MAX 16

/* One line of a table, cut at blanks; what follows a # is a comment. */
struct row {
	const char *path;
	FILE *file;
	int number;
	int count;
	char *words[WORDS_MAX];
	char line[256];
};

void table_open(struct row *row, const char *path);
/* The next line that is not empty, or false at the end. */
bool table_next(struct row *row);

/* A mistake in the table, or a machine that cannot run it: ends the program. */
void table_fail(const struct row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* The namespaces of a table by name; NULL if there is none of this name. */
struct ns *find_ns(const char *name);
/* "MAKER in PARENT", as "by nobody in local1", or "at boot"; ends the program on failure. */
struct ns *add_ns(const struct row *row, const char *name, int first_word);
void remove_all_ns(void);
/*
 * Does what a row says that begins with "namespace" or "children"; false for another.
 * The mode that the table names is held to what it is.
 */
bool table_namespaces(const struct row *row);

/* SOCK_STREAM, SOCK_SEQPACKET, or -1. */
int find_type(const char *name);

double seconds(void);

/* The name of an errno, "ok" for 0, "timeout" for ETIME. */
const char *errno_word(int err);

#define CTL_SAID_MAX 256

struct ctl_said {
	int status;
	char out[CTL_SAID_MAX];
	char err[CTL_SAID_MAX];
};

/* Where vsockctl is. */
extern const char *ctl_path;

/* Runs `vsockctl [-n NETNS] WORDS`, a NULL after the last word. */
void ctl_run(struct ctl_said *said, const char *netns, char *const words[]);
/* The same, without -n, by one who is in the namespace: lib/caller.h. */
void ctl_run_as(struct ctl_said *said, const struct ns *ns, const char *who, char *const words[]);
/* What it said, in one word: "ok", what it printed, an errno's name, "usage". */
const char *ctl_word(const struct ctl_said *said);

void run_loopback(const char *table);
void run_guests(const char *table);
void run_knobs(const char *table);

#endif /* TESTS_SCENARIO_H */
