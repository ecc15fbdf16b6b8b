// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "ctl/explain.h"

static void add_help(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_help(struct report *report, const char *format, ...)
{
	va_list words;

	if (report->helps == HELPS)
		return;
	va_start(words, format);
	vsnprintf(report->help[report->helps++], LINE_SIZE, format, words);
	va_end(words);
}

static void help_with_allow(struct report *report, const struct explained_end *end,
			    const struct side *side, const struct side *other, const char *verb,
			    __u32 port)
{
	if (!*other->rule) {
		add_help(report,
			 "%s needs a name (ip netns attach) or a policy, so that a rule "
			 "can be about it",
			 other->word);
		return;
	}
	if (end->policy)
		add_help(report, "%s, [Rules]: Allow=%s %s port %u", side->file, verb, other->rule,
			 port);
	else
		add_help(report, "a policy that fits %s, [Rules]: Allow=%s %s port %u", side->word,
			 verb, other->rule, port);
}

static void help_end(struct report *report, const struct explained_end *end,
		     const struct side *side, const struct side *other, const char *verb,
		     __u32 port)
{
	if (end->view.reason == PERMITTED || end->view.audited)
		return;
	if (end->view.reason == REASON_HELD) {
		add_help(report, "it ends by itself, after HoldSec= at the latest");
		return;
	}
	if (end->view.reason == REASON_UNKNOWN)
		return;
	if (end->rule)
		add_help(report, "%s:%u: without this line, or with one that does not have %s",
			 side->file, end->rule->line,
			 end->view.reason == REASON_GUEST ? "this CID" : "this port");
	if (end->view.by_mode)
		help_with_allow(report, end, side, other, verb, port);
}

void explain_change(struct report *report, const struct request *request)
{
	const struct explanation *why = &report->why;

	if (report->unsupported || why->allowed)
		return;
	if (why->kernel_refuses)
		add_help(report, "this kernel's own modes: no rule opens a namespace that is "
				 "local; it takes one that was made with child_ns_mode global");
	help_end(report, &why->caller, &request->from, &request->to, "connect to", request->port);
	help_end(report, &why->called, &request->to, &request->from, "accept from", request->port);
}
