// SPDX-License-Identifier: GPL-2.0-only
#include "layer/alive.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/programs.h"
#include "layer/reach.h"
#include "layer/vhost.h"
#include "lib/log.h"

#define START "'vsock-bpfd --once' "

int alive_check_ftrace(void)
{
	return kernel_ftrace_is_off() ? log_error(EIO, "%s", ALIVE_FTRACE_OFF) : 0;
}

/* --- What is there --- */

static void look_at_pins(struct alive *alive, const struct reach *reach)
{
	char names[128] = "";
	size_t length = 0;
	int i;

	for (i = 0; pinned_maps[i]; i++)
		if (!reach_has_map(reach, pinned_maps[i]) && length < sizeof(names))
			length += snprintf(names + length, sizeof(names) - length, "%s%s",
					   length ? ", " : "", pinned_maps[i]);
	if (!length)
		return;
	findings_add(&alive->wrong,
		     "not pinned, or another map in its place: %s; " START
		     "pins again what programs use",
		     names);
	alive->repairable = true;
}

static void look_at_programs(struct alive *alive, const struct layer_report *report)
{
	if (report->pinned == report->needed)
		return;
	findings_add(&alive->wrong, "programs are missing; " START "attaches them again");
	alive->repairable = true;
}

static void look_at_skipped(struct alive *alive, const struct layer_report *report)
{
	alive->skipped = report->skipped;
	if (report->skipped)
		findings_add(
			&alive->wrong,
			"%llu calls passed a program unseen, as a task was preempted inside of it; "
			"boot with 'bpf' added to lsm=, or with preempt=voluntary",
			report->skipped);
}

/* Whether a module that the programs look into is where it was. */
static void look_at_addresses(struct alive *alive, const struct layer_report *report)
{
	if (layer_has_addresses(&report->state, &report->kernel))
		return;
	findings_add(
		&alive->wrong,
		"a module was loaded again after the start: its guests have no known owner and are "
		"refused; " START "looks for it again");
	alive->repairable = true;
}

/* --- What answers --- */

static int open_programs(struct probed probed[MAX_PROGRAMS], const struct layer_report *report)
{
	const struct program *program;
	struct pinned_link link;
	char path[PATH_MAX];
	int count = 0;

	for (program = programs; program->name; program++) {
		if (!program_needed(program, &report->kernel, coverage_of(&report->state)))
			continue;
		pin_in_generation(path, sizeof(path), report->state.generation, program->name);
		if (link_set_read(path, &report->reach.own, &link))
			continue;
		probed[count].name = program->name;
		probed[count].fd = bpf_prog_get_fd_by_id(link.program_id);
		count += probed[count].fd >= 0;
	}
	return count;
}

static const char *first_silent(const struct probed *probed)
{
	while (!probed->silent)
		probed++;
	return probed->name;
}

/* A policy may refuse a connection, and that would be reported. */
static enum probe unnoticed(enum probe how, const struct layer_state *state)
{
	return state->has_rules == YES ? how & ~PROBE_CONNECTION : how;
}

static void listen_for_answers(struct alive *alive, const struct layer_report *report,
			       enum probe how)
{
	struct probed probed[MAX_PROGRAMS];
	int count = open_programs(probed, report), i;

	alive->silent = probe_ask(probed, count, unnoticed(how, &report->state));
	if (alive->silent < 0)
		findings_add(&alive->wrong, "whether programs run cannot be found out: %s",
			     strerror(-alive->silent));
	else if (alive->silent)
		findings_add(&alive->wrong, "%d of %d programs do not run, the first is %s",
			     alive->silent, count, first_silent(probed));
	alive->dead |= alive->silent;
	for (i = 0; i < count; i++)
		close(probed[i].fd);
}

void alive_ask(struct alive *alive, const struct layer_report *report, enum probe how)
{
	memset(alive, 0, sizeof(*alive));
	if (report->reach.hidden.state)
		findings_add(&alive->wrong, "%s", reach_why_hidden());
	if (!report->state.generation && !report->reach.own.state)
		return;
	if (kernel_ftrace_is_off())
		findings_add(&alive->wrong, "%s", ALIVE_FTRACE_OFF);
	alive->dead = alive->wrong.count;
	listen_for_answers(alive, report, how);
	look_at_programs(alive, report);
	look_at_pins(alive, &report->reach);
	look_at_skipped(alive, report);
	look_at_addresses(alive, report);
}

const char *alive_wrong(const struct alive *alive, const struct layer_report *report)
{
	if (alive->wrong.count)
		return alive->wrong.text[0];
	return report->state.generation || report->kernel.native ? NULL : NOT_ATTACHED;
}
