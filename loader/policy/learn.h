/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From calls that were refused, audited or made to the rules that allow them, and no others.
 * vsockctl(8), LEARNING, says when a rule may allow more than was seen.
 */
#ifndef POLICY_LEARN_H
#define POLICY_LEARN_H

#include <stdio.h>

#include "policy/policy.h"

/* Ports with at least so many seen between two, with no hole longer than this, of which at least
 * three quarters were seen, are a range. */
#define LEARN_PORTS 8
#define LEARN_HOLE  3

/* Namespaces with one policy that were seen at one port, for a rule about the policy. */
#define LEARN_PEERS 3

/* Different things that are remembered. */
#define LEARN_MOST 65536

/* An end of a call, as rules can speak of it. */
struct seen_end {
	const char *name;   /* of its namespace, or NULL */
	const char *policy; /* that its namespace had, or NULL */
	__u32 cid;	    /* of a guest, or 0 */
	bool is_outside, is_unknown;
	bool is_local;
};

struct seen_call {
	struct seen_end from, to;
	__u32 port;
	enum reason reason;
	enum rule_verb verb; /* which side objected, as in struct event */
	bool audited;	     /* or, for one that was made: all policies had Audit=yes */
	bool within;	     /* both ends are in one namespace */
};

/* Why nothing is learned from a call. */
enum left_out {
	LEARNED,
	ALLOWED_ALREADY,
	LEFT_UNKNOWN,
	LEFT_HELD,
	LEFT_DENIED,
	LEFT_PORT,
	LEFT_SEALED,
	LEFT_NAMELESS,
	LEFT_NO_FILE,
	LEFT_MANY,
	LEFT_DROPPED,
	LEFT_AUDITED,
	LEFT_NOT_LOGGED,
	LEFT_OUTS,
};

struct words {
	const char **word;
	size_t count, room;
};

struct learned_rule {
	enum rule_verb verb;
	enum rule_peer peer;
	const char *name;   /* of the peer: BY_NAME or BY_POLICY */
	struct ranges cids; /* BY_CID */
	struct ranges ports;
	struct words own, peers; /* namespaces that were seen */
	__u64 calls;
	size_t seen; /* different ports */
};

struct learned_policy {
	const struct policy *before; /* whose file gets the rules; or NULL */
	char *name;
	const char *netns; /* that it is for, unless there was one before */
	struct learned_rule *rule;
	size_t rules, room;
};

struct learned {
	const struct policies *policies;
	void *tree; /* of struct sample */
	struct sample **sample;
	size_t samples;
	__u64 calls[LEFT_OUTS];
	struct learned_policy *policy; /* by name, after learn_finish() */
	size_t count, room;
};

/* The policies are those that there are, and must stay; learn_free() is never wrong. */
void learn_begin(struct learned *learned, const struct policies *policies);
void learn_note(struct learned *learned, const struct seen_call *call);
/* A call that was made. Only a policy with Log=accepted gets a rule: others have not logged all. */
void learn_note_accepted(struct learned *learned, const struct seen_call *call);
void learn_leave_out(struct learned *learned, enum left_out why, __u64 calls);
void learn_finish(struct learned *learned);
void learn_free(struct learned *learned);

/* For a line about calls that were left out: what they have in common. */
const char *learn_left_out_text(enum left_out why);

/* The rule in the words of a policy; one line or more, with its comment. */
void learn_put_rule(FILE *out, const struct learned_rule *rule);

/* The file of a policy; `text` is what it was before, or NULL. */
void learn_put_policy(FILE *out, const struct learned_policy *policy, const char *text,
		      size_t size);

#endif
