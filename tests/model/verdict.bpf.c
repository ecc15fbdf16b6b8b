// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict alone, to be asked by BPF_PROG_TEST_RUN. It attaches to nothing.
 *
 * Arguments: namespace and CID of who calls, the same of who is called, the port.
 */
#include "verdict.h"

SEC("raw_tp")
int ask(struct bpf_raw_tracepoint_args *ctx)
{
	struct layer_state *layer = layer_state();
	struct call call = {
		.from = { .netns = ctx->args[0], .cid = ctx->args[1] },
		.to = { .netns = ctx->args[2], .cid = ctx->args[3], .port = ctx->args[4] },
	};

	return may_call(&call, layer);
}

char _license[] SEC("license") = "GPL";
