/* SPDX-License-Identifier: GPL-2.0-only */
/* Where processes are in cgroup2, and the numbers that engines put into its names. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>

/* What the line "0::PATH" says of a process, from the root of cgroup2; false if it is gone. */
bool cgroup_of(const char *pid, char *cgroup, size_t size);

/* A container: 64 hexadecimal digits, somewhere in the word, of which the first are shown. NULL. */
#define CGROUP_CONTAINER_ID    64
#define CGROUP_CONTAINER_SHOWN 12
const char *cgroup_container(const char *word);

/* A pod: the UUID behind "pod", or NULL; and that UUID with the dashes that systemd's names lack.
 */
#define CGROUP_POD_ID 36
const char *cgroup_pod(const char *word);
void cgroup_pod_id(char id[CGROUP_POD_ID + 1], const char *pod);

#endif
