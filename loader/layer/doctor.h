/* SPDX-License-Identifier: GPL-2.0-only */
/* What the layer needs of this machine, and which of it is there. */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>

#include "kernel/kernel-probe.h"

enum diagnosis {
	GOOD,
	NOTE,	 /* works, and could work better */
	MISSING, /* isolation cannot be had without it */
};

struct doctor {
	void (*tell)(enum diagnosis diagnosis, const char *what, const char *text, void *arg);
	void *arg;
	bool (*loads_modules)(void); /* whether the service does, as it is configured */
	int missing;
};

/* All checks, one line each. */
void doctor_run(struct doctor *doctor);

/* After a failure: what is missing of what a failed start could not say itself, as errors. */
void doctor_explain(const struct kernel *kernel);

#endif
