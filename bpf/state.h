/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the layer as a whole: see struct layer_state. */
#ifndef STATE_H
#define STATE_H

#include "kernel.h"
#include "maps.h"

static __always_inline struct layer_state *layer_state(void)
{
	return &state;
}

/*
 * The half of the rules that is in force. Read once for a whole decision, because cell numbers of
 * one half mean something else in the other.
 */
static __always_inline __u32 half_in_force(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->half & 1;
}

/* Read before the modes and rules that it stands for, once for a whole decision. */
static __always_inline __u32 current_epoch(const struct layer_state *layer)
{
	return *(const volatile __u32 *)&layer->verdict_epoch;
}

/*
 * A set of programs decides from the moment that all of it is attached; until then the set before
 * it does, which has the records of packets on their way. For a moment both decide, and then only
 * the new one: the kernel detaches the old set program by program, and what is left of it lacks
 * records.
 */
static __always_inline bool in_force(const struct layer_state *layer)
{
	return layer->generation >= generation && layer->retired_generation < generation;
}

#endif
