// SPDX-License-Identifier: GPL-2.0-only
#include "lib/keywords.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/array.h"

#define LONGEST 40 /* of words that are compared: all of ours, and the names of most policies */

int keywords_find(const char *word, const char *const *known, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(word, known[i]))
			return (int)i;
	return -1;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters have to be put in, left out, changed or swapped with their neighbour. */
static size_t distance(const char *a, const char *b)
{
	size_t cost[LONGEST + 1][LONGEST + 1] = {}, m = strlen(a), n = strlen(b), i, j;

	for (i = 0; i <= m; i++)
		cost[i][0] = i;
	for (j = 0; j <= n; j++)
		cost[0][j] = j;
	for (i = 1; i <= m; i++) {
		for (j = 1; j <= n; j++) {
			cost[i][j] = least(least(cost[i - 1][j], cost[i][j - 1]) + 1,
					   cost[i - 1][j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	}
	return cost[m][n];
}

/* A third of the letters may be wrong; more is another word. */
static const char *nearest(const char *word, const char *const *known, size_t count)
{
	size_t best = LONGEST, far, i;
	const char *near = NULL;

	if (strlen(word) > LONGEST)
		return NULL;
	for (i = 0; i < count; i++) {
		if (strlen(known[i]) > LONGEST)
			continue;
		far = distance(word, known[i]);
		if (far < best && far <= (strlen(known[i]) + 1) / 3) {
			best = far;
			near = known[i];
		}
	}
	return near;
}

struct hint keywords_hint(const char *word, const char *const *known, size_t count)
{
	const char *near = nearest(word, known, count);
	struct hint hint = {};

	if (near)
		snprintf(hint.text, sizeof(hint.text), "; did you mean %s?", near);
	return hint;
}

int keywords_bool(const char *word, bool *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(word, yes[i]) || !strcasecmp(word, no[i])) {
			*value = !strcasecmp(word, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}
