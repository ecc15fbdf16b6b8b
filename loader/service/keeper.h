/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * While the service runs: asks every few seconds whether what is attached works, says once what is
 * wrong and once that it is well again, and mends what can be mended without a moment in which less
 * is refused.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <systemd/sd-event.h>

struct keeper;

/* What mends: attaches what is missing, and says what is wrong if it cannot. */
struct keeper_needs {
	sd_event *event;
	int (*mend)(void *arg);
	void *arg;
};

struct keeper *keeper_start(const struct keeper_needs *needs);
void keeper_stop(struct keeper *keeper);

#endif
