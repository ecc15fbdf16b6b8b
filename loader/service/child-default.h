/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net.vsock.child_ns_mode in the files of sysctl.d(5), where the kernel has no such sysctl: the
 * child_ns_mode of the initial namespace, as a kernel with modes would get it at boot.
 */
#ifndef CHILD_DEFAULT_H
#define CHILD_DEFAULT_H

#include <stdbool.h>

#include "kernel/mode-names.h"
#include "kernel/sysctl-files.h"

struct child_default {
	struct sysctl_setting setting;
	bool is_set;
	enum vsock_mode mode;
};

/*
 * Reads it. Says which file, in which line, has a value that is no mode and returns -EINVAL; with
 * a '-' before the key it only says so. Nothing is read if the kernel has modes of its own.
 */
int child_default_read(struct child_default *wanted);

/*
 * Writes it, by the rules of the sysctl. If another value was written before, that stays: says so
 * with file and line and returns 1; with a '-' before the key it only says so. Does nothing if the
 * kernel has modes of its own. The layer is attached.
 */
int child_default_apply(const struct child_default *wanted);

void child_default_free(struct child_default *wanted);

#endif
