/* SPDX-License-Identifier: GPL-2.0-only */
/* One set of programs on its way into the kernel: loaded, attached, pinned. */
#ifndef ATTACHMENT_H
#define ATTACHMENT_H

#include <stdbool.h>

#include "kernel/kernel-probe.h"
#include "layer/programs.h"

struct vsock_bpfd;
struct bpf_link;

struct attachment {
	__u32 generation;
	enum extent extent;
	struct layer_state *state;
	struct vsock_bpfd *skel;
	struct bpf_link *links[MAX_PROGRAMS];
};

/*
 * Loads what the kernel needs, attaches and pins it. `generation` and `extent` are
 * the caller's. It does not answer yet: that begins when state->generation is raised.
 * Says what is wrong; what is pinned by then is the caller's to remove.
 */
int attachment_make(struct attachment *new, const struct kernel *kernel);

/* Loads all programs that this kernel may ever need, and attaches none. -errno, unsaid. */
int attachment_try(const struct kernel *kernel);

/* What is not pinned is detached by this. */
void attachment_close(struct attachment *new);

/* Tells apart what this program would load from what is pinned. */
__u64 attachment_build(void);

/* From here on libbpf and the verifier speak on stderr, too. */
void attachment_verbose(void);

#endif
