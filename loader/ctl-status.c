// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl status: who isolates on this machine, and whether all of it is there. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

#include "layer.h"
#include "records.h"
#include "report.h"
#include "vsockctl.h"

static const char *isolation(const struct layer_report *report)
{
	if (report->kernel.native)
		return "native";
	return report->state.generation ? "bpf" : "none";
}

static bool is_whole(const struct layer_report *report)
{
	if (!report->state.generation)
		return report->kernel.native;
	return report->pinned == report->needed;
}

/* NULL while there is nothing to refuse. */
static const char *gates(const struct layer_report *report)
{
	if (report->state.isolating == NO)
		return NULL;
	return report->kernel.shape == GATE_LSM ? "lsm" : "fmod_ret";
}

static void print_status(const struct layer_report *report)
{
	printf("isolation:   %s\n", isolation(report));
	if (!report->state.generation)
		return;
	printf("programs:    %d of %d in force, generation %u\n", report->pinned, report->needed,
	       report->state.generation);
	printf("gates:       %s\n",
	       gates(report)
		       ?: "none, as every namespace is global; the first local mode "
			  "attaches them");
	if (report->state.overflow == YES)
		puts("records:     full: namespaces without one count as local");
	if (report->state.crowded == YES)
		printf("crowded out: yes: a user or container has, or had, more than %d "
		       "namespaces; "
		       "those beyond talk to nobody\n",
		       TENANT_NAMESPACES);
}

static void print_status_json(const struct layer_report *report)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "isolation", json_object_new_string(isolation(report)));
	json_object_object_add(object, "whole", json_object_new_boolean(is_whole(report)));
	if (report->state.generation) {
		json_object_object_add(object, "programs", json_object_new_int(report->pinned));
		json_object_object_add(object, "programs_needed",
				       json_object_new_int(report->needed));
		json_object_object_add(object, "generation",
				       json_object_new_int64(report->state.generation));
		json_object_object_add(object, "gates",
				       gates(report) ? json_object_new_string(gates(report))
						     : NULL);
		json_object_object_add(object, "isolating",
				       json_object_new_boolean(report->state.isolating == YES));
		json_object_object_add(object, "overflow",
				       json_object_new_boolean(report->state.overflow == YES));
		json_object_object_add(object, "crowded_out",
				       json_object_new_boolean(report->state.crowded == YES));
	}
	print_json(object);
}

/* Status 1 where isolation is not whole, so that a monitor need not read the text. */
int verb_status(const struct options *options, int argc, char **argv)
{
	struct layer_report report;
	int ret;

	(void)argc;
	(void)argv;
	ret = layer_inspect(&report);
	if (ret)
		return ret;
	if (options->json)
		print_status_json(&report);
	else
		print_status(&report);
	if (is_whole(&report))
		return 0;
	if (!report.state.generation)
		return fail(ENOSYS, NOT_ATTACHED);
	return fail(EIO, "programs are missing; 'vsock-bpfd --once' attaches them again");
}
