/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decisions: may this end call that one, may a namespace bind a port, are two namespaces
 * strangers? All gates ask here, and decide nothing themselves.
 *
 * Each end of a call decides for itself, and both have to agree. For an end, a rule of its policy
 * that denies beats one that allows, which beats its mode: a global namespace agrees to everybody,
 * a local one to itself.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "call.h"
#include "events.h"
#include "records.h"
#include "rules.h"
#include "state.h"
#include "verdict-cache.h"

/* A missing record may be one that could not be written. */
static __always_inline bool is_local(enum lookup found, const struct netns_record *record)
{
	if (found == RECORD)
		return record->mode == LOCAL;
	return found == NOT_READ || layer_state()->overflow == YES;
}

/* What is known of one end. */
struct side {
	const struct end *end;
	struct binding bound;
	__u32 half; /* of the rules, which `bound` is for */
	bool local, unknown, held;
	bool apart; /* a guest with a policy of its own, not an end of its namespace */
};

/* A namespace is held only while a service is there to look for its policy. */
static __always_inline bool is_held_up(const struct netns_record *record)
{
	const struct layer_state *layer = layer_state();

	return record->held == YES && layer->hold_new_netns == YES &&
	       bpf_ktime_get_ns() < layer->hold_until_ns;
}

static __always_inline bool is_guest_of_init(const struct end *end)
{
	return end->cid > VMADDR_CID_HOST && end->netns == layer_state()->init;
}

/*
 * A guest of the initial namespace that has a policy of its own is apart: mode and rules are those
 * of that policy, and the initial namespace is another end. The CID is the one that was called, or
 * the one of a packet that vhost has compared with the guest's. So the policy holds from the moment
 * the guest has the CID.
 */
static __always_inline void take_apart(struct side *side)
{
	__u32 policy;

	if (!is_guest_of_init(side->end))
		return;
	policy = policy_of_guest(side->half, side->end->cid);
	if (!policy)
		return;
	side->bound.policy = policy;
	side->bound.name = 0;
	side->local = side->held = false;
	side->unknown = policy == DENY; /* a table that cannot be read */
	side->apart = true;
}

static __always_inline enum lookup look_up(struct side *side, const struct end *end, __u32 half)
{
	struct netns_record record = {};
	enum lookup found = read_record(end->netns, &record);

	side->end = end;
	side->half = half;
	side->bound = record.binding[half];
	side->local = is_local(found, &record);
	side->unknown = end->netns == NETNS_UNKNOWN || found == NOT_READ ||
			side->bound.policy == POLICY_PENDING;
	side->held = is_held_up(&record);
	side->apart = false;
	take_apart(side);
	return found;
}

static __always_inline bool mode_objects(const struct side *self, const struct end *other)
{
	__u32 policy = self->bound.policy;

	if (self->end->netns == NETNS_NONE || (self->end->netns == other->netns && !self->apart))
		return false;
	return self->local || (policy && policy_has(self->half, policy, POLICY_LOCAL));
}

/* Whether the end may exist at all: a listener at its port, a guest with its CID. */
static __always_inline enum reason objects_to_itself(const struct side *self, enum rule_verb verb)
{
	__u32 half = self->half, policy = self->bound.policy;

	if (self->end->cid)
		return denies_guest(half, policy, self->end->cid) ? REASON_GUEST : PERMITTED;
	if (verb == ACCEPT && denies_bind(half, policy, self->end->port))
		return REASON_BIND;
	return PERMITTED;
}

/* What the rules of `self` say. They can name the policy or the name of `other`. */
static __always_inline __u32 rules_say(const struct side *self, const struct end *other,
				       enum rule_verb verb, __u32 port)
{
	struct side peer;

	if (look_up(&peer, other, self->half) == NOT_READ)
		return DENY;
	return decide(self->half, self->bound.policy, verb, other, &peer.bound, port);
}

/* Why `self` does not agree to `other`. */
static __always_inline enum reason reason_against(const struct side *self, const struct end *other,
						  enum rule_verb verb, __u32 port)
{
	__u32 decisions = UNDECIDED;
	enum reason reason;

	if (self->unknown)
		return REASON_UNKNOWN;
	if (self->held)
		return REASON_HELD;
	if (self->bound.policy) {
		reason = objects_to_itself(self, verb);
		if (reason)
			return reason;
		decisions = rules_say(self, other, verb, port);
	}
	if (decisions & DENY)
		return REASON_RULE;
	if (decisions == UNDECIDED && mode_objects(self, other))
		return REASON_MODE;
	return PERMITTED;
}

/* What an end says of a call in one number: its reason against the call, the verb, and one bit. */
enum {
	AGREED = PERMITTED,
	REASON = 0xff,
	VERB_SHIFT = 8,
	AUDITED = 1 << 16, /* it allows what it would refuse, and reports it */
};

static __always_inline bool is_refusal(__u32 objection)
{
	return objection != AGREED && !(objection & AUDITED);
}

/* Whether a reason may be gone in a moment: it is not cached, and no policy can audit it. */
static __always_inline bool is_passing(enum reason reason)
{
	return reason == REASON_UNKNOWN || reason == REASON_HELD;
}

static __always_inline __u32 objection_to(const struct side *self, const struct end *other,
					  enum rule_verb verb, __u32 port)
{
	enum reason reason = reason_against(self, other, verb, port);
	__u32 policy = self->bound.policy, audited = 0;

	if (reason == PERMITTED)
		return AGREED;
	if (reason == REASON_BIND)
		verb = BIND;
	else if (reason == REASON_GUEST)
		verb = GUEST;
	if (!is_passing(reason) && policy && policy_has(self->half, policy, POLICY_AUDIT))
		audited = AUDITED;
	return reason | verb << VERB_SHIFT | audited;
}

/* Flags for objection_of(). */
enum {
	OF_CALLED = 1, /* ask the called end; else the caller */
	SECOND_HALF = 2,
};

/*
 * Modes and rules of one end. A global function, so that the verifier checks it once a program, and
 * not for each end with each outcome of the other. On 5.10 such a function takes numbers only.
 */
__noinline __u32 objection_of(netns_id caller, netns_id called, __u64 cids, __u64 port, __u32 how)
{
	struct end from = { .netns = caller, .cid = cids >> 32 };
	struct end to = { .netns = called, .cid = cids, .port = port };
	__u32 half = !!(how & SECOND_HALF);
	struct side self;

	if (how & OF_CALLED) {
		look_up(&self, &to, half);
		return objection_to(&self, &from, ACCEPT, port);
	}
	look_up(&self, &from, half);
	return objection_to(&self, &to, CONNECT, port);
}

static __always_inline __u32 ask_end(const struct call *call, __u32 how)
{
	return objection_of(call->from.netns, call->to.netns,
			    (__u64)call->from.cid << 32 | call->to.cid, call->to.port, how);
}

/* Whether one end refuses a call of the other. Reports nothing. */
static __always_inline bool refuses(netns_id caller, netns_id called, __u32 port)
{
	__u32 half = half_in_force(layer_state()) ? SECOND_HALF : 0;

	return is_refusal(objection_of(caller, called, 0, port, half)) ||
	       is_refusal(objection_of(caller, called, 0, port, half | OF_CALLED));
}

/* Whether neither may call the other at a port. A global function, as loops call it. */
__noinline __u32 are_strangers(netns_id a, netns_id b, __u32 port)
{
	return a != b && refuses(a, b, port) && refuses(b, a, port);
}

/*
 * The namespace that is recorded for a port; `several`: others that are no strangers to it have the
 * port, too. By modes alone it stands for all of them. With rules it does not: a namespace that may
 * talk to it may be a stranger to them.
 */
static __always_inline netns_id stands_for(netns_id id, enum yes_no several)
{
	return several == YES && layer_state()->has_rules == YES ? NETNS_UNKNOWN : id;
}

/* Whether a call with this objection may go on; reports it if need be. */
static __noinline int report_and_decide(const struct call *call, __u32 objection)
{
	enum event_kind kind = is_refusal(objection) ? EVENT_REFUSED : EVENT_AUDITED;

	if (objection != AGREED && !call->silent)
		report(call, kind, objection & REASON, objection >> VERB_SHIFT & 0xff);
	return !is_refusal(objection);
}

/*
 * Asks both ends. The epoch is read first, so that a later change voids what is cached. A cached
 * verdict has one objection only, so one that the caller audits is not cached; nor is that an end
 * is unknown or held, because that can change without an epoch.
 */
static __noinline int judge(const struct call *call, const struct layer_state *layer)
{
	__u32 epoch = current_epoch(layer);
	__u32 half = half_in_force(layer) ? SECOND_HALF : 0;
	__u32 caller = ask_end(call, half), objection = caller;

	if (!is_refusal(caller)) {
		if (caller & AUDITED)
			report_and_decide(call, caller);
		objection = ask_end(call, half | OF_CALLED);
	}
	if (!(caller & AUDITED) && !is_passing(objection & REASON))
		cache_verdict(call, epoch, objection);
	return report_and_decide(call, objection);
}

/*
 * Whether no verdict is needed. While no namespace is local and none has rules there is nobody to
 * protect, and connections that were on their way when the layer was attached are not disturbed.
 */
static __always_inline bool needs_no_verdict(netns_id a, netns_id b,
					     const struct layer_state *layer)
{
	if (a == b && a != NETNS_UNKNOWN && layer->has_rules == NO)
		return true;
	return layer->gates_wanted == NO;
}

static __always_inline bool may_call(const struct call *call, const struct layer_state *layer)
{
	__u32 objection;

	if (needs_no_verdict(call->from.netns, call->to.netns, layer))
		return true;
	if (!find_cached(call, current_epoch(layer), &objection))
		return judge(call, layer);
	return objection == AGREED || report_and_decide(call, objection);
}

/* Why a namespace may not bind a port. */
static __always_inline enum reason reason_against_bind(enum lookup found, __u32 half, __u32 policy,
						       __u32 port)
{
	if (found == NOT_READ || policy == POLICY_PENDING)
		return REASON_UNKNOWN;
	return policy && denies_bind(half, policy, port) ? REASON_BIND : PERMITTED;
}

/* Whether the policy of a namespace lets it bind a port. Reports a refusal. */
static __always_inline bool may_bind(netns_id own, __u32 port, const struct layer_state *layer)
{
	struct netns_record record = {};
	struct call call = { .from.netns = own, .by_caller = true };
	enum lookup found = read_record(own, &record);
	__u32 half = half_in_force(layer), policy = record.binding[half].policy;
	enum reason reason = reason_against_bind(found, half, policy, port);
	bool audited;

	if (reason == PERMITTED)
		return true;
	audited = !is_passing(reason) && policy_has(half, policy, POLICY_AUDIT);
	call.to.netns = own;
	call.to.port = port;
	report(&call, audited ? EVENT_AUDITED : EVENT_REFUSED, reason, BIND);
	return audited;
}

#endif
