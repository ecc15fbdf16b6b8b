/* SPDX-License-Identifier: GPL-2.0-only */
/* The layer as a whole: attached to the kernel, adopted from it, taken out of it. */
#ifndef LAYER_H
#define LAYER_H

#include <linux/types.h>
#include <stdbool.h>

#include "service/config.h"
#include "kernel/kernel-probe.h"
#include "layer/programs.h"
#include "layer/reach.h"
#include "vsock-bpfd.h"

enum layer_outcome {
	LAYER_NATIVE,	/* the kernel isolates by itself, nothing was attached */
	LAYER_ATTACHED, /* all programs are attached and pinned */
	LAYER_UPGRADED, /* the same, in place of an older set, without a gap */
	LAYER_ADOPTED,	/* what is pinned is this very build, and whole */
};

/*
 * Brings enforcement to life for the modules that are there; all or nothing, and at least
 * `coverage`, if it is known what will be asked for. Run again
 * after a module came, it hooks that one, too. Says what is wrong and returns -errno:
 * -EPERM without the privileges, -ENOENT without BTF, bpffs or a module, -EPROTO if
 * what is pinned has another layout. Otherwise one of enum layer_outcome.
 */
int layer_attach(const struct config *config, enum coverage coverage);

/*
 * Attaches what the first local mode needs, or the first rule; the caller holds the lock and
 * writes those after it. Nothing to do if it is there. Says what is wrong.
 */
int layer_attach_gates(enum coverage coverage);

/* Removes everything that is pinned. Returns 1 if there was anything, 0 if not, or -errno. */
int layer_detach(void);

struct layer_report {
	struct kernel kernel;
	struct layer_state state;   /* generation 0: nothing is attached */
	int needed;		    /* programs that this kernel needs */
	int pinned;		    /* those that are there */
	unsigned long long skipped; /* calls that one of them was not run for */
	struct reach reach;
};

/* Who isolates, in a word. */
static inline const char *layer_isolation(const struct layer_report *report)
{
	if (report->kernel.native)
		return "native";
	if (report->reach.hidden.state)
		return "hidden";
	return report->state.generation ? "bpf" : "none";
}

/* What is attached now; changes nothing. */
int layer_inspect(struct layer_report *report);

/* The same, of a kernel that was looked at before: report->kernel is the caller's. */
int layer_look(struct layer_report *report);

/* Asks again for the CID of this machine, where a set is attached. */
void layer_renew_cid(void);

/* Whether the programs know where the modules that are loaded now keep what they ask. */
bool layer_knows_addresses(const struct layer_state *state, const struct kernel *kernel);

#endif
