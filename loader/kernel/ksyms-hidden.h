/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where modules keep variables, with kernel.kptr_restrict=2. That setting hides addresses in what
 * the kernel prints; who may trace reads them where the kernel itself has them, in the table of
 * symbols of each module. A file of ours leads to the module.
 */
#ifndef KSYMS_HIDDEN_H
#define KSYMS_HIDDEN_H

#include "kernel/ksyms.h"

/* Of symbols of vsock and vhost_vsock. What is not found keeps its address. Says nothing. */
void ksyms_find_hidden(const struct ksym *symbols);

#endif
