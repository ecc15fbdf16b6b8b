/* SPDX-License-Identifier: GPL-2.0-only */
/* The map `state` in memory: stores are seen by the programs at once. */
#ifndef STATE_H
#define STATE_H

#include "vsock-bpfd.h"

/* NULL if it cannot be had; the descriptor may be closed. */
struct layer_state *state_map(int map_fd);
/* The same of a descriptor that it closes; NULL also if that is negative. */
struct layer_state *state_take(int map_fd);
void state_unmap(struct layer_state *state);

/* Around what can change a verdict, with the lock: see `verdict_epoch` in include/vsock-bpfd.h. */
void state_change_begins(struct layer_state *state);
void state_change_ends(struct layer_state *state);

#endif
