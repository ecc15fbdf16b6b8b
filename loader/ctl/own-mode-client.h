/* SPDX-License-Identifier: GPL-2.0-only */
/* The knobs of one's own namespace, for those who are not root of the machine. */
#ifndef OWN_MODE_CLIENT_H
#define OWN_MODE_CLIENT_H

#include <stdbool.h>

#include "kernel/mode-names.h"

/*
 * Whether the caller is root of the machine, and not of a user namespace alone: he needs nobody to
 * ask for him.
 */
bool is_root_of_machine(void);

/*
 * By the kernel's own sysctls, or else by the service. `netns` is another namespace than the
 * caller's, as for -n, which the caller may enter; or NULL. Both say what is wrong.
 */
int own_mode_get(const char *netns, enum knob knob, enum vsock_mode *mode);
int own_mode_set(const char *netns, enum knob knob, enum vsock_mode mode);

#endif
