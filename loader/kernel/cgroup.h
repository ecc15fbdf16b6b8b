/* SPDX-License-Identifier: GPL-2.0-only */
/* Where processes are in cgroup2. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* What the line "0::PATH" says of a process, from the root of cgroup2; false if it is gone. */
bool cgroup_of(const char *pid, char *cgroup, size_t size);

#endif
