/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether what is in force can be reached by its pins. They can be removed, replaced, or covered
 * by another BPF file system, while the kernel goes on running the programs.
 */
#ifndef REACH_H
#define REACH_H

#include "layer/link-sets.h"

struct reach {
	struct link_set own;	/* what the pins lead to; state 0: nothing is in force */
	struct link_set hidden; /* in force, and no pin leads to it */
};

/* Says what is wrong. */
int reach_find(struct reach *reach);

/* Why a set is hidden, and how to get at it: a line. */
const char *reach_why_hidden(void);

/* The same as an error: -EBUSY if a set is hidden, else 0. */
int reach_refuse_hidden(void);

/* Whether each map that outlives an upgrade is pinned, and is the one that the programs use. */
bool reach_has_map(const struct reach *reach, const char *name);

/*
 * Pins again what programs in force use and what has lost its pin, or has that of another map
 * in its place. The caller holds the lock. Returns how many, or says what is wrong.
 */
int reach_repair(const struct reach *reach);

#endif
