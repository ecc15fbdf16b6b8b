// SPDX-License-Identifier: GPL-2.0-only
/* Policy files: libinih takes lines apart, what comes before and after is checked here. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy-files.h"
#include "policy-line.h"
#include "policy-rule.h"
#include "words.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum section { MATCH_SECTION, NAMESPACE_SECTION, RULES_SECTION, SECTIONS };

static const char *const sections[] = { "Match", "Namespace", "Rules" };

enum key { NAME, PATH, CGROUP, ANNOTATION, MODE, CHILD_MODE, AUDIT, INHERIT, ALLOWS, DENIES, KEYS };

static const char *const keys[] = { "Name",	 "Path",  "Cgroup",  "Annotation", "Mode",
				    "ChildMode", "Audit", "Inherit", "Allow",	   "Deny" };

/* Where the keys of each section begin. */
static const enum key first_key[] = { NAME, MODE, ALLOWS, KEYS };

struct reader {
	struct policies *policies;
	struct policy *policy;
	const char *next, *end; /* of the file's text */
	unsigned int line;
	unsigned int section[SECTIONS]; /* lines of them, 0: not there */
	unsigned int key[KEYS];		/* lines where they stand last */
};

static int after(const struct mistake *a, const char *file, unsigned int line)
{
	int order = strcmp(a->file, file);

	return order ? order > 0 : a->line > line;
}

void policies_mistake(struct policies *policies, const char *file, unsigned int line,
		      const char *format, ...)
{
	size_t kept = policies->mistakes < MISTAKES_KEPT ? policies->mistakes : MISTAKES_KEPT, i;
	struct mistake mistake = { .file = strdup(file), .line = line };
	va_list args;

	va_start(args, format);
	if (vasprintf(&mistake.reason, format, args) < 0 || !mistake.file)
		abort();
	va_end(args);
	policies->mistakes++;
	for (i = kept; i && after(&policies->mistake[i - 1], file, line); i--)
		if (i < MISTAKES_KEPT)
			policies->mistake[i] = policies->mistake[i - 1];
		else
			mistake_free(&policies->mistake[i - 1]);
	if (i < MISTAKES_KEPT)
		policies->mistake[i] = mistake;
	else
		mistake_free(&mistake);
}
