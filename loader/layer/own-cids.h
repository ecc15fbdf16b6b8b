/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CIDs=own: programs that replace aliases by real CIDs in the addresses that processes give to the
 * kernel, and real CIDs by aliases in those that they get from it. The programs are pinned beside
 * the layer, which is whole without them.
 */
#ifndef LAYER_OWN_CIDS_H
#define LAYER_OWN_CIDS_H

#include <stdbool.h>

/*
 * Attaches them if they are wanted and not there, and removes them if they are not wanted. Does
 * nothing where the kernel has modes, or no layer is attached. Says what is wrong.
 */
int own_cids_follow(bool wanted);

/* Whether they are pinned. */
bool own_cids_in_force(void);

#endif
