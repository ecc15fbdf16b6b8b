/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs of the BPF object a kernel needs. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdbool.h>

#include "kernel/kernel-probe.h"

#define MAX_PROGRAMS 40

/*
 * How much is attached: without anything to refuse there is no gate to pay for. Each includes the
 * one before.
 */
enum coverage {
	RECORDING, /* what notes new namespaces and devices */
	GATES,	   /* from the first local mode on */
	RULES,	   /* from the first policy with rules on */
};

/* What the state of a layer asks for. */
enum coverage coverage_of(const struct layer_state *state);

struct program {
	const char *name;
	enum coverage from;
	bool (*fits)(const struct kernel *kernel); /* NULL: every kernel */
};

/*
 * In the order in which they are attached: hooks late in a connection's life before early ones.
 * So a connection that a new set sees at its beginning is seen to its end, and no record is left
 * over to be taken for another's. Ends with an entry without a name.
 */
extern const struct program programs[];

/* The entry of a program of the object, NULL if the table does not have it. */
const struct program *program_by_name(const char *name);

bool program_needed(const struct program *program, const struct kernel *kernel,
		    enum coverage coverage);

/* What the gates are by their type, "lsm" or "fmod_ret"; NULL while none is attached. */
const char *program_gates_name(const struct kernel *kernel, const struct layer_state *state);

#endif
