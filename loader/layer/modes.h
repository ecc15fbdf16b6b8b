/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two knobs of a namespace, ns_mode and child_ns_mode, with the rules and
 * errors of Linux 7.0, whoever keeps them: the kernel or the pinned maps.
 */
#ifndef MODES_H
#define MODES_H

#include "kernel/mode-names.h"
#include "kernel/netns.h"

/*
 * Both say what is wrong. Beyond the errors of the native sysctls (-EPERM, -EBUSY):
 * -ENOSYS if neither the kernel nor the layer isolates, -ENOSPC if records are full.
 *
 * CHILD_NS_MODE is written once. NS_MODE goes one way, to local, on a namespace that
 * runs; the initial one stays global (-EPERM).
 */
int mode_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode);
int mode_set(const struct netns *ns, enum knob knob, enum vsock_mode mode);

/* The same for the namespace that the caller is in, on kernels with modes; he need not be root. */
int mode_set_here(enum knob knob, enum vsock_mode mode);

/*
 * Of a namespace in the layer's records: 1 and the mode if its child_ns_mode was written, else 0.
 * Says what is wrong.
 */
int mode_get_written(const struct netns *ns, enum vsock_mode *mode);

#endif
