/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hook of OCI runtimes and the CNI plugin do for a container, or a pod, that starts. */
#ifndef CONFINE_H
#define CONFINE_H

#include "policy/container.h"

/*
 * Gives it its policy, closed when in doubt: one that asks for a policy, by an annotation
 * io.vsock-bpfd.*, and gets none is refused. Says what is wrong; then it must not start.
 */
int confine_container(const struct container *container);

/* Whether that has been done. Says what is wrong, and changes nothing. */
int confine_check(const struct container *container);

#endif
