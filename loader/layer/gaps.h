/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is not as promised though all programs are in place and run: what this kernel or this
 * machine leaves open, and for what there is no room, so that somebody is refused. None of them is
 * a fault of the layer.
 */
#ifndef GAPS_H
#define GAPS_H

#include "layer/inspect.h"
#include "lib/findings.h"

struct gaps {
	struct findings open; /* something can cross */
	struct findings full; /* somebody is refused for lack of room */
};

/* Changes nothing. Nothing to say where nobody isolates. */
void gaps_find(struct gaps *gaps, const struct layer_report *report);

/* What one of them says; NULL where it does not apply. */
const char *gap_in_sources(const struct kernel *kernel);
const char *gap_by_taps(void);

#endif
