/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions of modules that programs attach to. */
#ifndef ATTACH_TARGETS_H
#define ATTACH_TARGETS_H

/* From here on libbpf asks for them here; before the BPF object is opened. 0 or -errno. */
int attach_targets_offer(void);

/* What was needed to answer, once the object is loaded. */
void attach_targets_forget(void);

#endif
