/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel keeps variables of its modules. */
#ifndef KSYMS_H
#define KSYMS_H

#include <linux/types.h>

struct ksym {
	const char *module, *name;
	__u64 *address; /* 0 if it is not there */
};

/* The last symbol has no name. */
void ksyms_find(const struct ksym *symbols);

#endif
