// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict, to be asked by `vsockctl explain` (BPF_PROG_TEST_RUN): the gates' own code over the
 * maps that are pinned, or over maps of the asker's own. An object by itself, attached to nothing;
 * what it is asked is neither reported nor counted.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "call.h"
#include "devices.h"
#include "state.h"
#include "verdict-query.h"
#include "verdict.h"

/* User space reads it here: what TEST_RUN returns is one number. */
struct verdict_answer answer;

static __always_inline void find_owner(struct end *end, netns_id other, enum vsock_mode native)
{
	if (end->cid > VMADDR_CID_HOST)
		end->netns = owner_of_cid(end->cid, other, native);
}

static __always_inline void view(struct view_of_end *view, const struct end *self,
				 const struct end *other, __u32 objection, __u32 half)
{
	struct side side;

	look_up(&side, self, half);
	view->netns = self->netns;
	view->reason = objection & REASON;
	view->verb = objection >> VERB_SHIFT & 0xff;
	view->audited = !!(objection & AUDITED);
	view->by_mode = mode_objects(&side, other);
}

SEC("raw_tp")
int explain(struct bpf_raw_tracepoint_args *ctx)
{
	struct layer_state *layer = layer_state();
	__u32 half = half_in_force(layer), of_half = half ? SECOND_HALF : 0;
	struct call call = {
		.from = { .netns = ctx->args[0], .cid = ctx->args[1] },
		.to = { .netns = ctx->args[2], .cid = ctx->args[3], .port = ctx->args[4] },
		.silent = true,
	};
	enum vsock_mode native = ctx->args[5];

	find_owner(&call.from, call.to.netns, native);
	find_owner(&call.to, call.from.netns, native);
	view(&answer.caller, &call.from, &call.to, ask_end(&call, of_half), half);
	view(&answer.called, &call.to, &call.from, ask_end(&call, of_half | OF_CALLED), half);
	answer.needs_gates = !needs_no_verdict(call.from.netns, call.to.netns, layer);
	answer.allowed = may_call(&call, layer);
	return 0;
}

char _license[] SEC("license") = "GPL";
