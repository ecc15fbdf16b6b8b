/* SPDX-License-Identifier: GPL-2.0-only */
/* Where plans come from, and how they become shorter. */
#ifndef ADVERSARY_SEARCH_H
#define ADVERSARY_SEARCH_H

#include "judge.h"
#include "model.h"

struct search {
	uint64_t random;
	bool checks_source;
	int namespaces; /* that play */
	unsigned long drawn, tried;
	unsigned int runs_of[CLASSES]; /* how often a plan was run for a class of the model */
};

/* Plays without a kernel, so as not to begin with nothing. Some seconds. */
void search_prepare(struct search *search);
/* One that is worth the time of the kernel. */
void search_next(struct search *search, struct plan *plan);
/* Leaves out what the finding does not need. Returns false if it does not come again. */
bool shorten(struct plan *plan, struct finding *finding);

#endif
