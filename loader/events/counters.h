/* SPDX-License-Identifier: GPL-2.0-only */
/* The map `counters`: what was refused, by namespace of the origin. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include "vsock-bpfd.h"

/* Calls each() for every namespace that has any, by identity. -ENOENT without the map, unsaid. */
int counters_each(void (*each)(netns_id id, const struct counters *counters, void *arg), void *arg);

/* Of all reasons. */
__u64 counters_sum(const __u64 counts[REASONS]);

#endif
