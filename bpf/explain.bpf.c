// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict, to be asked by `vsockctl explain`: the gates' own code over the maps that are
 * pinned, or over maps of the asker's own. An object by itself, attached to nothing that others
 * call; what it is asked is neither reported nor counted.
 *
 * It is an iterator over a map of one question, and writes the answer to its reader. A raw
 * tracepoint under BPF_PROG_TEST_RUN would make 5.10 warn, as `namespaces` allocates at run time.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "call.h"
#include "devices.h"
#include "state.h"
#include "verdict-query.h"
#include "verdict.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct verdict_question);
} question SEC(".maps");

/* Not on the stack, which has little room. Who asks has this object to himself. */
static struct verdict_answer answer;

static __always_inline void find_owner(struct end *end, netns_id other, enum vsock_mode native)
{
	if (end->cid > VMADDR_CID_HOST)
		end->netns = owner_of_cid(end->cid, other, native);
}

/* By itself, as the stack of a program and what it calls has 512 bytes. */
static __noinline void view(struct view_of_end *view, const struct end *self,
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

SEC("iter/bpf_map_elem")
int explain(struct bpf_iter__bpf_map_elem *ctx)
{
	struct layer_state *layer = layer_state();
	__u32 half = half_in_force(layer), of_half = half ? SECOND_HALF : 0;
	const struct verdict_question *asked = ctx->value;
	struct call call = { .silent = true };

	if (!asked)
		return 0;
	call.from.netns = asked->caller_netns;
	call.from.cid = asked->caller_cid;
	call.to.netns = asked->called_netns;
	call.to.cid = asked->called_cid;
	call.to.port = asked->port;
	find_owner(&call.from, call.to.netns, asked->native);
	find_owner(&call.to, call.from.netns, asked->native);
	view(&answer.caller, &call.from, &call.to, ask_end(&call, of_half), half);
	view(&answer.called, &call.to, &call.from, ask_end(&call, of_half | OF_CALLED), half);
	answer.needs_gates = !needs_no_verdict(call.from.netns, call.to.netns, layer);
	answer.allowed = may_call(&call, layer);
	bpf_seq_write(ctx->meta->seq, &answer, sizeof(answer));
	return 0;
}

char _license[] SEC("license") = "GPL";
