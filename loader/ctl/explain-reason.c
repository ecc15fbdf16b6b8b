// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "ctl/explain.h"

/* Where its mode comes from, as far as that can be read. */
static void put_mode(char line[LINE_SIZE], const struct side *side, const struct explained_end *end)
{
	const struct policy *policy = end->policy;

	if (policy && policy->sets_mode && policy->mode == LOCAL)
		snprintf(line, LINE_SIZE, "it is local: %s:%u: Mode=local", side->file,
			 policy->mode_line);
	else
		snprintf(line, LINE_SIZE,
			 "it is local, by set ns_mode, by its maker's "
			 "child_ns_mode, or by an earlier policy");
}

static void put_rule(char line[LINE_SIZE], const struct side *side, const struct explained_end *end)
{
	if (end->rule)
		snprintf(line, LINE_SIZE, "%s:%u: %s=%s", side->file, end->rule->line,
			 end->rule->decision == DENY ? "Deny" : "Allow", end->rule->text);
	else
		snprintf(line, LINE_SIZE, "a rule of its policy");
}

static const char *unknown_text(const struct side *side, const struct explained_end *end)
{
	if (side->place.cid && end->view.netns == NETNS_UNKNOWN)
		return "no guest that it could reach has this CID, or the namespace it was "
		       "started in is gone";
	if (end->record.binding[0].policy == POLICY_PENDING ||
	    end->record.binding[1].policy == POLICY_PENDING)
		return "it was made during a reload, which has not given it a policy yet";
	return "it cannot be identified: its tenant has more namespaces than it may have";
}

void explain_reason(char line[LINE_SIZE], const struct side *side, const struct explained_end *end)
{
	switch (end->view.reason) {
	case PERMITTED:
		if (end->rule)
			put_rule(line, side, end);
		else
			snprintf(line, LINE_SIZE, "no rule and no mode is against it");
		break;
	case REASON_MODE:
		put_mode(line, side, end);
		break;
	case REASON_UNKNOWN:
		snprintf(line, LINE_SIZE, "%s", unknown_text(side, end));
		break;
	case REASON_HELD:
		snprintf(line, LINE_SIZE, "it is new, and policies have not been matched yet");
		break;
	default:
		put_rule(line, side, end);
	}
}
