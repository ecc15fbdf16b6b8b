// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static const char *const words[OP_KINDS] = {
	[OP_BIND] = "bind",	[OP_LISTEN] = "listen", [OP_DIAL] = "dial",
	[OP_ACCEPT] = "accept", [OP_SEND] = "send",	[OP_RECV] = "recv",
	[OP_BUFFER] = "buffer", [OP_SHUT] = "shut",	[OP_CLOSE] = "close",
	[OP_INJECT] = "inject", [OP_SERVE] = "serve",	[OP_HOLD] = "hold",
	[OP_FREE] = "free",
};

bool op_is_nobodys(const struct op *op)
{
	return op->kind == OP_HOLD || op->kind == OP_FREE;
}

bool plan_add(struct plan *plan, struct op op)
{
	if (plan->count == PLAN_MAX)
		return false;
	plan->ops[plan->count++] = op;
	return true;
}

bool uses_next_port(const struct plan *plan)
{
	int i;

	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].port == NEXT_PORT || plan->ops[i].to == NEXT_PORT)
			return true;
	return plan->watches_port;
}

void plan_of(const struct plan *plan, int ns, struct plan *alone)
{
	int i;

	alone->count = 0;
	alone->fill = plan->fill;
	alone->last = plan->last;
	alone->seqpacket = plan->seqpacket;
	alone->watches_port = uses_next_port(plan);
	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].ns == ns || op_is_nobodys(&plan->ops[i]))
			alone->ops[alone->count++] = plan->ops[i];
}

bool plan_has(const struct plan *plan, int ns)
{
	int i;

	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].ns == ns && !op_is_nobodys(&plan->ops[i]))
			return true;
	return false;
}

void plan_without_forged(const struct plan *plan, struct plan *rest)
{
	int i;

	*rest = *plan;
	rest->count = 0;
	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].kind != OP_INJECT)
			rest->ops[rest->count++] = plan->ops[i];
}

bool plan_forges(const struct plan *plan)
{
	struct plan rest;

	plan_without_forged(plan, &rest);
	return rest.count < plan->count;
}

static const char *cid_word(uint32_t cid, char word[16])
{
	if (cid == ANYWHERE)
		return "*";
	if (cid >= GUEST_CID && cid < GUEST_CID + NAMESPACES)
		snprintf(word, 16, "%c", 'a' + (int)(cid - GUEST_CID));
	else
		snprintf(word, 16, "%u", cid);
	return word;
}

void op_print(const struct op *op, char *text, size_t room)
{
	int used = 0;
	char cid[16];

	if (!op_is_nobodys(op))
		used = snprintf(text, room, "%c%d ", 'A' + op->ns, op->slot);
	used += snprintf(text + used, room - used, "%s", words[op->kind]);
	text += used;
	room -= used;
	switch (op->kind) {
	case OP_BIND:
	case OP_DIAL:
		snprintf(text, room, " %s %c", cid_word(op->number, cid), 'p' + op->port);
		break;
	case OP_ACCEPT:
	case OP_SEND:
	case OP_BUFFER:
	case OP_SHUT:
		snprintf(text, room, " %u", op->number);
		break;
	case OP_INJECT:
		snprintf(text, room, " %u %c %c", op->number, 'p' + op->port, 'p' + op->to);
		break;
	case OP_SERVE:
		snprintf(text, room, " %c", 'p' + op->port);
		break;
	}
}

void plan_print(const struct plan *plan, const char *before)
{
	char text[64];
	int i;

	for (i = 0; i < plan->count; i++) {
		op_print(&plan->ops[i], text, sizeof(text));
		printf("%s%s\n", before, text);
	}
	if (plan->fill)
		printf("%sfill %s\n", before, plan->fill == FILL_UP ? "up" : "down");
	if (plan->seqpacket)
		printf("%sseqpacket\n", before);
	printf("%slast %c\n", before, 'A' + plan->last);
	fflush(stdout);
}

static bool take_port(const char *word, uint8_t *port)
{
	*port = word[0] - 'p';
	return word[0] >= 'p' && word[0] < 'p' + PORTS && !word[1];
}

static bool take_cid(const char *word, uint32_t *cid)
{
	char *end;

	if (!strcmp(word, "*")) {
		*cid = ANYWHERE;
		return true;
	}
	if (word[0] >= 'a' && word[0] < 'a' + NAMESPACES && !word[1]) {
		*cid = GUEST_CID + word[0] - 'a';
		return true;
	}
	*cid = strtoul(word, &end, 10);
	return *word && !*end;
}

static bool take_slot(const char *word, struct op *op)
{
	op->ns = word[0] - 'A';
	op->slot = atoi(word + 1);
	return word[0] >= 'A' && word[0] < 'A' + NAMESPACES && op->slot < SLOTS;
}

static bool take_kind(const char *word, struct op *op)
{
	for (op->kind = 0; op->kind < OP_KINDS; op->kind++)
		if (!strcmp(words[op->kind], word))
			return true;
	return false;
}

static bool take_rest(char *const word[], int count, struct op *op)
{
	switch (op->kind) {
	case OP_BIND:
	case OP_DIAL:
		return count == 4 && take_cid(word[2], &op->number) &&
		       take_port(word[3], &op->port);
	case OP_INJECT:
		op->number = count == 5 ? atoi(word[2]) : 0;
		return count == 5 && take_port(word[3], &op->port) && take_port(word[4], &op->to);
	case OP_SERVE:
		return count == 3 && take_port(word[2], &op->port);
	case OP_ACCEPT:
	case OP_SEND:
	case OP_BUFFER:
	case OP_SHUT:
		op->number = count == 3 ? atoi(word[2]) : 0;
		return count == 3 && (op->kind != OP_ACCEPT || op->number < SLOTS);
	default:
		return count == 2;
	}
}

static bool take_line(struct plan *plan, char *const word[], int count)
{
	struct op op = {};

	if (count == 2 && !strcmp(word[0], "last")) {
		plan->last = word[1][0] - 'A';
		return plan->last < NAMESPACES;
	}
	if (count == 2 && !strcmp(word[0], "fill")) {
		plan->fill = strcmp(word[1], "down") ? FILL_UP : FILL_DOWN;
		return true;
	}
	if (count == 1 && !strcmp(word[0], "seqpacket")) {
		plan->seqpacket = true;
		return true;
	}
	if (count == 1)
		return take_kind(word[0], &op) && op_is_nobodys(&op) && plan_add(plan, op);
	return take_slot(word[0], &op) && take_kind(word[1], &op) && take_rest(word, count, &op) &&
	       plan_add(plan, op);
}

static void blank_comments(char *text)
{
	while ((text = strchr(text, '#')))
		while (*text && *text != '\n')
			*text++ = ' ';
}

bool plan_parse(struct plan *plan, const char *text)
{
	char *copy = strdup(text), *rest = copy, *line, *word[6], *more;
	bool good = true;
	int count;

	memset(plan, 0, sizeof(*plan));
	blank_comments(copy);
	while (good && (line = strsep(&rest, ";\n"))) {
		for (count = 0; count < 6 && (word[count] = strtok_r(line, " \t", &more)); count++)
			line = NULL;
		good = !count || take_line(plan, word, count);
		if (!good)
			fprintf(stderr, "adversary: not understood: %s ...\n", word[0]);
	}
	free(copy);
	return good;
}
