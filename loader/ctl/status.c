// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl status: who isolates on this machine, and whether all of it is there. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

#include "ctl/command.h"
#include "layer/alive.h"
#include "layer/gaps.h"
#include "layer/inspect.h"
#include "layer/own-cids.h"
#include "lib/json.h"
#include "lib/log.h"

static const char *gates(const struct layer_report *report)
{
	return program_gates_name(&report->kernel, &report->state);
}

static void print_programs(const struct layer_report *report, const struct alive *alive)
{
	if (alive->silent > 0)
		printf("programs:    %d of %d in force, generation %u; %d do not run\n",
		       report->pinned, report->needed, report->state.generation, alive->silent);
	else
		printf("programs:    %d of %d in force, generation %u\n", report->pinned,
		       report->needed, report->state.generation);
}

static void print_findings(const char *label, const struct findings *list)
{
	int i;

	for (i = 0; i < list->count; i++)
		printf("%-12s %s\n", label, list->text[i]);
}

static void print_status(const struct layer_report *report, const struct alive *alive)
{
	struct gaps gaps;

	gaps_find(&gaps, report);
	printf("isolation:   %s\n", layer_isolation(report));
	print_findings("wrong:", &alive->wrong);
	print_findings("open:", &gaps.open);
	print_findings("full:", &gaps.full);
	if (!report->state.generation)
		return;
	print_programs(report, alive);
	printf("gates:       %s\n",
	       gates(report)
		       ?: "none, as every namespace is global; the first local mode "
			  "attaches them");
	if (own_cids_in_force())
		puts("CIDs:        own");
	if (report->state.overflow == YES)
		puts("records:     full: namespaces without one count as local");
	if (report->state.crowded == YES)
		printf("crowded out: yes: a user or container has, or had, more than %d "
		       "namespaces; "
		       "those beyond talk to nobody\n",
		       TENANT_NAMESPACES);
}

static struct json_object *findings_json(const struct findings *findings)
{
	struct json_object *list = json_object_new_array();
	int i;

	for (i = 0; i < findings->count; i++)
		json_object_array_add(list, json_object_new_string(findings->text[i]));
	return list;
}

static void print_status_json(const struct layer_report *report, const struct alive *alive)
{
	struct json_object *object = json_object_new_object();
	struct gaps gaps;

	gaps_find(&gaps, report);
	json_add_text(object, "isolation", layer_isolation(report));
	json_add_bool(object, "whole", !alive_wrong(alive, report));
	json_object_object_add(object, "wrong", findings_json(&alive->wrong));
	json_object_object_add(object, "open", findings_json(&gaps.open));
	json_object_object_add(object, "full", findings_json(&gaps.full));
	if (report->state.generation) {
		json_add_number(object, "programs", report->pinned);
		json_add_number(object, "programs_needed", report->needed);
		json_add_number(object, "generation", report->state.generation);
		json_add_text(object, "gates", gates(report));
		json_add_bool(object, "gates_wanted", report->state.gates_wanted == YES);
		json_add_bool(object, "own_cids", own_cids_in_force());
		json_add_bool(object, "overflow", report->state.overflow == YES);
		json_add_bool(object, "crowded_out", report->state.crowded == YES);
	}
	print_json(object);
}

/* Status 1 where isolation is not whole, so that a monitor need not read the text. */
int command_status(const struct options *options, int argc, char **argv)
{
	struct layer_report report;
	struct alive alive;
	const char *wrong;
	int ret;

	ret = layer_inspect(&report);
	if (ret)
		return ret;
	alive_ask(&alive, &report, PROBE_ALL);
	if (options->json)
		print_status_json(&report, &alive);
	else
		print_status(&report, &alive);
	wrong = alive_wrong(&alive, &report);
	return wrong ? log_error(EIO, "%s", wrong) : 0;
}
