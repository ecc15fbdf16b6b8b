/* SPDX-License-Identifier: GPL-2.0-only */
/* Words that people write, and what they may have meant. */
#ifndef KEYWORDS_H
#define KEYWORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Place of the word among `known`, or -1. */
int keywords_find(const char *word, const char *const *known, size_t count);

/* "; did you mean WORD?" with the nearest of `known`, or "" if none is near. */
struct hint {
	char text[96];
};

struct hint keywords_hint(const char *word, const char *const *known, size_t count);

/* yes or no, in the words of systemd; -EINVAL for anything else. */
int keywords_bool(const char *word, bool *value);

#endif
