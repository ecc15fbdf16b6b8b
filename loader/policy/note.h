/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of notes about policies, and what takes them: note-globs.c, note-rules.c. */
#ifndef POLICY_NOTE_H
#define POLICY_NOTE_H

#include "policy/policy.h"

struct note {
	const char *file;
	unsigned int line; /* 0: the file as a whole */
	char *text;
};

struct notes {
	struct note *note; /* in the order of files */
	size_t count, room;
};

/* `line` 0: the file as a whole. */
void note_add(struct notes *notes, const struct policy *policy, unsigned int line,
	      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Globs that fit nothing, or more than they seem to. */
void note_globs(struct notes *notes, const struct policy *policy);

/* An Allow= that never holds, or that the policy of the other end refuses. */
void note_rule(struct notes *notes, const struct policies *policies, const struct policy *policy,
	       const struct rule *rule);

#endif
