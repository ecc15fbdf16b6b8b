// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random policies, and random calls between those who have them: the kernel's verdict, what it
 * counts and what it audits are what a plain reading of the rules says. Policies are written as
 * text, so that the parser and the compiler have their part in it. Loads the verdict and asks it;
 * attaches nothing.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/tap.h"
#include "model/plain.h"
#include "policy/compile.h"
#include "policy/policies.h"
#include "verdict.skel.h"

#define DIR	 "/tmp/policies"
#define POLICIES 6
#define RULES	 8
#define SPACES	 8
#define NAMES	 4
#define INIT	 1 /* identity of the initial namespace, whose guests can have a policy */

static struct verdict_bpf *bpf;
static struct policies policies;
static struct peer_names peer_names;
static struct compiled compiled;

/* Namespaces by identity - 1, the outside and who cannot be told beside them. */
static struct space spaces[SPACES];

/* Not rand(): the same everywhere for one seed. */
static __u64 seed;

static __u32 below(__u32 limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

static bool chance(__u32 in)
{
	return !below(in);
}

/* Few numbers, and their neighbours: what is drawn for a call is often an edge of a rule. */
static __u32 any_port(void)
{
	static const __u32 rare[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffd, 0xfffffffe };

	return chance(8) ? rare[below(6)] : 1000 + below(24);
}

static __u32 any_cid(void)
{
	static const __u32 rare[] = { 0x80000000, 0xfffffffd, 0xfffffffe };

	return chance(8) ? rare[below(3)] : 3 + below(12);
}

static void write_list(FILE *file, __u32 (*any)(void))
{
	int count = 1 + below(4);
	__u32 a, b;

	for (; count; count--) {
		a = any();
		b = chance(2) ? any() : a;
		if (a == b)
			fprintf(file, "%u", a);
		else
			fprintf(file, "%u-%u", a < b ? a : b, a < b ? b : a);
		fputs(count > 1 ? "," : "", file);
	}
}

static void write_peer(FILE *file)
{
	switch (below(6)) {
	case 0:
		fputs("anyone", file);
		break;
	case 1:
		fputs("host", file);
		break;
	case 2:
		fputs("guests", file);
		break;
	case 3:
		fputs("guest ", file);
		write_list(file, any_cid);
		break;
	case 4:
		fprintf(file, "namespace n%u", below(NAMES));
		break;
	default:
		fprintf(file, "policy p%u", below(POLICIES));
	}
}

static void write_ports(FILE *file)
{
	if (chance(4))
		return;
	fputs(" port ", file);
	write_list(file, any_port);
}

static void write_rule(FILE *file, bool for_guests)
{
	bool connect = chance(2);

	if (!for_guests && chance(6)) {
		fputs("Deny=bind", file);
		write_ports(file);
	} else if (!for_guests && chance(6)) {
		fputs("Deny=guest ", file);
		write_list(file, any_cid);
	} else {
		fputs(chance(2) ? "Deny=" : "Allow=", file);
		fputs(connect ? "connect to " : "accept from ", file);
		write_peer(file);
		write_ports(file);
	}
	fputc('\n', file);
}

static void write_match(FILE *file, int number, bool for_guests)
{
	fputs("[Match]\n", file);
	if (for_guests) {
		fputs("Guest=", file);
		write_list(file, any_cid);
		fputc('\n', file);
	} else {
		fprintf(file, "Name=n%d\n", number);
	}
}

static void write_policy(int number)
{
	int rules = below(RULES);
	bool for_guests = chance(3);
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), DIR "/p%d.policy", number);
	file = fopen(path, "we");
	if (!file)
		tap_bail("%s: %s", path, strerror(errno));
	write_match(file, number, for_guests);
	fprintf(file, "[Namespace]\nMode=%s\nAudit=%s\n[Rules]\n", chance(6) ? "local" : "global",
		chance(6) ? "yes" : "no");
	while (rules--)
		write_rule(file, for_guests);
	fclose(file);
}

static void make_policies(void)
{
	int i;

	policies_free(&policies);
	compiled_free(&compiled);
	peer_names_free(&peer_names);
	mkdir(DIR, 0700);
	for (i = 0; i < POLICIES; i++)
		write_policy(i);
	if (policies_read(&policies, DIR))
		tap_bail("policies of seed %llu", seed);
	peer_names_take(&peer_names, &policies);
	if (policies_compile(&policies, &peer_names, &compiled))
		tap_bail("policies of seed %llu", seed);
}

/* --- What the kernel knows --- */

/*
 * Another number each time: what the layer keeps of earlier sets is void. With an odd one it
 * keeps nothing.
 */
static void write_state(__u32 half, bool keeping)
{
	static __u32 changes;
	struct layer_state state = {
		.gates_wanted = YES, .has_rules = YES, .half = half, .init = INIT
	};
	__u32 zero = 0;

	changes += 2;
	state.verdict_epoch = keeping ? changes : changes + 1;
	if (bpf_map_update_elem(bpf_map__fd(bpf->maps.data_state), &zero, &state, BPF_ANY))
		tap_bail("map state: %s", strerror(errno));
}

/* The half that is not in force is full of what would allow everything. */
static void write_cells(__u32 half)
{
	struct rule_cell junk = { .first = 0, .value = ALLOW };
	int map = bpf_map__fd(bpf->maps.rules), i;
	__u32 index;

	for (i = 0; i < (int)compiled.count + 64; i++) {
		index = half * RULE_CELLS + i;
		if (i < (int)compiled.count)
			bpf_map_update_elem(map, &index, &compiled.cells[i], BPF_ANY);
		index = !half * RULE_CELLS + i;
		bpf_map_update_elem(map, &index, &junk, BPF_ANY);
	}
}

static void write_space(int i, __u32 half)
{
	struct netns_record record = { .mode = spaces[i].mode, .bound_by = MATCH };
	int map = bpf_map__fd(bpf->maps.namespaces);
	netns_id id = i + 1;

	if (spaces[i].policy)
		record.binding[half].policy = policy_cell(spaces[i].policy - policies.policy);
	if (spaces[i].pending)
		record.binding[half].policy = POLICY_PENDING;
	if (spaces[i].name)
		record.binding[half].name = peer_names_number(&peer_names, spaces[i].name);
	bpf_map_delete_elem(map, &id);
	/* One that has nothing has no record, as a rule. */
	if (spaces[i].mode == LOCAL || spaces[i].policy || spaces[i].pending || spaces[i].name)
		if (bpf_map_update_elem(map, &id, &record, BPF_ANY))
			tap_bail("map namespaces: %s", strerror(errno));
}

static const struct policy *any_policy(void)
{
	const struct policy *policy = &policies.policy[below(policies.count)];

	return policy_is_for_guests(policy) ? NULL : policy;
}

static void make_spaces(__u32 half)
{
	static const char *const names[NAMES] = { "n0", "n1", "n2", "n3" };
	int i;

	for (i = 0; i < SPACES; i++) {
		spaces[i].mode = chance(3) ? LOCAL : GLOBAL;
		spaces[i].pending = chance(16);
		spaces[i].policy = chance(5) || spaces[i].pending ? NULL : any_policy();
		spaces[i].name = chance(2) ? names[below(NAMES)] : NULL;
		write_space(i, half);
	}
}

/* --- Calls --- */

static __u64 counter(netns_id id, bool audited, enum reason reason)
{
	struct counters counters = {};

	bpf_map_lookup_elem(bpf_map__fd(bpf->maps.counters), &id, &counters);
	return audited ? counters.audited[reason] : counters.refused[reason];
}

static bool ask(const struct end *from, const struct end *to)
{
	__u64 args[5] = { from->netns, from->cid, to->netns, to->cid, to->port };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.ask), &options))
		tap_bail("BPF_PROG_TEST_RUN: %s", strerror(errno));
	return options.retval & 0xff;
}

static struct end any_end(void)
{
	struct end end = { .netns = 1 + below(SPACES) };

	if (chance(12))
		end = (struct end){ .netns = NETNS_NONE, .cid = VMADDR_CID_HOST };
	else if (chance(20))
		end.netns = NETNS_UNKNOWN;
	else if (chance(3))
		end.cid = any_cid();
	return end;
}

/* For a guest with a policy of its own it holds until the call after the next. */
static const struct space *space_of(const struct end *end)
{
	static struct space apart[2];
	static unsigned int turn;
	const struct policy *own =
		end->netns == INIT && end->cid ? plain_policy_of_guest(&policies, end->cid) : NULL;

	if (own) {
		apart[++turn % 2] = (struct space){ .policy = own, .apart = true };
		return &apart[turn % 2];
	}
	return end->netns >= 1 && end->netns <= SPACES ? &spaces[end->netns - 1] : NULL;
}

static void complain(const struct end *from, const struct end *to, const char *what)
{
	tap_diag("%s: %lld/%u to %lld/%u port %u", what, (long long)from->netns, from->cid,
		 (long long)to->netns, to->cid, to->port);
	tap_diag("policies %s and %s",
		 space_of(from) && space_of(from)->policy ? space_of(from)->policy->name : "-",
		 space_of(to) && space_of(to)->policy ? space_of(to)->policy->name : "-");
}

/* What is counted for who calls, where the answer says it is. */
static __u64 counted(const struct end *from, const struct answer *answer)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < 2; i++)
		if (answer->reason[i])
			sum += counter(from->netns, answer->audited[i], answer->reason[i]);
	return sum;
}

/* One that both ends have in common goes up by two, and is looked at twice. */
static __u64 growth(const struct answer *answer)
{
	if (!answer->reason[0] || !answer->reason[1])
		return answer->reason[0] || answer->reason[1];
	return answer->reason[0] == answer->reason[1] && answer->audited[0] == answer->audited[1]
		       ? 4
		       : 2;
}

static bool try_call(void)
{
	struct end from = any_end(), to = any_end();
	struct answer answer;
	__u64 before;
	bool may;

	to.port = any_port();
	answer = plain_answer(&from, space_of(&from), &to, space_of(&to));
	before = counted(&from, &answer);
	may = ask(&from, &to);
	if (may != answer.may) {
		complain(&from, &to, may ? "is let through" : "is refused");
		return false;
	}
	if (counted(&from, &answer) - before != growth(&answer)) {
		complain(&from, &to, "is counted otherwise");
		return false;
	}
	/* By what is kept of the first time, if it is. */
	if (ask(&from, &to) != may || counted(&from, &answer) - before != 2 * growth(&answer)) {
		complain(&from, &to, "is answered or counted otherwise the second time");
		return false;
	}
	return true;
}

static bool try_set(int calls, unsigned long *answers)
{
	__u32 half = below(2);
	__u64 start = seed;
	int i;

	make_policies();
	write_state(half, true);
	write_cells(half);
	make_spaces(half);
	for (i = 0; i < calls; i++) {
		if (!try_call()) {
			tap_diag("seed %llu, call %d; its policies are in " DIR, start, i);
			return false;
		}
		++*answers;
	}
	return true;
}

/* --- A switch in the middle of a verdict --- */

#define REFUSED_CID 3
#define ALLOWED_CID 100

/* The same policies for two guests, and a table of guests at 24. */
static void write_mirrored_guests(__u32 half)
{
	const struct rule_cell to_table = { .guests = 24 };
	struct rule_cell table[3] = { { .count = 2 },
				      { .value = 1 + half * POLICY_CELLS },
				      { .first = ALLOWED_CID, .value = 1 + !half * POLICY_CELLS } };
	int map = bpf_map__fd(bpf->maps.rules), i;
	__u32 index = half * RULE_CELLS;

	bpf_map_update_elem(map, &index, &to_table, BPF_ANY);
	for (i = 0; i < 3; i++) {
		index = half * RULE_CELLS + 24 + i;
		bpf_map_update_elem(map, &index, &table[i], BPF_ANY);
	}
}

/* In each half the policy that refuses stands where the other half has one that allows. */
static void write_mirrored(void)
{
	struct rule_cell deny[3] = { { .on_connect = 20 }, {}, {} };
	struct rule_cell table[2] = { { .count = 1 }, { .first = 0, .value = DENY } };
	struct netns_record record = { .bound_by = MATCH };
	int map = bpf_map__fd(bpf->maps.rules), half, i;
	const struct rule_cell none = {};
	__u32 index;
	netns_id id;

	for (half = 0; half < 2; half++) {
		for (i = 0; i < 32; i++) {
			index = half * RULE_CELLS + i;
			bpf_map_update_elem(map, &index, &none, BPF_ANY);
		}
		/* ANYONE of the policy at 1, or at 1 + POLICY_CELLS. */
		index = half * RULE_CELLS + 2 + half * POLICY_CELLS;
		bpf_map_update_elem(map, &index, &deny[0], BPF_ANY);
		for (i = 0; i < 2; i++) {
			index = half * RULE_CELLS + 20 + i;
			bpf_map_update_elem(map, &index, &table[i], BPF_ANY);
		}
		write_mirrored_guests(half);
	}
	for (id = 1; id <= 2; id++) {
		for (half = 0; half < 2; half++)
			record.binding[half].policy = 1 + ((id == 1) == half) * POLICY_CELLS;
		bpf_map_update_elem(bpf_map__fd(bpf->maps.namespaces), &id, &record, BPF_ANY);
	}
	id = 3;
	bpf_map_delete_elem(bpf_map__fd(bpf->maps.namespaces), &id);
}

static atomic_bool disturbed;

static void *flip(void *arg)
{
	struct layer_state *state = arg;
	__u32 half = 0;

	while (disturbed)
		__atomic_store_n(&state->half, half ^= 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* As a reload does: the kernel puts each record into the place of one that was replaced before. */
static void *rewrite(void *arg)
{
	int map = bpf_map__fd(bpf->maps.namespaces);
	struct netns_record record, other = { .mode = LOCAL, .bound_by = MATCH };
	netns_id id, another = 100;

	(void)arg;
	while (disturbed) {
		for (id = 1; id <= 2; id++) {
			if (!bpf_map_lookup_elem(map, &id, &record))
				bpf_map_update_elem(map, &id, &record, BPF_EXIST);
			other.mode = id == 1 ? GLOBAL : LOCAL;
			bpf_map_update_elem(map, &another, &other, BPF_ANY);
		}
	}
	return NULL;
}

/* Namespace 1 is refused in both halves, namespace 2 in none, whatever goes on; so are guests. */
static const struct end refused = { .netns = 1 }, allowed = { .netns = 2 };
static const struct end refused_guest = { .netns = INIT, .cid = REFUSED_CID };
static const struct end allowed_guest = { .netns = INIT, .cid = ALLOWED_CID };

static void ask_meanwhile(const char *what, void *(*disturb)(void *arg), void *arg, int calls)
{
	const struct end target = { .netns = 3, .port = 1000 };
	int passed = 0, stopped = 0, i;
	pthread_t thread;

	disturbed = true;
	pthread_create(&thread, NULL, disturb, arg);
	for (i = 0; i < calls; i++) {
		passed += ask(&refused, &target) || ask(&refused_guest, &target);
		stopped += !ask(&allowed, &target) || !ask(&allowed_guest, &target);
	}
	disturbed = false;
	pthread_join(thread, NULL);
	tap_ok(!passed && !stopped, "%s: of %d each, %d let through, %d refused", what, calls,
	       passed, stopped);
}

/* --- What is kept of verdicts --- */

static void set_mode(netns_id id, enum vsock_mode mode)
{
	struct netns_record record = { .mode = mode };

	if (bpf_map_update_elem(bpf_map__fd(bpf->maps.namespaces), &id, &record, BPF_ANY))
		tap_bail("map namespaces: %s", strerror(errno));
}

/* Whether the answer to a call is the same after its target changed its mode, and nobody said so.
 */
static bool is_kept(bool keeping, enum vsock_mode mode)
{
	const struct end from = { .netns = 1 }, to = { .netns = 2, .port = 1 };
	bool may = mode == GLOBAL;

	write_state(0, keeping);
	set_mode(1, GLOBAL);
	set_mode(2, mode);
	if (ask(&from, &to) != may)
		tap_bail("from a global namespace to one that is %s", may ? "global" : "local");
	set_mode(2, may ? LOCAL : GLOBAL);
	return ask(&from, &to) == may;
}

static void keeping(void)
{
	const struct end from = { .netns = 1 }, to = { .netns = 2, .port = 1 };
	const struct end other_port = { .netns = 2, .port = 2 };

	tap_ok(is_kept(true, GLOBAL), "what was allowed is kept");
	tap_ok(!ask(&from, &other_port) && !ask(&to, &from), "for these two and this port alone");
	write_state(0, true);
	tap_ok(!ask(&from, &to), "until something changes");
	tap_ok(is_kept(true, LOCAL), "what was refused is kept");
	tap_ok(ask(&from, &other_port) && ask(&to, &from), "for these two and this port alone");
	write_state(0, true);
	tap_ok(ask(&from, &to), "until something changes");
	tap_ok(!is_kept(false, GLOBAL) && !is_kept(false, LOCAL),
	       "while a change is under way nothing is");
}

static void disturbances(int calls)
{
	struct layer_state *state;

	/* Asked anew each time. */
	write_state(0, false);
	write_mirrored();
	state = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(bpf->maps.data_state), 0);
	if (state == MAP_FAILED)
		tap_bail("map state: %s", strerror(errno));
	ask_meanwhile("a switch in the middle of a verdict", flip, state, calls);
	ask_meanwhile("records that are written meanwhile", rewrite, NULL, calls);
	munmap(state, getpagesize());
}

/*
 * With maps that allocate nothing later, which 5.10 warns of where a tracepoint asks them; but for
 * `namespaces`, which has to be as it is.
 */
static void load(void)
{
	struct bpf_map *map;

	bpf = verdict_bpf__open();
	if (!bpf)
		tap_bail("opening: %s", strerror(errno));
	bpf_object__for_each_map(map, bpf->obj)
		if (map == bpf->maps.counters || map == bpf->maps.sealed)
			bpf_map__set_map_flags(map, 0);
	if (verdict_bpf__load(bpf))
		tap_bail("loading: %s", strerror(errno));
}

/* Each namespace has had a guest's device opened: without counters its guests are not counted. */
static void make_counters(void)
{
	const struct counters none = {};
	netns_id id;

	for (id = 1; id <= SPACES; id++)
		if (bpf_map_update_elem(bpf_map__fd(bpf->maps.counters), &id, &none, BPF_NOEXIST))
			tap_bail("map counters: %s", strerror(errno));
}

/* SETS, CALLS and SEED, if not the usual ones. */
int main(int argc, char **argv)
{
	int sets = argc > 1 ? atoi(argv[1]) : 300, calls = argc > 2 ? atoi(argv[2]) : 400, i;
	unsigned long answers = 0;

	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 20261124;
	setvbuf(stdout, NULL, _IOLBF, 0);
	load();
	make_counters();
	for (i = 0; i < sets; i++)
		if (!try_set(calls, &answers))
			break;
	tap_ok(i == sets, "%lu verdicts under %d sets of policies are what their rules say",
	       answers, i);
	keeping();
	disturbances(sets * calls);
	verdict_bpf__destroy(bpf);
	return tap_end();
}
