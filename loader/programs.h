/* SPDX-License-Identifier: GPL-2.0-only */
/* Which programs and maps of the BPF object a kernel needs. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <stdbool.h>

#include "kernel.h"

#define MAX_PROGRAMS 32

/* While every namespace is global there is nothing to refuse, and no gate to pay for. */
enum program_use {
	USE_ALWAYS,
	USE_ISOLATING, /* from the first local mode on */
};

struct program {
	const char *name;
	enum program_use use;
	bool (*fits)(const struct kernel *kernel); /* NULL: every kernel */
};

/*
 * In the order in which they are attached: what records before what asks. Ends with
 * an entry without a name.
 */
extern const struct program programs[];

/* The entry of a program of the object, NULL if the table does not have it. */
const struct program *program_by_name(const char *name);

bool program_needed(const struct program *program, const struct kernel *kernel, bool isolating);

#endif
