/* SPDX-License-Identifier: GPL-2.0-only */
/* Linux 7.0 on: the kernel's own knobs, /proc/sys/net/vsock of each namespace. */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdbool.h>

#include "kernel/netns.h"

/* Whether the kernel has them; the module vsock must be loaded. */
bool native_here(void);

/* Both return -errno of the sysctl and say nothing. */
int native_get(const struct netns *ns, const char *knob, enum vsock_mode *mode);
int native_set(const struct netns *ns, const char *knob, enum vsock_mode mode);

#endif
