/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the kernel keeps variables of its modules. */
#ifndef SYMBOLS_H
#define SYMBOLS_H

#include <linux/types.h>

struct symbol {
	const char *module, *name;
	__u64 *address; /* 0 if it is not there */
};

/* The last symbol has no name. */
void symbols_find(const struct symbol *symbols);

#endif
