/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusals: always counted, and reported to user space while there is room and not too many come.
 * Nothing here takes part in a decision.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "call.h"
#include "counters.h"
#include "maps.h"
#include "tenants.h"

/*
 * A token bucket, of which `kept` tokens are left to other kinds of events. Two tasks that take the
 * last token at once report one event too many.
 */
static __always_inline bool take_token(struct counters *of, __u64 now, __u32 kept)
{
	__u64 earned = (now - of->refilled) / EVENT_PERIOD;

	if (earned) {
		of->tokens = earned + of->tokens < EVENT_BURST ? earned + of->tokens : EVENT_BURST;
		of->refilled = now;
	}
	if (of->tokens <= kept)
		return false;
	of->tokens--;
	return true;
}

/* The token bucket that all namespaces of one tenant share. */
static __always_inline bool take_token_of_tenant(__u64 number, __u64 now, __u32 kept)
{
	struct tenant *of = number ? bpf_map_lookup_elem(&tenants, &number) : NULL;
	__u64 earned;

	/* A container's tenant is removed with its last namespace. */
	if (!of)
		return true;
	earned = (now - of->refilled) / TENANT_PERIOD;
	if (earned) {
		of->tokens =
			earned + of->tokens < TENANT_BURST ? earned + of->tokens : TENANT_BURST;
		of->refilled = now;
	}
	if (of->tokens <= kept)
		return false;
	of->tokens--;
	return true;
}

static __always_inline bool may_report(struct counters *of, __u64 now)
{
	return take_token(of, now, 0) && take_token_of_tenant(of->tenant, now, 0);
}

static __always_inline void name_caller(struct event *event)
{
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&event->comm, sizeof(event->comm));
}

static __always_inline void count(struct counters *of, enum event_kind kind, __u32 reason)
{
	/* Kept in a register: 5.10 forgets the bounds of a number on the stack. */
	barrier_var(reason);
	if (reason >= REASONS)
		return;
	if (kind == EVENT_AUDITED)
		__sync_fetch_and_add(&of->audited[reason], 1);
	else
		__sync_fetch_and_add(&of->refused[reason], 1);
}

static __always_inline bool submit(const struct call *call, enum event_kind kind,
				   enum reason reason, enum rule_verb verb, __u64 now)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return false;
	__builtin_memset(event, 0, sizeof(*event));
	event->time = now;
	event->kind = kind;
	event->reason = reason;
	event->verb = verb;
	event->origin = call->from;
	event->target = call->to;
	if (call->by_caller)
		name_caller(event);
	bpf_ringbuf_submit(event, 0);
	return true;
}

static __noinline void report(const struct call *call, enum event_kind kind, enum reason reason,
			      enum rule_verb verb)
{
	struct counters *of = counters_of_end(&call->from);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!of)
		return;
	count(of, kind, reason);
	if (!may_report(of, now) || !submit(call, kind, reason, verb, now))
		__sync_fetch_and_add(&of->dropped, 1);
}

/* For the service, which matches policies to namespaces by what runs in them. */
static __always_inline bool report_new_netns(netns_id id)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return false;
	__builtin_memset(event, 0, sizeof(*event));
	event->time = bpf_ktime_get_boot_ns();
	event->kind = EVENT_NEW_NETNS;
	event->origin.netns = id;
	name_caller(event);
	bpf_ringbuf_submit(event, 0);
	return true;
}

#endif
