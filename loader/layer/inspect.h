/* SPDX-License-Identifier: GPL-2.0-only */
/* What is attached, and whether it is whole; changes nothing. */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>

#include "kernel/kernel-probe.h"
#include "layer/programs.h"
#include "layer/reach.h"

struct layer_report {
	struct kernel kernel;
	struct layer_state state;   /* generation 0: nothing is attached */
	int needed;		    /* programs that this kernel needs */
	int pinned;		    /* those that are there */
	unsigned long long skipped; /* calls that one of them was not run for */
	struct reach reach;
};

/* What isolates, in a word. */
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

/* Whether the programs know where the modules that are loaded now keep what they ask. */
bool layer_has_addresses(const struct layer_state *state, const struct kernel *kernel);

/* What the pinned state says; zeros if nothing is in force, or only a start that died. */
int layer_read_state(struct layer_state *state);

/* Whether all that the coverage needs is pinned, and answers. */
bool layer_is_whole(const struct layer_state *state, const struct kernel *kernel,
		    enum coverage coverage);

#endif
