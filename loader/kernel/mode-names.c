// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/mode-names.h"

#include <errno.h>
#include <string.h>

static const char *const mode_names[] = { [GLOBAL] = "global", [LOCAL] = "local" };
static const char *const knob_names[] = {
	[NS_MODE] = "ns_mode",
	[CHILD_NS_MODE] = "child_ns_mode",
};

static int index_of(const char *text, const char *const *names)
{
	if (!strcmp(text, names[0]))
		return 0;
	if (!strcmp(text, names[1]))
		return 1;
	return -EINVAL;
}

const char *mode_name(enum vsock_mode mode)
{
	return mode_names[mode == LOCAL];
}

int mode_parse(const char *text, enum vsock_mode *mode)
{
	int index = index_of(text, mode_names);

	if (index < 0)
		return index;
	*mode = index;
	return 0;
}

const char *knob_name(enum knob knob)
{
	return knob_names[knob];
}

int knob_parse(const char *text, enum knob *knob)
{
	int index = index_of(text, knob_names);

	if (index < 0)
		return index;
	*knob = index;
	return 0;
}
