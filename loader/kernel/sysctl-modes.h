/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels with net.vsock.ns_mode: their own knobs, /proc/sys/net/vsock of each namespace. */
#ifndef SYSCTL_MODES_H
#define SYSCTL_MODES_H

#include <stdbool.h>

#include "kernel/netns.h"

/* Whether the kernel has them; the module vsock must be loaded. */
bool kernel_has_modes(void);

/* net.vsock.g2h_fallback of this namespace, or -1 where there is none. */
int sysctl_g2h_fallback(void);

/*
 * Both return -errno of the sysctl and say nothing. NULL is the namespace that the caller is in,
 * and need not be entered.
 */
int sysctl_mode_get(const struct netns *ns, const char *knob, enum vsock_mode *mode);
int sysctl_mode_set(const struct netns *ns, const char *knob, enum vsock_mode mode);

#endif
