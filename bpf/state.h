/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the layer as a whole: see struct layer_state.
 */
#ifndef STATE_H
#define STATE_H

#include "kernel.h"
#include "maps.h"

static __always_inline struct layer_state *layer_state(void)
{
	return &state;
}

/*
 * Which half of the rules holds. Read once for a whole decision: what a binding of one half
 * points to is something else in the other.
 */
static __always_inline __u32 half_in_force(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->half & 1;
}

/* Read before what it stands for, once for a whole decision. */
static __always_inline __u32 current_epoch(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->verdict_epoch;
}

/*
 * A set of programs answers from the moment on that all of it is attached; until
 * then the set before it does, which still has the records of what is on its way. For a
 * moment both do, and then only the new one: the kernel takes the old set out program by
 * program, and what is left of it knows less and less.
 */
static __always_inline bool in_force(const struct layer_state *layer)
{
	return layer->generation >= generation && layer->retired_generation < generation;
}

#endif
