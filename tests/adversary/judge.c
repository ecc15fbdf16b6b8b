// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "judge.h"

#define REFUSALS 12

const char *const leak_words[LEAK_KINDS] = {
	[LEAK_NONE] = "nothing", [LEAK_BYTES] = "bytes", [LEAK_ACCEPT] = "accept",
	[LEAK_RESET] = "reset",	 [LEAK_LOSS] = "loss",	 [LEAK_CREDIT] = "credit",
	[LEAK_STATE] = "state",
};

static const char *const role_words[] = { "nobody",  "socket", "listener",
					  "dialled", "child",  "guest" };

/* Because a port is taken elsewhere, or an answer would go elsewhere. */
static bool is_refusal(const struct seen *with, const struct seen *alone)
{
	if (with->op < 0 || with->value == alone->value)
		return false;
	if (with->what == SAW_BIND || with->what == SAW_LISTEN)
		return with->value == -EADDRINUSE;
	return with->what == SAW_DIAL &&
	       (with->value == -ECONNRESET || with->value == -EADDRINUSE ||
		with->value == -EADDRNOTAVAIL || with->value == -ENODEV);
}

/* Or the kernel gives it another port, as that is taken elsewhere. What follows is not judged. */
static bool is_wait(const struct seen *with, const struct seen *alone)
{
	if (with->what == SAW_PORT && alone->what == SAW_PORT)
		return true;
	return with->what == SAW_DIAL && with->value == -EINPROGRESS && alone->value < 0;
}

static enum leak_kind kind_of_poll(const struct seen *with, const struct seen *alone)
{
	int lost = alone->value & ~with->value, more = with->value & ~alone->value;

	if (more & (POLLERR | POLLHUP | POLLRDHUP))
		return LEAK_RESET;
	if (lost & (POLLERR | POLLHUP | POLLRDHUP))
		return LEAK_ACCEPT;
	if ((lost | more) & POLLOUT)
		return LEAK_CREDIT;
	return lost & POLLIN ? LEAK_LOSS : LEAK_BYTES;
}

static enum leak_kind kind_of(const struct seen *with, const struct seen *alone)
{
	switch (with->what) {
	case SAW_POLL:
		return kind_of_poll(with, alone);
	case SAW_ACCEPT:
		return with->value > 0 ? LEAK_ACCEPT : LEAK_RESET;
	case SAW_DIAL:
		return with->value < 0 ? LEAK_RESET : LEAK_ACCEPT;
	case SAW_BIND:
	case SAW_LISTEN:
	case SAW_OTHER:
	case SAW_CID:
		return LEAK_STATE;
	case SAW_SEND:
	case SAW_FILL:
		if (with->value < 0 && with->value != -EAGAIN)
			return LEAK_RESET;
		return alone->value < 0 && alone->value != -EAGAIN ? LEAK_ACCEPT : LEAK_CREDIT;
	default:
		return with->value < 0 && with->value != -EAGAIN ? LEAK_RESET : LEAK_LOSS;
	}
}

static bool differs(const struct seen *one, const struct seen *other)
{
	return one->what != other->what || one->slot != other->slot || one->value != other->value ||
	       one->sum != other->sum;
}

/* One without what was refused. The plan of this namespace, and its calls' places in it. */
struct trial {
	struct plan plan;
	bool dropped[PLAN_MAX];
};

static void without_dropped(const struct trial *trial, struct plan *plan)
{
	int i;

	*plan = trial->plan;
	plan->count = 0;
	for (i = 0; i < trial->plan.count; i++)
		if (!trial->dropped[i])
			plan->ops[plan->count++] = trial->plan.ops[i];
}

/* The place among a namespace's own calls of one that stands at @op in the whole plan. */
static int own_place(const struct plan *plan, int ns, int op)
{
	int i, place = 0;

	for (i = 0; i < op; i++)
		place += plan->ops[i].ns == ns || op_is_nobodys(&plan->ops[i]);
	return place;
}

/* -1: no difference; -2: one has ended before the other. */
static int first_difference(const struct outcome *with, const struct outcome *alone, int ns,
			    const struct plan *plan, const struct trial *trial, int *place)
{
	const struct seen *one = with->seen[ns], *end = one + with->count[ns];
	int i = 0;

	for (; one < end; one++) {
		if (one->op >= 0 && trial->dropped[own_place(plan, ns, one->op)])
			continue;
		if (i == alone->count[ns] || differs(one, &alone->seen[ns][i])) {
			*place = i;
			return one - with->seen[ns];
		}
		i++;
	}
	*place = i;
	return i == alone->count[ns] ? -1 : -2;
}

static bool was_established(const struct outcome *with, int ns, int slot)
{
	int i;

	for (i = 0; i < with->count[ns]; i++)
		if (with->seen[ns][i].what == SAW_DIAL && with->seen[ns][i].slot == slot)
			return !with->seen[ns][i].value;
	return with->role[ns][slot] >= ROLE_CHILD;
}

static enum leak_kind conclude(struct finding *finding, const struct outcome *with, int ns,
			       enum leak_kind kind)
{
	finding->kind = kind;
	finding->victim = ns;
	finding->role = with->role[ns][finding->with.slot];
	finding->established = was_established(with, ns, finding->with.slot);
	return kind;
}

static bool has_result(const struct outcome *with, int ns, int op)
{
	int i;

	for (i = 0; i < with->count[ns]; i++)
		if (with->seen[ns][i].what == SAW_DIAL && with->seen[ns][i].op == op)
			return true;
	return false;
}

/*
 * One whose socket was closed before it had a result: it can have been refused, and then has left
 * no child. Its place, or -1.
 */
static int unseen_dial(const struct plan *plan, const struct outcome *with, int ns,
		       const struct trial *trial)
{
	int op, place;

	for (op = 0; op < plan->count; op++) {
		place = own_place(plan, ns, op);
		if (plan->ops[op].kind == OP_DIAL && plan->ops[op].ns == ns &&
		    !trial->dropped[place] && !has_result(with, ns, op))
			return place;
	}
	return -1;
}

/* That nobody can be accepted, or a port is free again that such a call would have taken. */
static bool is_after_unseen(const struct seen *with)
{
	return (with->what == SAW_ACCEPT && with->value < 0) ||
	       (with->what == SAW_DIAL && !with->value);
}

/* The place of a call that was refused, which explains the difference; or -1. */
static int refused_place(const struct plan *plan, const struct outcome *with, int ns,
			 const struct trial *trial, const struct finding *finding)
{
	if (is_refusal(&finding->with, &finding->alone))
		return own_place(plan, ns, finding->with.op);
	if (is_after_unseen(&finding->with))
		return unseen_dial(plan, with, ns, trial);
	return -1;
}

static enum leak_kind judge_one(const struct plan *plan, const struct outcome *with, int ns,
				struct finding *finding)
{
	static struct outcome alone;
	static struct trial trial;
	struct plan rest;
	int tries, one, place, refused;

	memset(&trial, 0, sizeof(trial));
	plan_of(plan, ns, &trial.plan);
	for (tries = 0; tries < REFUSALS; tries++) {
		without_dropped(&trial, &rest);
		run_plan(&rest, &alone);
		one = first_difference(with, &alone, ns, plan, &trial, &place);
		if (one == -1)
			return LEAK_NONE;
		if (one == -2) {
			finding->with = finding->alone = alone.seen[ns][place];
			return conclude(finding, with, ns, LEAK_RESET);
		}
		finding->with = with->seen[ns][one];
		finding->alone = alone.seen[ns][place];
		if (is_wait(&finding->with, &finding->alone))
			return LEAK_NONE;
		refused = refused_place(plan, with, ns, &trial, finding);
		if (refused < 0)
			break;
		trial.dropped[refused] = true;
	}
	return conclude(finding, with, ns, kind_of(&finding->with, &finding->alone));
}

static enum leak_kind found_bytes(const struct outcome *with, struct finding *finding)
{
	const struct crossing *bytes = &with->bytes[0];

	finding->kind = LEAK_BYTES;
	finding->victim = bytes->to;
	finding->from = bytes->from;
	finding->with.slot = bytes->to_slot;
	finding->role = with->role[bytes->to][bytes->to_slot];
	finding->from_role = with->role[bytes->from][bytes->from_slot];
	finding->both_ways = with->bytes[1].happened;
	return LEAK_BYTES;
}

static enum leak_kind judge_once(const struct plan *plan, struct finding *finding)
{
	static struct outcome with;
	struct finding one;
	int ns;

	memset(finding, 0, sizeof(*finding));
	run_plan(plan, &with);
	if (with.bytes[0].happened)
		return found_bytes(&with, finding);
	/* What guests forge is the last that is told, as it may be known. */
	for (ns = 0; ns < NAMESPACES; ns++) {
		memset(&one, 0, sizeof(one));
		if (!plan_has(plan, ns) || !judge_one(plan, &with, ns, &one))
			continue;
		*finding = one;
		if (!is_forging(plan, &one))
			break;
	}
	return finding->kind;
}

/* A packet that was late makes a difference, too. */
enum leak_kind judge(const struct plan *plan, struct finding *finding)
{
	bool before;

	if (!judge_once(plan, finding) || is_bytes(finding))
		return finding->kind;
	before = run_care(true);
	judge_once(plan, finding);
	run_care(before);
	return finding->kind;
}

enum leak_kind judge_again(const struct plan *plan, const struct finding *former,
			   struct finding *finding)
{
	static struct outcome with;
	int ns = former->victim;

	memset(finding, 0, sizeof(*finding));
	run_plan(plan, &with);
	if (with.bytes[0].happened)
		return found_bytes(&with, finding);
	if (is_bytes(former) || !plan_has(plan, ns))
		return LEAK_NONE;
	return judge_one(plan, &with, ns, finding);
}

bool is_bytes(const struct finding *finding)
{
	return finding->kind == LEAK_BYTES && finding->from_role;
}

static bool has_called_guest(const struct plan *plan, int ns, int slot)
{
	const struct op *op;

	for (op = plan->ops; op < plan->ops + plan->count; op++)
		if (op->kind == OP_DIAL && op->ns == ns && op->slot == slot)
			return op->number >= GUEST_CID;
	return false;
}

bool is_forging(const struct plan *plan, const struct finding *finding)
{
	if (!plan_forges(plan))
		return false;
	if (finding->role == ROLE_DIALLED)
		return (!is_bytes(finding) || finding->from_role == ROLE_GUEST) &&
		       has_called_guest(plan, finding->victim, finding->with.slot);
	return finding->role == ROLE_GUEST && !is_bytes(finding);
}

bool same_finding(const struct finding *one, const struct finding *other)
{
	return one->kind == other->kind && one->role == other->role &&
	       one->from_role == other->from_role && one->both_ways == other->both_ways &&
	       one->established == other->established;
}

void finding_print(const char *before, const struct finding *finding)
{
	char with[64], alone[64];

	if (is_bytes(finding)) {
		printf("%sleak: bytes of %c (%s) in %c (%s)%s\n", before, 'A' + finding->from,
		       role_words[finding->from_role], 'A' + finding->victim,
		       role_words[finding->role], finding->both_ways ? ", both ways" : "");
		return;
	}
	seen_print(&finding->with, with, sizeof(with));
	seen_print(&finding->alone, alone, sizeof(alone));
	printf("%sleak: %s in %c%d (%s%s): %s; alone: %s\n", before, leak_words[finding->kind],
	       'A' + finding->victim, finding->with.slot,
	       finding->established ? "established " : "", role_words[finding->role], with, alone);
}
