/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of Linux 7.0 for modes, and for the two knobs that hold them. */
#ifndef MODE_NAMES_H
#define MODE_NAMES_H

#include "vsock-bpfd.h"

const char *mode_name(enum vsock_mode mode);

/* "global" or "local"; -EINVAL for anything else. */
int mode_parse(const char *text, enum vsock_mode *mode);

enum knob {
	NS_MODE,
	CHILD_NS_MODE,
};

const char *knob_name(enum knob knob);
int knob_parse(const char *text, enum knob *knob);

#endif
