// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is learned: each rule, its evidence, and what is left out. Of random traffic half is learned
 * from; the verdict of the programs, in C, then allows the other half, and nothing that was not of
 * its kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/kernel-side.h"
#include "policy/compile.h"
#include "policy/learn.h"
#include "policy/match.h"
#include "policy/policies.h"
#include "policy/read.h"
#include "unit.h"

/* --- Calls, and what comes of them --- */

#define FRONT                                                                                      \
	"[Match]\nName=web*\n[Namespace]\nMode=local\nAudit=yes\n[Rules]\nDeny=connect to host\n"
#define QUIET_FRONT "[Match]\nName=web*\n[Namespace]\nMode=local\n[Rules]\nDeny=connect to host\n"
#define BACK	    "[Match]\nName=db\n[Namespace]\nMode=local\n"

static struct policies policies;
static struct learned learned;

static int begin(void **state)
{
	(void)state;
	policies = (struct policies){};
	policy_read(&policies, "back", "back.policy", BACK, strlen(BACK));
	policy_read(&policies, "front", "front.policy", FRONT, strlen(FRONT));
	assert_int_equal(policies.mistakes, 0);
	learn_begin(&learned, &policies);
	return 0;
}

static int end(void **state)
{
	(void)state;
	learn_free(&learned);
	policies_free(&policies);
	return 0;
}

static struct seen_call call_of(const char *from, const char *to, __u32 port)
{
	return (struct seen_call){ .from = { .name = from },
				   .to = { .name = to },
				   .port = port,
				   .reason = REASON_MODE,
				   .verb = CONNECT };
}

static void note(const char *from, const char *to, __u32 port)
{
	struct seen_call call = call_of(from, to, port);

	learn_note(&learned, &call);
}

static void note_ports(const char *from, const char *to, __u32 first, __u32 last)
{
	for (; first <= last; first++)
		note(from, to, first);
}

static char *text_of(const struct learned_policy *policy, const char *before)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	learn_put_policy(out, policy, before, before ? strlen(before) : 0);
	fclose(out);
	return text;
}

/* Of the only policy, if it was there before. */
static void says(const char *before, const char *wanted)
{
	char *text;

	learn_finish(&learned);
	assert_int_equal(learned.count, 1);
	text = text_of(&learned.policy[0], before);
	assert_string_equal(text, wanted);
	free(text);
}

#define NEW(name, rules) "[Match]\nName=" name "\n\n[Namespace]\nMode=local\n\n[Rules]\n" rules

static void test_new_policy(void **state)
{
	(void)state;
	note("app", "cache", 22);
	note("app", "cache", 22);
	says(NULL, NEW("app", "# 2 calls from app to cache\n"
			      "Allow=connect to namespace cache port 22\n"));
	assert_string_equal(learned.policy[0].name, "learned-app");
}

/* All that was in the file stays, but for Audit=. */
static void test_changed_policy(void **state)
{
	(void)state;
	note("web1", "cache", 22);
	says(FRONT, "[Match]\nName=web*\n[Namespace]\nMode=local\n"
		    "# Taken out by vsockctl learn, so that what was not seen is refused:\n"
		    "#Audit=yes\n[Rules]\n"
		    "# 1 call from web1 to cache\n"
		    "Allow=connect to namespace cache port 22\n"
		    "Deny=connect to host\n");
	assert_string_equal(learned.policy[0].name, "front");
}

static void test_policy_without_rules(void **state)
{
	struct seen_call call = call_of("cache", "db", 5432);

	(void)state;
	call.verb = ACCEPT;
	learn_note(&learned, &call);
	says(BACK, BACK "\n[Rules]\n# 1 call from cache to db\n"
			"Allow=accept from namespace cache port 5432\n");
}

/* A caller that refuses hides what the other end would say. */
static void test_both_sides(void **state)
{
	struct seen_call call = call_of("app", "cache", 22);

	(void)state;
	call.to.is_local = true;
	learn_note(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 2);
	assert_int_equal(learned.policy[0].rule[0].verb, CONNECT);
	assert_string_equal(learned.policy[1].name, "learned-cache");
	assert_int_equal(learned.policy[1].rule[0].verb, ACCEPT);
}

/* One that is audited does not: the other end tells itself. */
static void test_audited_hides_nothing(void **state)
{
	struct seen_call call = call_of("app", "cache", 22);

	(void)state;
	call.to.is_local = call.audited = true;
	learn_note(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 1);
}

/* By its policy, too, as a log may not say the mode. */
static void test_local_by_policy(void **state)
{
	struct seen_call call = call_of("app", "db", 22);

	(void)state;
	call.to.policy = "back";
	learn_note(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 2);
}

#define VM "[Match]\nGuest=42\n[Namespace]\nMode=local\n"
#define APP                                                                                        \
	"[Match]\nName=app\n[Namespace]\nMode=local\n[Rules]\nAllow=connect to namespace (init)\n"

static void begin_with_guest(void)
{
	end(NULL);
	policies = (struct policies){};
	policy_read(&policies, "app", "app.policy", APP, strlen(APP));
	policy_read(&policies, "vm", "vm.policy", VM, strlen(VM));
	assert_int_equal(policies.mistakes, 0);
	learn_begin(&learned, &policies);
}

static struct seen_call call_to_guest(const char *from, enum rule_verb verb)
{
	struct seen_call call = call_of(from, "(init)", 22);

	call.verb = verb;
	call.to.cid = 42;
	call.to.policy = "vm";
	return call;
}

/* What the initial namespace never needs, its guest with a policy of its own does. */
static void test_guest_with_a_policy(void **state)
{
	struct seen_call call = call_to_guest("(init)", ACCEPT);

	(void)state;
	begin_with_guest();
	learn_note(&learned, &call);
	says(VM, VM "\n[Rules]\n# 1 call from (init) to (init)\n"
		    "Allow=accept from namespace (init) port 22\n");
}

/* A rule about the initial namespace is not about it. */
static void test_guest_of_no_namespace(void **state)
{
	struct seen_call call = call_to_guest("app", CONNECT);

	(void)state;
	begin_with_guest();
	call.audited = true;
	learn_note(&learned, &call);
	assert_int_equal(learned.calls[ALLOWED_ALREADY], 0);
	assert_int_equal(learned.samples, 1);
}

/* --- Calls that were made --- */

#define LOGGED "[Match]\nName=log*\n[Namespace]\nLog=accepted\n"

static struct seen_call made_call(const char *from, const char *to, __u32 port)
{
	struct seen_call call = call_of(from, to, port);

	call.reason = PERMITTED;
	call.verb = ACCEPT;
	return call;
}

static void log_for(const char *text)
{
	policy_read(&policies, "logged", "logged.policy", text, strlen(text));
	assert_int_equal(policies.mistakes, 0);
}

/* The policy that logs gets the rules that it would need, the other end gets none. */
static void test_made(void **state)
{
	struct seen_call out = made_call("log1", "cache", 22), in = made_call("app", "log1", 80);

	(void)state;
	log_for(LOGGED);
	out.from.policy = in.to.policy = "logged";
	learn_note_accepted(&learned, &out);
	learn_note_accepted(&learned, &in);
	says(LOGGED, LOGGED "\n[Rules]\n"
			    "# 1 call from log1 to cache\n"
			    "Allow=connect to namespace cache port 22\n"
			    "# 1 call from app to log1\n"
			    "Allow=accept from namespace app port 80\n");
}

static void test_made_without_log(void **state)
{
	struct seen_call call = made_call("db", "web1", 22);

	(void)state;
	call.from.policy = "back";
	call.to.policy = "front";
	learn_note_accepted(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 0);
	assert_int_equal(learned.calls[LEFT_NOT_LOGGED], 1);
}

/* A mode has nothing against them. */
static void test_made_within(void **state)
{
	struct seen_call call = made_call("log1", "log1", 22);

	(void)state;
	log_for(LOGGED);
	call.from.policy = call.to.policy = "logged";
	call.within = true;
	learn_note_accepted(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 0);
	assert_int_equal(learned.calls[ALLOWED_ALREADY], 1);
}

/* The line of the audit says the same. */
static void test_made_and_audited(void **state)
{
	struct seen_call call = made_call("log1", "cache", 22);

	(void)state;
	log_for(LOGGED "Mode=local\nAudit=yes\n");
	call.from.policy = "logged";
	learn_note_accepted(&learned, &call);
	assert_int_equal(learned.calls[LEFT_AUDITED], 1);
	call.verb = CONNECT;
	call.reason = REASON_MODE;
	call.audited = true;
	learn_note(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 1);
	assert_int_equal(learned.policy[0].rule[0].calls, 1);
}

/* By the whole run, which no file says. */
static void test_made_in_an_audit(void **state)
{
	struct seen_call call = made_call("log1", "cache", 22);

	(void)state;
	log_for(LOGGED);
	call.from.policy = "logged";
	call.from.is_local = call.audited = true;
	learn_note_accepted(&learned, &call);
	assert_int_equal(learned.calls[LEFT_AUDITED], 1);
}

static void test_made_with_init(void **state)
{
	struct seen_call call = made_call("log1", NETNS_INIT_NAME, 22);

	(void)state;
	log_for(LOGGED);
	call.from.policy = call.to.policy = "logged";
	learn_note_accepted(&learned, &call);
	learn_finish(&learned);
	assert_int_equal(learned.count, 1);
	assert_int_equal(learned.policy[0].rule[0].verb, CONNECT);
	assert_int_equal(learned.policy[0].rules, 1);
}

/* --- Ports and peers --- */

static void test_ports_are_a_list(void **state)
{
	(void)state;
	note("app", "cache", 80);
	note_ports("app", "cache", 22, 24);
	note("app", "cache", 443);
	says(NULL, NEW("app", "# 5 calls from app to cache\n"
			      "Allow=connect to namespace cache port 22-24,80,443\n"));
}

static void test_range_with_holes(void **state)
{
	(void)state;
	note_ports("app", "cache", 1000, 1005);
	note_ports("app", "cache", 1009, 1014);
	says(NULL, NEW("app", "# 12 calls from app to cache; 12 of these 15 ports\n"
			      "Allow=connect to namespace cache port 1000-1014\n"));
}

/* Each of the three numbers is needed. */
static void test_too_little_for_a_range(void **state)
{
	(void)state;
	/* Seven ports. */
	note_ports("app", "cache", 1000, 1003);
	note_ports("app", "cache", 1005, 1007);
	/* A hole of four. */
	note_ports("app", "cache", 2000, 2010);
	note_ports("app", "cache", 2015, 2025);
	/* Two thirds. */
	note_ports("app", "cache", 3000, 3003);
	note_ports("app", "cache", 3006, 3009);
	note_ports("app", "cache", 3012, 3015);
	note_ports("app", "cache", 3019, 3022);
	says(NULL, NEW("app", "# 45 calls from app to cache\n"
			      "Allow=connect to namespace cache port "
			      "1000-1003,1005-1007,2000-2010,2015-2025,3000-3003,3006-3009\n"
			      "Allow=connect to namespace cache port 3012-3015,3019-3022\n"));
}

static void note_peer(const char *peer, const char *policy, __u32 port)
{
	struct seen_call call = call_of("app", peer, port);

	call.to.policy = policy;
	/* Its own side is another matter. */
	call.audited = true;
	learn_note(&learned, &call);
}

static void test_three_peers_are_a_policy(void **state)
{
	(void)state;
	note_peer("web1", "front", 80);
	note_peer("web2", "front", 80);
	note_peer("web3", "front", 80);
	note_peer("web1", "front", 81);
	note_peer("web2", "front", 81);
	says(NULL, NEW("app", "# 3 calls from app to web1, web2, web3\n"
			      "Allow=connect to policy front port 80\n"
			      "# 1 call from app to web1\n"
			      "Allow=connect to namespace web1 port 81\n"
			      "# 1 call from app to web2\n"
			      "Allow=connect to namespace web2 port 81\n"));
}

static void note_guest(__u32 cid, __u32 port)
{
	struct seen_call call = call_of("app", "db", port);

	call.to.policy = "back";
	call.to.cid = cid;
	call.audited = true;
	learn_note(&learned, &call);
}

static void test_guests_with_the_same_ports(void **state)
{
	(void)state;
	note_guest(42, 22);
	note_guest(43, 22);
	note_guest(45, 22);
	note_guest(50, 23);
	says(NULL, NEW("app", "# 3 calls from app to guests of db\n"
			      "Allow=connect to guest 42-43,45 port 22\n"
			      "# 1 call from app to guests of db\n"
			      "Allow=connect to guest 50 port 23\n"));
}

static void test_host(void **state)
{
	struct seen_call call = call_of("app", NULL, 22);

	(void)state;
	call.to = (struct seen_end){ .is_outside = true };
	learn_note(&learned, &call);
	says(NULL, NEW("app", "# 1 call from app to the host\nAllow=connect to host port 22\n"));
}

/* A name that nobody can write, and a policy: the rule is about that. */
static void test_peer_without_name(void **state)
{
	(void)state;
	note_peer(NULL, "front", 80);
	note_peer("a b", "front", 80);
	says(NULL, NEW("app", "# 2 calls from app to (no name), a b\n"
			      "Allow=connect to policy front port 80\n"));
}

/* --- What is left out --- */

static void left_out(const struct seen_call *call, enum left_out why)
{
	__u64 before = learned.calls[why];

	learn_note(&learned, call);
	assert_int_equal(learned.calls[why], before + 1);
	assert_true(*learn_left_out_text(why));
}

static void test_reasons(void **state)
{
	static const enum left_out why[REASONS] = {
		[PERMITTED] = LEFT_UNKNOWN,   [REASON_MODE] = LEARNED,
		[REASON_RULE] = LEFT_DENIED,  [REASON_BIND] = LEFT_DENIED,
		[REASON_GUEST] = LEFT_DENIED, [REASON_UNKNOWN] = LEFT_UNKNOWN,
		[REASON_PORT] = LEFT_PORT,    [REASON_HELD] = LEFT_HELD,
	};
	struct seen_call call = call_of("app", "cache", 22);
	int reason;

	(void)state;
	for (reason = 0; reason < REASONS; reason++) {
		call.reason = reason;
		if (reason != REASON_MODE)
			left_out(&call, why[reason]);
	}
	assert_int_equal(learned.samples, 0);
}

static void test_ends_left_out(void **state)
{
	struct seen_call call = call_of("app", "cache", 22);

	(void)state;
	call.from.is_unknown = true;
	left_out(&call, LEFT_UNKNOWN);
	call = call_of("app", "cache", ~0U);
	left_out(&call, LEFT_UNKNOWN);
	call = call_of("app", "cache", 22);
	call.to.cid = 1;
	left_out(&call, LEFT_UNKNOWN);
	call = call_of(NULL, "cache", 22);
	left_out(&call, LEFT_NAMELESS);
	call = call_of("app", NULL, 22);
	left_out(&call, LEFT_NAMELESS);
	call = call_of("a*", "cache", 22);
	left_out(&call, LEFT_NAMELESS);
	call = call_of("app", "b\nAllow=x", 22);
	left_out(&call, LEFT_NAMELESS);
	call = call_of("(init)", "cache", 22);
	left_out(&call, LEFT_UNKNOWN);
	call = call_of("app", "cache", 22);
	call.from.policy = "gone";
	left_out(&call, LEFT_NO_FILE);
	call = call_of("app", NULL, 22);
	call.to.policy = "gone";
	left_out(&call, LEFT_NO_FILE);
	assert_int_equal(learned.samples, 0);
}

/* One side alone would be of no use. */
static void test_hidden_side_left_out(void **state)
{
	struct seen_call call = call_of("app", "cache", 22);

	(void)state;
	call.to.is_local = true;
	call.to.policy = "gone";
	left_out(&call, LEFT_NO_FILE);
	assert_int_equal(learned.samples, 0);
}

static void test_rules_that_are_there(void **state)
{
	static const char more[] = "[Match]\nName=more\n[Namespace]\nMode=local\n[Rules]\n"
				   "Allow=connect to namespace cache port 22\n"
				   "Deny=connect to namespace cache port 23\n"
				   "Deny=bind port 24\nDeny=guest 42\n";
	struct seen_call call = call_of("more", "cache", 22);

	(void)state;
	policy_read(&policies, "more", "more.policy", more, strlen(more));
	left_out(&call, ALLOWED_ALREADY);
	call.port = 23;
	left_out(&call, LEFT_DENIED);
	call = call_of("more", "cache", 25);
	call.from.cid = 42;
	left_out(&call, LEFT_DENIED);
	call = call_of("cache", "more", 24);
	call.verb = ACCEPT;
	left_out(&call, LEFT_DENIED);
	assert_int_equal(learned.samples, 0);
}

static void test_no_room(void **state)
{
	struct seen_call call = call_of("app", "cache", 0);

	(void)state;
	for (call.port = 0; call.port < LEARN_MOST; call.port++)
		learn_note(&learned, &call);
	assert_int_equal(learned.calls[LEARNED], LEARN_MOST);
	left_out(&call, LEFT_MANY);
	call.port = 0;
	learn_note(&learned, &call);
	assert_int_equal(learned.calls[LEARNED], LEARN_MOST + 1);
	says(NULL, NEW("app", "# 65537 calls from app to cache\n"
			      "Allow=connect to namespace cache port 0-65535\n"));
}

/* --- Half of a traffic --- */

#define SPACES	  9
#define KINDS	  6
#define WIDTH	  30 /* ports of a kind, at most */
#define ROUNDS	  200
#define STRANGERS 2000
#define FIRST_CID 100

/* web1 to web3 and db have the policies above, app1 to app3 are local without, others global. */
static const char *const space_names[SPACES] = { "web1", "web2", "web3", "db",	"app1",
						 "app2", "app3", "any1", "any2" };
#define FIRST_APP 4
#define FIRST_ANY 7

/* Calls of one kind: ends, and ports from `port` on, all of them or every tenth. */
struct kind {
	struct end from, to; /* netns is the index of the namespace, plus one */
	__u32 ports, step;
};

static struct kind kinds[KINDS];
static struct compiled compiled;
static struct peer_names peer_names;
static __u64 seed = 20261129;

static __u32 below(__u32 limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

static struct end any_end(void)
{
	struct end end = { .netns = 1 + below(SPACES) };

	if (!below(4))
		end.cid = FIRST_CID + end.netns;
	return end;
}

static void make_kinds(void)
{
	static const __u32 widths[] = { 1, 4, WIDTH };
	int i;

	for (i = 0; i < KINDS; i++) {
		kinds[i] = (struct kind){ .from = any_end(), .to = any_end() };
		kinds[i].to.port = 1000 * (1 + below(3));
		kinds[i].ports = widths[below(3)];
		kinds[i].step = kinds[i].ports == WIDTH ? 1 : 10;
	}
}

static bool is_local_space(netns_id id)
{
	return id - 1 < FIRST_ANY;
}

/* What the programs have: the policies as cells, and which namespace has which. */
static void put_in_force(const struct policies *set)
{
	char *name[1];
	struct traits traits = { .names = { name, 1 } };
	size_t i, index;

	peer_names_take(&peer_names, set);
	assert_int_equal(policies_compile(set, &peer_names, &compiled), 0);
	half_cells = compiled.cells;
	half_count = compiled.count;
	state = (struct layer_state){ .gates_wanted = YES, .has_rules = YES };
	record_count = SPACES;
	for (i = 0; i < SPACES; i++) {
		name[0] = (char *)space_names[i];
		index = policies_match(set, &traits);
		records[i] = (struct netns_record){ .mode = i >= FIRST_APP && i < FIRST_ANY };
		records[i].binding[0].policy = index == NO_POLICY ? 0 : policy_cell(index);
		records[i].binding[0].name = peer_names_number(&peer_names, name[0]);
	}
}

static void take_out(void)
{
	compiled_free(&compiled);
	peer_names_free(&peer_names);
}

static struct seen_end seen(const struct end *end)
{
	size_t space = end->netns - 1;

	return (struct seen_end){ .name = space_names[space],
				  .policy = space < 3	 ? "front"
					    : space == 3 ? "back"
							 : NULL,
				  .cid = end->cid,
				  .is_local = is_local_space(end->netns) };
}

static void tell(const struct call *call, __u32 objection)
{
	struct seen_call told = { .from = seen(&call->from),
				  .to = seen(&call->to),
				  .port = call->to.port,
				  .reason = objection & REASON,
				  .verb = objection >> VERB_SHIFT & 0xff,
				  .audited = objection & AUDITED };

	if (objection != AGREED)
		learn_note(&learned, &told);
}

/* As judge() reports it. */
static void make_call(const struct call *call)
{
	__u32 caller = ask_end(call, 0);

	tell(call, caller);
	if (!is_refusal(caller))
		tell(call, ask_end(call, OF_CALLED));
}

static struct call call_at(const struct kind *kind, __u32 port)
{
	struct call call = { .from = kind->from, .to = kind->to };

	call.to.port = kind->to.port + port * kind->step;
	return call;
}

/* The other half: numbers of calls by kind and port. */
static __u32 others[KINDS][WIDTH];

/* Of what is seldom each half has some, as of the ends of a range. */
static void share_calls(int kind, __u32 port)
{
	const struct kind *of = &kinds[kind];
	bool edge = of->step > 1 || !port || port == of->ports - 1;
	struct call call = call_at(of, port);
	__u32 calls = 3 + below(4);

	others[kind][port] = edge;
	if (edge)
		make_call(&call);
	while (calls--) {
		if (below(2))
			others[kind][port]++;
		else
			make_call(&call);
	}
}

static void make_traffic(void)
{
	__u32 port;
	int i;

	for (i = 0; i < KINDS; i++)
		for (port = 0; port < kinds[i].ports; port++)
			share_calls(i, port);
}

/* The set as it would be: what was there, changed or without Audit=yes, and what is new. */
static void parse_learned(struct policies *set)
{
	static const char *const texts[] = { BACK, FRONT };
	static const char *const kept[] = { BACK, QUIET_FRONT };
	bool changed[2] = {};
	char *text;
	size_t i;

	*set = (struct policies){};
	for (i = 0; i < learned.count; i++) {
		const struct learned_policy *policy = &learned.policy[i];
		size_t old = policy->before ? policy->before - policies.policy : 0;

		text = text_of(policy, policy->before ? texts[old] : NULL);
		policy_read(set, policy->name, "learned", text, strlen(text));
		free(text);
		if (policy->before)
			changed[old] = true;
	}
	for (i = 0; i < 2; i++)
		if (!changed[i])
			policy_read(set, policies.policy[i].name, "kept", kept[i], strlen(kept[i]));
	assert_int_equal(set->mistakes, 0);
}

static bool is_allowed(const struct call *call)
{
	return !is_refusal(ask_end(call, 0)) && !is_refusal(ask_end(call, OF_CALLED));
}

static void check_other_half(void)
{
	struct call call;
	__u32 port;
	int i;

	for (i = 0; i < KINDS; i++)
		for (port = 0; port < kinds[i].ports; port++) {
			call = call_at(&kinds[i], port);
			if (others[i][port])
				assert_true(is_allowed(&call));
		}
}

static int holder_of(netns_id id)
{
	return id <= 3 ? 0 : id;
}

static bool has_port(const struct kind *kind, __u32 port)
{
	return port >= kind->to.port && !((port - kind->to.port) % kind->step) &&
	       (port - kind->to.port) / kind->step < kind->ports;
}

/* A guest is one by its CID, a namespace by its name, with its guests. */
static bool is_peer(const struct end *seen_peer, const struct end *peer)
{
	return seen_peer->cid ? seen_peer->cid == peer->cid : seen_peer->netns == peer->netns;
}

/* Whether one side of the call was seen: by the rules' own measure of who is who. */
static bool was_seen(const struct call *call, bool of_called)
{
	const struct end *self = of_called ? &call->to : &call->from;
	const struct end *peer = of_called ? &call->from : &call->to;
	int i;

	for (i = 0; i < KINDS; i++) {
		const struct end *own = of_called ? &kinds[i].to : &kinds[i].from;
		const struct end *other = of_called ? &kinds[i].from : &kinds[i].to;

		if (holder_of(own->netns) == holder_of(self->netns) && is_peer(other, peer) &&
		    has_port(&kinds[i], call->to.port))
			return true;
	}
	return false;
}

/* Three namespaces of one policy at one port are more than was seen: the test of that is above. */
static bool peers_were_widened(void)
{
	size_t i, j;

	for (i = 0; i < learned.count; i++)
		for (j = 0; j < learned.policy[i].rules; j++)
			if (learned.policy[i].rule[j].peer == BY_POLICY)
				return true;
	return false;
}

static struct call any_call(void)
{
	const struct kind *kind = &kinds[below(KINDS)];
	struct call call = { .from = any_end(), .to = any_end() };

	if (below(3))
		call.from = kind->from;
	if (below(3))
		call.to = kind->to;
	call.to.port = kind->to.port + below(50) - 5;
	return call;
}

static size_t refused, allowed;

static void check_strangers(void)
{
	struct call call;
	int i;

	for (i = 0; i < STRANGERS; i++) {
		call = any_call();
		if (call.from.netns == call.to.netns)
			continue;
		if ((is_local_space(call.from.netns) && !was_seen(&call, false)) ||
		    (is_local_space(call.to.netns) && !was_seen(&call, true))) {
			refused++;
			assert_false(is_allowed(&call));
		} else {
			allowed++;
		}
	}
}

static void try_traffic(void)
{
	struct policies set;

	begin(NULL);
	make_kinds();
	put_in_force(&policies);
	make_traffic();
	take_out();
	learn_finish(&learned);
	parse_learned(&set);
	put_in_force(&set);
	check_other_half();
	if (!peers_were_widened())
		check_strangers();
	take_out();
	policies_free(&set);
	end(NULL);
}

static void test_half_of_a_traffic(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++)
		try_traffic();
	/* Both were tried. */
	assert_true(refused > 10000 && allowed > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_policy, begin, end),
		cmocka_unit_test_setup_teardown(test_changed_policy, begin, end),
		cmocka_unit_test_setup_teardown(test_policy_without_rules, begin, end),
		cmocka_unit_test_setup_teardown(test_both_sides, begin, end),
		cmocka_unit_test_setup_teardown(test_audited_hides_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_local_by_policy, begin, end),
		cmocka_unit_test_setup_teardown(test_guest_with_a_policy, begin, end),
		cmocka_unit_test_setup_teardown(test_guest_of_no_namespace, begin, end),
		cmocka_unit_test_setup_teardown(test_made, begin, end),
		cmocka_unit_test_setup_teardown(test_made_without_log, begin, end),
		cmocka_unit_test_setup_teardown(test_made_within, begin, end),
		cmocka_unit_test_setup_teardown(test_made_and_audited, begin, end),
		cmocka_unit_test_setup_teardown(test_made_in_an_audit, begin, end),
		cmocka_unit_test_setup_teardown(test_made_with_init, begin, end),
		cmocka_unit_test_setup_teardown(test_ports_are_a_list, begin, end),
		cmocka_unit_test_setup_teardown(test_range_with_holes, begin, end),
		cmocka_unit_test_setup_teardown(test_too_little_for_a_range, begin, end),
		cmocka_unit_test_setup_teardown(test_three_peers_are_a_policy, begin, end),
		cmocka_unit_test_setup_teardown(test_guests_with_the_same_ports, begin, end),
		cmocka_unit_test_setup_teardown(test_host, begin, end),
		cmocka_unit_test_setup_teardown(test_peer_without_name, begin, end),
		cmocka_unit_test_setup_teardown(test_reasons, begin, end),
		cmocka_unit_test_setup_teardown(test_ends_left_out, begin, end),
		cmocka_unit_test_setup_teardown(test_hidden_side_left_out, begin, end),
		cmocka_unit_test_setup_teardown(test_rules_that_are_there, begin, end),
		cmocka_unit_test_setup_teardown(test_no_room, begin, end),
		cmocka_unit_test(test_half_of_a_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
