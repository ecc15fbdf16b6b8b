/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CIDs=own: programs that replace aliases by real CIDs in the addresses that processes give, and
 * back in those that they are told. Pinned beside the layer, and no part of it: it is whole without
 * them.
 */
#ifndef LAYER_OWN_CIDS_H
#define LAYER_OWN_CIDS_H

#include <stdbool.h>

/*
 * Attaches them if they are wanted and not there, and removes them if they are not wanted. Nothing
 * to do where the kernel has modes, or no layer is attached. Says what is wrong.
 */
int own_cids_follow(bool wanted);

/* Whether they are pinned. */
bool own_cids_in_force(void);

#endif
