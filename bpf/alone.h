/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One writer at a time. A writer that finds itself alone may write until it leaves, because a later
 * one counts two. Nobody waits: a writer that is not alone leaves, and does without.
 */
#ifndef ALONE_H
#define ALONE_H

#include "kernel.h"

static __always_inline bool enter_alone(__u32 *writers)
{
	add_in_order(writers, 1);
	return *(volatile __u32 *)writers == 1;
}

static __always_inline void leave(__u32 *writers)
{
	add_in_order(writers, -1);
}

#endif
