// SPDX-License-Identifier: GPL-2.0-only
#include "policy/mistakes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/memory.h"

static void mistake_free(struct mistake *mistake)
{
	free(mistake->file);
	free(mistake->reason);
}

static size_t kept(const struct policies *policies)
{
	return policies->mistakes < MISTAKES_KEPT ? policies->mistakes : MISTAKES_KEPT;
}

static bool is_after(const struct mistake *a, const struct mistake *b)
{
	int order = strcmp(a->file, b->file);

	return order ? order > 0 : a->line > b->line;
}

/* The first ones are kept. */
static void keep(struct policies *policies, struct mistake *mistake)
{
	size_t i = kept(policies);

	policies->mistakes++;
	if (i == MISTAKES_KEPT) {
		if (!is_after(&policies->mistake[i - 1], mistake)) {
			mistake_free(mistake);
			return;
		}
		mistake_free(&policies->mistake[--i]);
	}
	for (; i && is_after(&policies->mistake[i - 1], mistake); i--)
		policies->mistake[i] = policies->mistake[i - 1];
	policies->mistake[i] = *mistake;
}

void policies_mistake(struct policies *policies, const char *file, unsigned int line,
		      const char *format, ...)
{
	struct mistake mistake = { .file = memory_strdup(file), .line = line };
	va_list args;

	va_start(args, format);
	mistake.reason = memory_vprintf(format, args);
	va_end(args);
	keep(policies, &mistake);
}

void policies_log_mistakes(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < kept(policies); i++) {
		const struct mistake *mistake = &policies->mistake[i];

		if (mistake->line)
			log_error(EINVAL, "%s:%u: %s", mistake->file, mistake->line,
				  mistake->reason);
		else
			log_error(EINVAL, "%s: %s", mistake->file, mistake->reason);
	}
	if (policies->mistakes > MISTAKES_KEPT)
		log_error(EINVAL, "and %zu more mistakes", policies->mistakes - MISTAKES_KEPT);
}

void policies_free_mistakes(struct policies *policies)
{
	size_t i;

	for (i = 0; i < kept(policies); i++)
		mistake_free(&policies->mistake[i]);
	policies->mistakes = 0;
}
