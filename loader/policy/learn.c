// SPDX-License-Identifier: GPL-2.0-only
/*
 * Only a mode can be lifted by a rule: whoever is refused by a Deny=, or by what is not known yet,
 * is left out. Samples are kept in a tree, each once and with a count; rules are made at the end.
 */
#include "policy/learn.h"

#include <linux/vm_sockets.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/memory.h"
#include "lib/printable.h"
#include "policy/match.h"
#include "policy/policies.h"
#include "policy/reason.h"

#define PREFIX	     "learned-"
#define NAME_LONGEST 80 /* a rule has to fit into a line */
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* One side of a call at one port. */
struct sample {
	const struct policy *before;
	char *own; /* name of the namespace that needs the rule, or NULL */
	enum rule_verb verb;
	enum rule_peer peer;
	char *name;		     /* of the peer, as a rule says it; or NULL */
	char *other;		     /* name of the peer's namespace, or NULL */
	const struct policy *policy; /* that the peer has, or NULL */
	__u32 cid, port;
	__u64 calls;
};

void learn_begin(struct learned *learned, const struct policies *policies)
{
	*learned = (struct learned){ .policies = policies };
}

void learn_leave_out(struct learned *learned, enum left_out why, __u64 calls)
{
	learned->calls[why] += calls;
}

/* --- The order of samples --- */

static int by_text(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "");
}

static int by_number(__u32 a, __u32 b)
{
	return a < b ? -1 : a > b;
}

/* All that is for one policy is together. */
static int by_holder(const struct sample *a, const struct sample *b)
{
	int order = by_text(a->before ? a->before->name : NULL, b->before ? b->before->name : NULL);

	return order || a->before ? order : by_text(a->own, b->own);
}

static int by_rule(const struct sample *a, const struct sample *b)
{
	int order = by_holder(a, b);

	order = order ?: by_number(a->verb, b->verb);
	order = order ?: by_number(a->peer, b->peer);
	order = order ?: by_text(a->name, b->name);
	return order ?: by_number(a->cid, b->cid);
}

static int by_all(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int order = by_rule(x, y);

	order = order ?: by_number(x->port, y->port);
	order = order ?: by_text(x->own, y->own);
	return order ?: by_text(x->other, y->other);
}

static int by_all_of(const void *a, const void *b)
{
	return by_all(*(struct sample *const *)a, *(struct sample *const *)b);
}

/* Those that a rule about a policy could be made of are together. */
static int by_policy(const void *a, const void *b)
{
	const struct sample *x = *(struct sample *const *)a, *y = *(struct sample *const *)b;
	int order = by_holder(x, y);

	order = order ?: by_number(x->verb, y->verb);
	order = order ?: by_number(x->peer, y->peer);
	order = order
			?: by_text(x->policy ? x->policy->name : NULL,
				   y->policy ? y->policy->name : NULL);
	order = order ?: by_number(x->port, y->port);
	return order ?: by_text(x->other, y->other);
}

/* --- What can be learned --- */

/* Whether a rule, and [Match], can have the name as it is. */
static bool is_usable(const char *name)
{
	char copy[NAME_LONGEST + 1];

	if (!name || !*name || strlen(name) > NAME_LONGEST || strpbrk(name, " \t/*?[]\\,"))
		return false;
	printable(copy, sizeof(copy), name, sizeof(copy));
	return !strcmp(copy, name) && !strchr("!#\"';.", *name);
}

/* A rule can have it. */
static bool is_cid(__u32 cid)
{
	return !cid || (cid > VMADDR_CID_HOST && cid != VMADDR_CID_ANY);
}

static bool is_certain(const struct seen_call *call)
{
	return !call->from.is_unknown && !call->to.is_unknown && is_cid(call->from.cid) &&
	       is_cid(call->to.cid) && call->port != VMADDR_PORT_ANY;
}

static enum left_out left_out_by(const struct seen_call *call)
{
	if (!is_certain(call))
		return LEFT_UNKNOWN;
	switch (call->reason) {
	case REASON_MODE:
		return call->verb == CONNECT || call->verb == ACCEPT ? LEARNED : LEFT_UNKNOWN;
	case REASON_RULE:
	case REASON_BIND:
	case REASON_GUEST:
		return LEFT_DENIED;
	case REASON_PORT:
		return LEFT_PORT;
	case REASON_HELD:
		return LEFT_HELD;
	default:
		return LEFT_UNKNOWN;
	}
}

static const struct policy *policy_of_name(const struct policies *policies, const char *name)
{
	char *names[] = { (char *)name };
	struct traits traits = { .names = { names, 1 } };
	size_t index = policies_match(policies, &traits);

	return index == NO_POLICY ? NULL : &policies->policy[index];
}

/* NULL if it has none, or one whose file is not there. */
static const struct policy *policy_of(const struct learned *learned, const struct seen_end *end)
{
	return end->policy ? policies_find(learned->policies, end->policy) : NULL;
}

/* A guest with a policy of its own. */
static bool is_apart(const struct policy *policy)
{
	return policy && policy_is_for_guests(policy);
}

/* The host of this machine, and the initial namespace but for a guest with its own policy. */
static bool is_never_local(const struct learned *learned, const struct seen_end *end)
{
	if (end->is_outside)
		return true;
	return !by_text(end->name, NETNS_INIT_NAME) && !is_apart(policy_of(learned, end));
}

static enum left_out find_holder(const struct learned *learned, const struct seen_end *end,
				 struct sample *sample)
{
	if (is_never_local(learned, end))
		return LEFT_UNKNOWN;
	sample->own = (char *)end->name;
	if (end->policy) {
		sample->before = policy_of(learned, end);
		return sample->before ? LEARNED : LEFT_NO_FILE;
	}
	if (!is_usable(end->name))
		return LEFT_NAMELESS;
	sample->before = policy_of_name(learned->policies, end->name);
	return LEARNED;
}

static enum left_out find_peer(const struct learned *learned, const struct seen_end *end,
			       struct sample *sample)
{
	sample->policy = policy_of(learned, end);
	sample->other = (char *)end->name;
	if (end->is_outside) {
		sample->peer = OUTSIDE;
	} else if (end->cid) {
		sample->peer = BY_CID;
		sample->cid = end->cid;
	} else if (is_usable(end->name)) {
		sample->peer = BY_NAME;
		sample->name = (char *)end->name;
	} else if (sample->policy && is_usable(sample->policy->name)) {
		sample->peer = BY_POLICY;
		sample->name = sample->policy->name;
	} else {
		return end->policy && !sample->policy ? LEFT_NO_FILE : LEFT_NAMELESS;
	}
	return LEARNED;
}

/* A rule against the end itself, whoever calls. */
static bool denies_itself(const struct policy *policy, const struct seen_call *call,
			  enum rule_verb verb)
{
	const struct seen_end *end = verb == CONNECT ? &call->from : &call->to;

	if (end->cid)
		return reason_own_rule(policy, GUEST, end->cid);
	return verb == ACCEPT && reason_own_rule(policy, BIND, call->port);
}

/* What the file says already. */
static enum left_out ask_policy(const struct sample *sample, const struct seen_call *call)
{
	const struct policy *before = sample->before;
	struct peer peer = { .outside = sample->peer == OUTSIDE,
			     .cid = sample->cid,
			     .policy = sample->policy ? sample->policy->name : NULL,
			     .name = is_apart(sample->policy) ? NULL : sample->other };

	if (!before)
		return LEARNED;
	if (denies_itself(before, call, sample->verb) ||
	    reason_rule(before, DENY, sample->verb, &peer, call->port))
		return LEFT_DENIED;
	return reason_rule(before, ALLOW, sample->verb, &peer, call->port) ? ALLOWED_ALREADY
									   : LEARNED;
}

/* What the namespace of one end needs; its texts are the call's. */
static enum left_out look_at_side(const struct learned *learned, const struct seen_call *call,
				  enum rule_verb verb, struct sample *sample)
{
	const struct seen_end *self = verb == CONNECT ? &call->from : &call->to;
	const struct seen_end *other = verb == CONNECT ? &call->to : &call->from;
	enum left_out why;

	*sample = (struct sample){ .verb = verb, .port = call->port };
	why = find_holder(learned, self, sample);
	if (why == LEARNED)
		why = find_peer(learned, other, sample);
	return why == LEARNED ? ask_policy(sample, call) : why;
}

static char *copy_of(const char *text)
{
	return text ? memory_strdup(text) : NULL;
}

static enum left_out remember(struct learned *learned, const struct sample *sample)
{
	struct sample **found = tfind(sample, &learned->tree, by_all), *made;

	if (found) {
		(*found)->calls++;
		return LEARNED;
	}
	if (learned->samples == LEARN_MOST)
		return LEFT_MANY;
	made = memory_checked(malloc(sizeof(*made)));
	*made = *sample;
	made->own = copy_of(sample->own);
	made->name = copy_of(sample->name);
	made->other = copy_of(sample->other);
	made->calls = 1;
	memory_checked(tsearch(made, &learned->tree, by_all));
	learned->samples++;
	return LEARNED;
}

static bool is_local(const struct learned *learned, const struct seen_end *end)
{
	const struct policy *policy;

	if (end->is_local || !end->policy)
		return end->is_local;
	policy = policies_find(learned->policies, end->policy);
	return policy && policy->sets_mode && policy->mode == LOCAL;
}

/* Where the caller refuses, the other end is not asked. If that is local, too, it has to agree. */
static bool is_hidden(const struct learned *learned, const struct seen_call *call)
{
	return call->verb == CONNECT && !call->audited && is_local(learned, &call->to);
}

static bool is_good(enum left_out why)
{
	return why == LEARNED || why == ALLOWED_ALREADY;
}

/* A rule for one side is of no use if the other side cannot have its own. */
static enum left_out learn_call(struct learned *learned, const struct seen_call *call)
{
	struct sample side, hidden;
	enum left_out why = look_at_side(learned, call, call->verb, &side);
	enum left_out other = is_hidden(learned, call)
				      ? look_at_side(learned, call, ACCEPT, &hidden)
				      : ALLOWED_ALREADY;

	if (!is_good(why) || !is_good(other))
		return is_good(why) ? other : why;
	if (why == LEARNED)
		why = remember(learned, &side);
	if (other == LEARNED && is_good(why))
		why = remember(learned, &hidden);
	return why;
}

void learn_note(struct learned *learned, const struct seen_call *call)
{
	enum left_out why = left_out_by(call);

	if (why == LEARNED)
		why = learn_call(learned, call);
	learned->calls[why]++;
}

/* --- Calls that were made --- */

/* The rule that the end would need if it were local. */
static enum left_out look_at_made(const struct learned *learned, const struct seen_call *call,
				  enum rule_verb verb, struct sample *sample)
{
	const struct seen_end *self = verb == CONNECT ? &call->from : &call->to;
	const struct policy *policy = policy_of(learned, self);

	if (!policy || !policy->log_accepted)
		return LEFT_NOT_LOGGED;
	if (!by_text(self->name, NETNS_INIT_NAME))
		return ALLOWED_ALREADY;
	/* It is audited, too, and learned from that line. */
	if ((policy->audit || call->audited) && is_local(learned, self))
		return LEFT_AUDITED;
	return look_at_side(learned, call, verb, sample);
}

/* Whether the end needs no rule from this call, or gets one. */
static bool is_settled(enum left_out why)
{
	return is_good(why) || why == LEFT_NOT_LOGGED || why == LEFT_AUDITED;
}

static enum left_out learn_made(struct learned *learned, const struct seen_call *call)
{
	struct sample side[2];
	enum left_out from = look_at_made(learned, call, CONNECT, &side[0]);
	enum left_out to = look_at_made(learned, call, ACCEPT, &side[1]);

	if (!is_settled(from) || !is_settled(to))
		return is_settled(from) ? to : from;
	if (from == LEARNED)
		from = remember(learned, &side[0]);
	if (to == LEARNED)
		to = remember(learned, &side[1]);
	/* What was learned counts first, and "not logged" only if it holds for both ends. */
	return from < to ? from : to;
}

void learn_note_accepted(struct learned *learned, const struct seen_call *call)
{
	enum left_out why = ALLOWED_ALREADY;

	if (!is_certain(call))
		why = LEFT_UNKNOWN;
	else if (!call->within)
		why = learn_made(learned, call);
	learned->calls[why]++;
}

/* --- Rules --- */

static void collect(const void *node, VISIT which, void *arg)
{
	struct learned *learned = arg;

	if (which == postorder || which == leaf)
		learned->sample[learned->samples++] = *(struct sample *const *)node;
}

static void flatten(struct learned *learned)
{
	learned->sample = memory_checked(calloc(learned->samples + 1, sizeof(*learned->sample)));
	learned->samples = 0;
	twalk_r(learned->tree, collect, learned);
}

static bool is_one_peer(const struct sample *a, const struct sample *b)
{
	return !by_holder(a, b) && a->verb == b->verb && a->peer == b->peer &&
	       a->policy == b->policy && a->port == b->port;
}

/* From `first` on, those that are about one policy at one port; how many namespaces they are of. */
static size_t find_group(const struct learned *learned, size_t first, size_t *namespaces)
{
	struct sample *const *sample = learned->sample;
	size_t i = first + 1;

	*namespaces = 1;
	for (; i < learned->samples && is_one_peer(sample[first], sample[i]); i++)
		*namespaces += !!by_text(sample[i]->other, sample[i - 1]->other);
	return i;
}

static void widen(struct sample *sample)
{
	free(sample->name);
	sample->name = memory_strdup(sample->policy->name);
	sample->peer = BY_POLICY;
}

/* Several namespaces with one policy become that policy. */
static void widen_peers(struct learned *learned)
{
	size_t first, i, end, namespaces;
	const struct sample *sample;

	qsort(learned->sample, learned->samples, sizeof(*learned->sample), by_policy);
	for (first = 0; first < learned->samples; first = end) {
		sample = learned->sample[first];
		end = find_group(learned, first, &namespaces);
		if (sample->peer != BY_NAME || !sample->policy || namespaces < LEARN_PEERS ||
		    !is_usable(sample->policy->name))
			continue;
		for (i = first; i < end; i++)
			widen(learned->sample[i]);
	}
}

static void add_word(struct words *words, const char *word)
{
	size_t i;

	for (i = 0; i < words->count; i++)
		if (!by_text(words->word[i], word))
			return;
	*array_add(words->word, words->count, words->room) = word;
}

static void add_range(struct ranges *ranges, __u32 first, __u32 last)
{
	*array_add(ranges->range, ranges->count, ranges->room) = (struct range){ first, last };
}

/* Sorted, each once. */
struct numbers {
	__u32 *number;
	size_t count, room;
};

/* Where the numbers stop that begin at `first` and have no hole longer than this. */
static size_t run_end(const struct numbers *numbers, size_t first, __u32 hole)
{
	size_t i = first + 1;

	while (i < numbers->count && numbers->number[i] - numbers->number[i - 1] <= hole + 1)
		i++;
	return i;
}

static bool is_dense(const struct numbers *numbers, size_t first, size_t end)
{
	__u64 width = 1ULL + numbers->number[end - 1] - numbers->number[first];

	return end - first >= LEARN_PORTS && 4 * (end - first) >= 3 * width;
}

static void add_ranges(struct ranges *ranges, const struct numbers *numbers, __u32 hole)
{
	size_t first, end;

	for (first = 0; first < numbers->count; first = end) {
		end = run_end(numbers, first, hole);
		if (hole && !is_dense(numbers, first, end))
			end = run_end(numbers, first, 0);
		add_range(ranges, numbers->number[first], numbers->number[end - 1]);
	}
}

/* The samples from `first` on that one rule is made of. */
static size_t make_rule(const struct learned *learned, size_t first, struct learned_rule *rule)
{
	const struct sample *begin = learned->sample[first], *sample = begin;
	struct numbers ports = {};
	size_t i;

	*rule = (struct learned_rule){ .verb = begin->verb,
				       .peer = begin->peer,
				       .name = begin->name };
	if (begin->peer == BY_CID)
		add_range(&rule->cids, begin->cid, begin->cid);
	for (i = first; i < learned->samples && !by_rule(begin, learned->sample[i]); i++) {
		sample = learned->sample[i];
		if (!ports.count || ports.number[ports.count - 1] != sample->port)
			*array_add(ports.number, ports.count, ports.room) = sample->port;
		rule->calls += sample->calls;
		add_word(&rule->own, sample->own);
		add_word(&rule->peers, sample->other);
	}
	add_ranges(&rule->ports, &ports, LEARN_HOLE);
	rule->seen = ports.count;
	free(ports.number);
	return i;
}

static bool is_same_ports(const struct learned_rule *a, const struct learned_rule *b)
{
	return a->ports.count == b->ports.count &&
	       !memcmp(a->ports.range, b->ports.range, a->ports.count * sizeof(*a->ports.range));
}

static void free_rule(struct learned_rule *rule)
{
	free(rule->cids.range);
	free(rule->ports.range);
	free(rule->own.word);
	free(rule->peers.word);
}

static void add_words(struct words *words, const struct words *more)
{
	size_t i;

	for (i = 0; i < more->count; i++)
		add_word(words, more->word[i]);
}

/* The CIDs come in their order. */
static void merge_rule(struct learned_rule *into, struct learned_rule *rule)
{
	struct range *last = &into->cids.range[into->cids.count - 1];
	__u32 cid = rule->cids.range[0].first;

	if (last->last + 1 == cid)
		last->last = cid;
	else
		add_range(&into->cids, cid, cid);
	into->calls += rule->calls;
	into->seen = MAX(into->seen, rule->seen);
	add_words(&into->own, &rule->own);
	add_words(&into->peers, &rule->peers);
	free_rule(rule);
}

/* Guests with the same ports are one rule. */
static void add_rule(struct learned_policy *policy, struct learned_rule *rule)
{
	struct learned_rule *other;
	size_t i;

	for (i = 0; rule->peer == BY_CID && i < policy->rules; i++) {
		other = &policy->rule[i];
		if (other->peer == BY_CID && other->verb == rule->verb &&
		    is_same_ports(other, rule)) {
			merge_rule(other, rule);
			return;
		}
	}
	*array_add(policy->rule, policy->rules, policy->room) = *rule;
}

static struct learned_policy *add_policy(struct learned *learned, const struct sample *sample)
{
	struct learned_policy *policy = array_add(learned->policy, learned->count, learned->room);

	*policy = (struct learned_policy){ .before = sample->before, .netns = sample->own };
	policy->name = sample->before ? memory_strdup(sample->before->name)
				      : memory_printf(PREFIX "%s", sample->own);
	return policy;
}

void learn_finish(struct learned *learned)
{
	struct learned_policy *policy = NULL;
	struct learned_rule rule;
	size_t first, end;

	flatten(learned);
	widen_peers(learned);
	qsort(learned->sample, learned->samples, sizeof(*learned->sample), by_all_of);
	for (first = 0; first < learned->samples; first = end) {
		if (!first || by_holder(learned->sample[first - 1], learned->sample[first]))
			policy = add_policy(learned, learned->sample[first]);
		end = make_rule(learned, first, &rule);
		add_rule(policy, &rule);
	}
}

static void free_sample(void *arg)
{
	struct sample *sample = arg;

	free(sample->own);
	free(sample->name);
	free(sample->other);
	free(sample);
}

void learn_free(struct learned *learned)
{
	size_t i, j;

	for (i = 0; i < learned->count; i++) {
		for (j = 0; j < learned->policy[i].rules; j++)
			free_rule(&learned->policy[i].rule[j]);
		free(learned->policy[i].rule);
		free(learned->policy[i].name);
	}
	free(learned->policy);
	free(learned->sample);
	tdestroy(learned->tree, free_sample);
	*learned = (struct learned){};
}

const char *learn_left_out_text(enum left_out why)
{
	static const char *const texts[LEFT_OUTS] = {
		[ALLOWED_ALREADY] = "the policies allow them already",
		[LEFT_UNKNOWN] = "an end could not be identified",
		[LEFT_HELD] = "a namespace was new, and its policy was not known yet",
		[LEFT_DENIED] = "a Deny= refuses them, which no Allow= lifts",
		[LEFT_PORT] = "another namespace held the port, which no rule changes",
		[LEFT_SEALED] = "the answer came from an end that may not be talked to",
		[LEFT_NAMELESS] = "an end has no policy, and no name that a rule can have",
		[LEFT_NO_FILE] = "an end has a policy whose file is not there",
		[LEFT_MANY] = "there is no room for so many different ones",
		[LEFT_NOT_LOGGED] =
			"they were made, and neither end has a policy with Log=accepted",
		[LEFT_AUDITED] = "they were made, and are learned from as audited calls",
		[LEFT_DROPPED] = "they were counted and not reported, so nothing is known of them",
	};

	return texts[why] ?: "";
}
