/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs' own verdict, asked without a connection: their code, loaded once more and attached
 * to nothing, over the maps that are pinned or over maps of one's own.
 */
#ifndef LAYER_VERDICT_H
#define LAYER_VERDICT_H

#include <stdbool.h>

#include "verdict-query.h"

struct verdict;

/* Both say what is wrong. verdict_close() takes NULL, too. */
int verdict_open_pinned(struct verdict **verdict);
int verdict_open_private(struct verdict **verdict);
void verdict_close(struct verdict *verdict);

/* Descriptors of maps that are private, to be filled; the verdict's own. */
struct verdict_maps {
	int namespaces, devices, counters, rules;
	struct layer_state *state; /* mapped */
};

struct verdict_maps verdict_maps(const struct verdict *verdict);

/* -errno, which it says. */
int verdict_ask(struct verdict *verdict, const struct verdict_question *question,
		struct verdict_answer *answer);

#endif
