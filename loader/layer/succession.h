/* SPDX-License-Identifier: GPL-2.0-only */
/* One generation takes the place of another, without a moment in which neither answers. */
#ifndef SUCCESSION_H
#define SUCCESSION_H

#include "layer/generation.h"

/* From here on the new generation answers, and then no other. Says what is wrong. */
int succession_put_in_force(struct generation *new, const struct kernel *kernel);

/*
 * Removes what is left of starts that died: a generation that was to go, or one that never was in
 * force. The caller holds the lock.
 */
int succession_remove_left_over(const struct layer_state *pinned);

/* Removes the links of every generation but one. -errno, unsaid. */
int succession_remove_others(__u32 keep);

#endif
