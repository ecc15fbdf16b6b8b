/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NUMBER_H
#define NUMBER_H

#include <linux/types.h>

/* Digits alone, and a number in these bounds; else -EINVAL, unsaid, and `number` stays. */
int number_parse(const char *text, __u32 least, __u32 most, __u32 *number);

#endif
