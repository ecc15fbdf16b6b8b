// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "ctl/explain.h"
#include "lib/json.h"
#include "lib/printable.h"

static const char *agrees(const struct explained_end *end)
{
	if (end->view.reason == PERMITTED)
		return "agrees";
	return end->view.audited ? "refuses, and is audited only" : "refuses";
}

static void print_end(const char *head, const struct side *side, const struct explained_end *end)
{
	char line[LINE_SIZE], plain[LINE_SIZE];

	explain_reason(line, side, end);
	printable(plain, sizeof(plain), line, sizeof(line));
	printf("%-8s %s %s: %s\n", head, side->word, agrees(end), plain);
}

static void print_ends(const struct request *request, const struct report *report)
{
	const struct explanation *why = &report->why;

	if (why->kernel_refuses)
		printf("%-8s refuses by its own modes: an end is local\n", "kernel:");
	if (!why->needs_gates) {
		puts("verdict: none is asked for, as nothing is to be refused");
		return;
	}
	print_end("caller:", &request->from, &why->caller);
	print_end("called:", &request->to, &why->called);
}

void explain_print(const struct request *request, const struct report *report)
{
	char plain[LINE_SIZE];
	size_t i;

	printf("%s: connect from %s to %s port %u\n",
	       explain_is_allowed(report) ? "allowed" : "refused", request->from.word,
	       request->to.word, request->port);
	if (report->unsupported)
		printf("%-8s has no sockets of type %s: %s\n", "kernel:", request->type_name,
		       strerror(report->unsupported));
	print_ends(request, report);
	printf("%-8s a kernel with modes and without rules %s it\n",
	       "native:", report->why.modes_agree ? "allows" : "refuses");
	if (report->error)
		printf("%-8s %s (%s)\n", "error:", strerrorname_np(report->error),
		       strerror(report->error));
	for (i = 0; i < report->helps; i++) {
		printable(plain, sizeof(plain), report->help[i], LINE_SIZE);
		printf("%-8s %s\n", "change:", plain);
	}
}

static struct json_object *end_json(const struct side *side, const struct explained_end *end)
{
	struct json_object *object = json_object_new_object();
	bool is_netns = end->view.netns != NETNS_NONE && end->view.netns != NETNS_UNKNOWN;
	bool by_policy_mode = end->view.reason == REASON_MODE && end->policy &&
			      end->policy->sets_mode && end->policy->mode == LOCAL;
	unsigned int line = end->rule	     ? end->rule->line
			    : by_policy_mode ? end->policy->mode_line
					     : 0;
	char text[LINE_SIZE];

	explain_reason(text, side, end);
	json_add_text(object, "end", side->word);
	json_add_number_if(object, "identity", end->view.netns, is_netns);
	json_add_number_if(object, "cid", side->place.cid, side->place.cid);
	json_add_text(object, "guest", *side->guest ? side->guest : NULL);
	json_add_bool(object, "agrees", end->view.reason == PERMITTED);
	json_add_bool(object, "audited", end->view.audited);
	json_add_text(object, "reason",
		      end->view.reason ? event_reason_name(end->view.reason) : NULL);
	json_add_text(object, "policy", end->policy ? end->policy->name : NULL);
	json_add_text(object, "file", line ? side->file : NULL);
	json_add_number_if(object, "line", line, line);
	json_add_text(object, "rule", end->rule ? end->rule->text : NULL);
	json_add_text(object, "text", text);
	return object;
}

void explain_print_json(const struct request *request, const struct report *report)
{
	struct json_object *object = json_object_new_object(), *help = json_object_new_array();
	size_t i;

	json_add_bool(object, "allowed", explain_is_allowed(report));
	json_add_text(object, "type", request->type_name);
	json_add_number(object, "port", request->port);
	json_object_object_add(object, "caller", end_json(&request->from, &report->why.caller));
	json_object_object_add(object, "called", end_json(&request->to, &report->why.called));
	json_add_bool(object, "verdict_asked", report->why.needs_gates);
	json_add_bool(object, "kernel_refuses", report->why.kernel_refuses || report->unsupported);
	json_add_bool(object, "modes_agree", report->why.modes_agree);
	json_add_text(object, "error", report->error ? strerrorname_np(report->error) : NULL);
	for (i = 0; i < report->helps; i++)
		json_object_array_add(help, json_object_new_string(report->help[i]));
	json_object_object_add(object, "change", help);
	print_json(object);
}
