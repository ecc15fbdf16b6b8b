/* SPDX-License-Identifier: GPL-2.0-only */
/* The layer as a whole: attached to the kernel, adopted from it, taken out of it. */
#ifndef LAYER_H
#define LAYER_H

#include <stdbool.h>

#include "layer/programs.h"

enum layer_outcome {
	LAYER_NATIVE,	/* the kernel isolates by itself, nothing was attached */
	LAYER_ATTACHED, /* all programs are attached and pinned */
	LAYER_UPGRADED, /* the same, in place of an older set, without a gap */
	LAYER_ADOPTED,	/* what is pinned is this very build, and whole */
};

/*
 * Brings enforcement to life for the modules that are there; all or nothing, and at least
 * `coverage`, if it is known what will be asked for. Run again after a module came, it hooks that
 * one, too. Says what is wrong and returns -errno:
 * -EPERM without the privileges, -ENOENT without BTF, bpffs or a module, -EPROTO if
 * what is pinned has another layout. Otherwise one of enum layer_outcome.
 */
int layer_attach(bool load_modules, enum coverage coverage);

/*
 * Attaches what the first local mode needs, or the first rule; the caller holds the lock and
 * writes those after it. Nothing to do if it is there. Says what is wrong.
 */
int layer_attach_gates(enum coverage coverage);

/* Removes everything that is pinned. Returns 1 if there was anything, 0 if not, or -errno. */
int layer_detach(void);

/* Asks again for the CID of this machine, where a set is attached. */
void layer_renew_cid(void);

#endif
