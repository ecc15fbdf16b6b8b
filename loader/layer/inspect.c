// SPDX-License-Identifier: GPL-2.0-only
#include "layer/inspect.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "layer/pins.h"
#include "layer/state.h"
#include "lib/log.h"

/* By name, and by what the link that is pinned leads to. */
static bool is_pinned(const struct program *program, const struct layer_state *state,
		      const struct link_set *set, struct pinned_link *link)
{
	char path[PATH_MAX];

	pin_in_generation(path, sizeof(path), state->generation, program->name);
	return !link_set_read(path, set, link) && link->of_set &&
	       !strncmp(link->program, program->name, sizeof(link->program) - 1);
}

static bool has_maps(const struct reach *reach)
{
	int i;

	for (i = 0; pinned_maps[i]; i++)
		if (!reach_has_map(reach, pinned_maps[i]))
			return false;
	return true;
}

bool layer_is_whole(const struct layer_state *state, const struct kernel *kernel,
		    enum coverage coverage)
{
	const struct program *program;
	struct pinned_link link;
	struct reach reach;

	/* What is left of a --detach that died. */
	if (state->retired_generation >= state->generation || reach_find(&reach) ||
	    !has_maps(&reach))
		return false;
	for (program = programs; program->name; program++)
		if (program_needed(program, kernel, coverage) &&
		    !is_pinned(program, state, &reach.own, &link))
			return false;
	return true;
}

static bool is_at(__u64 known, __u64 now)
{
	return !now || known == now;
}

bool layer_has_addresses(const struct layer_state *state, const struct kernel *kernel)
{
	const struct kernel_addresses *known = &state->addresses, *now = &kernel->addresses;

	return is_at(known->guest_table, now->guest_table) &&
	       is_at(known->vhost_fops, now->vhost_fops) &&
	       is_at(known->transport_g2h, now->transport_g2h) &&
	       is_at(known->transport_h2g, now->transport_h2g) &&
	       is_at(known->bound_table, now->bound_table) &&
	       is_at(known->connected_table, now->connected_table);
}

static int refuse_layout(__u32 layout)
{
	return log_error(EPROTO,
			 "%s has layout %u, this program knows %u; "
			 "'vsock-bpfd --detach' removes it, and with it all modes",
			 PIN_DIR, layout, LAYOUT_VERSION);
}

/* Of another layout only the first numbers mean the same: the layout and the generation. */
static int read_state_map(int fd, struct layer_state *state)
{
	struct layer_state *mapped = state_map(fd);

	if (!mapped)
		return log_errno(errno, PIN_DIR "/" PIN_STATE);
	if (mapped->layout == LAYOUT_VERSION)
		*state = *mapped;
	else
		state->layout = mapped->layout;
	state_unmap(mapped);
	return 0;
}

/* What the pinned state says; zeros if nothing is in force, or only a start that died. */
int layer_read_state(struct layer_state *state)
{
	int fd = bpf_obj_get(PIN_DIR "/" PIN_STATE), ret;

	memset(state, 0, sizeof(*state));
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return log_errno(-fd, PIN_DIR "/" PIN_STATE);
	ret = read_state_map(fd, state);
	close(fd);
	if (!ret && state->layout && state->layout != LAYOUT_VERSION)
		return refuse_layout(state->layout);
	if (!ret && !state->generation)
		memset(state, 0, sizeof(*state));
	return ret;
}

/* By its pin, or where that is missing by what the programs use. */
static int find_state(struct layer_report *report)
{
	int fd, ret = layer_read_state(&report->state);

	if (ret || report->state.generation || !report->reach.own.state)
		return ret;
	fd = bpf_map_get_fd_by_id(report->reach.own.state);
	if (fd < 0)
		return 0;
	ret = read_state_map(fd, &report->state);
	close(fd);
	return ret;
}

int layer_look(struct layer_report *report)
{
	const struct program *program;
	struct pinned_link link;
	int ret = reach_find(&report->reach);

	report->needed = report->pinned = 0;
	report->skipped = 0;
	if (!ret)
		ret = find_state(report);
	if (ret || (!report->state.generation && report->kernel.native))
		return ret;
	for (program = programs; program->name; program++) {
		if (!program_needed(program, &report->kernel, coverage_of(&report->state)))
			continue;
		report->needed++;
		if (!is_pinned(program, &report->state, &report->reach.own, &link))
			continue;
		report->pinned++;
		report->skipped += link.skipped;
	}
	return 0;
}

int layer_inspect(struct layer_report *report)
{
	int ret = pin_check_caller();

	memset(report, 0, sizeof(*report));
	if (ret)
		return ret;
	kernel_probe(&report->kernel);
	return layer_look(report);
}
