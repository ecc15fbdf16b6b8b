// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes are a log, or none. What is learned from it is read again as policies, without a
 * mistake, and allows nothing but by rules that say whom and which port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/event-read.h"
#include "fuzz.h"
#include "policy/learn.h"
#include "policy/policies.h"
#include "policy/read.h"

#define FRONT "[Match]\nName=web*\n[Namespace]\nMode=local\nAudit=yes\n[Rules]\nDeny=bind port 9"
#define BACK  "# [Rules]\n[Match]\nName=db\n[Namespace]\nMode=local\nLog=accepted"

static const char *const names[] = { "back", "front" };
static const char *const texts[] = { BACK, FRONT };

static struct policies policies;
static struct learned learned;

static void note(const struct named_event *named)
{
	const struct event *event = &named->event;
	struct seen_call call = {
		.from = { .name = named->origin,
			  .policy = named->origin_bound.policy,
			  .cid = event->origin.cid },
		.to = { .name = named->target,
			.policy = named->target_bound.policy,
			.cid = event->target.cid,
			.is_local = named->target_bound.mode },
		.port = event->target.port,
		.reason = event->reason,
		.verb = event->verb,
		.audited = event->kind == EVENT_AUDITED,
	};

	if (event->kind == EVENT_ACCEPTED)
		learn_note_accepted(&learned, &call);
	else
		learn_note(&learned, &call);
}

static void read_log(const char *text, size_t size)
{
	struct read_line line;
	const char *end;
	size_t length;

	for (; size; text += length, size -= length) {
		end = memchr(text, '\n', size);
		length = end ? (size_t)(end - text) : size;
		if (!event_read(&line, text, length) && line.kind == LINE_EVENT)
			note(&line.event);
		event_read_free(&line);
		length += !!end;
	}
}

static void check_rules(const struct policy *policy)
{
	const struct rule *rule;
	size_t i;

	for (i = 0; i < policy->rules; i++) {
		rule = &policy->rule[i];
		check(rule->decision == DENY || rule->peer != ANYONE);
		check(rule->decision == DENY || rule->ports.range[0].last != ~0U);
	}
}

static void read_again(struct policies *set, const struct learned_policy *policy)
{
	const char *before = policy->before ? texts[policy->before - policies.policy] : NULL;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	learn_put_policy(out, policy, before, before ? strlen(before) : 0);
	fclose(out);
	policy_read(set, policy->name, "learned.policy", text, size);
	check(!set->mistakes);
	check_rules(&set->policy[set->count - 1]);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policies set = {};
	size_t i;

	policies = (struct policies){};
	for (i = 0; i < 2; i++)
		policy_read(&policies, names[i], "old.policy", texts[i], strlen(texts[i]));
	learn_begin(&learned, &policies);
	read_log((const char *)data, size);
	learn_finish(&learned);
	for (i = 0; i < learned.count; i++)
		read_again(&set, &learned.policy[i]);
	learn_free(&learned);
	policies_free(&set);
	policies_free(&policies);
	return 0;
}
