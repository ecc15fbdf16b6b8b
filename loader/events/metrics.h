/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers for Prometheus, in its text format. */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "kernel/netns-names.h"
#include "layer/alive.h"
#include "layer/inspect.h"

struct metrics {
	struct layer_report report;
	struct alive alive;
	bool counted; /* the maps are there, and with them what follows */
	unsigned int namespaces, guests, sealed;
	bool with_modes; /* modes are known, and with them what follows */
	bool children_local;
	unsigned int named[LOCAL + 1]; /* by mode, without the initial one */
	struct metrics_row {
		char *netns; /* its name, or its identity */
		struct counters counters;
	} * row; /* by name, each once */
	size_t rows, room;
};

/* What there is now; says what is wrong. */
int metrics_collect(struct metrics *metrics, const struct netns_names *names);
void metrics_free(struct metrics *metrics);

/* One namespace more; those that share a label become one. */
void metrics_add(struct metrics *metrics, netns_id id, const char *name,
		 const struct counters *counters);

void metrics_print(FILE *out, const struct metrics *metrics);

/* Collects, and puts a new file in the place of `path` at once. -errno, unsaid. */
int metrics_write_file(const char *path, const struct netns_names *names);

#endif
