/* SPDX-License-Identifier: GPL-2.0-only */
/* One set of programs on its way into the kernel: loaded, attached, pinned. */
#ifndef GENERATION_H
#define GENERATION_H

#include <stdbool.h>

#include "kernel/kernel-probe.h"
#include "layer/programs.h"

struct vsock_bpfd;
struct bpf_link;

struct generation {
	__u32 number;
	enum coverage coverage;
	struct layer_state *state;
	struct vsock_bpfd *skel;
	struct bpf_link *links[MAX_PROGRAMS];
};

/*
 * Loads what the kernel needs, attaches and pins it. `number` and `coverage` are
 * the caller's. It does not answer yet: that begins when state->generation is raised.
 * Says what is wrong; what is pinned by then is the caller's to remove.
 */
int generation_make(struct generation *new, const struct kernel *kernel);

/* Loads all programs that this kernel may ever need, and attaches none. -errno, unsaid. */
int generation_try(const struct kernel *kernel);

/* What is not pinned is detached by this. */
void generation_close(struct generation *new);

/* Tells apart what this program would load from what is pinned. */
__u64 generation_build_id(void);

#endif
