/* SPDX-License-Identifier: GPL-2.0-only */
/* Linux 7.0 on: the kernel's own knobs, /proc/sys/net/vsock of each namespace. */
#ifndef SYSCTL_MODES_H
#define SYSCTL_MODES_H

#include <stdbool.h>

#include "kernel/netns.h"

/* Whether the kernel has them; the module vsock must be loaded. */
bool kernel_has_modes(void);

/* Both return -errno of the sysctl and say nothing. */
int sysctl_mode_get(const struct netns *ns, const char *knob, enum vsock_mode *mode);
int sysctl_mode_set(const struct netns *ns, const char *knob, enum vsock_mode mode);

#endif
