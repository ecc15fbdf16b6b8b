/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of modules that programs attach to. */
#ifndef TARGETS_H
#define TARGETS_H

/* From here on libbpf asks for them here; before the BPF object is opened. 0 or -errno. */
int targets_offer(void);

/* What was needed to answer, once the object is loaded. */
void targets_forget(void);

#endif
