// SPDX-License-Identifier: GPL-2.0-only
#include "service/keeper.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "layer/alive.h"
#include "layer/layer.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/state.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "service/journal.h"

#define TICK_USEC 5000000ULL

/* What tells that a module was unloaded and loaded again: numbers of its folder in sysfs. */
struct modules {
	ino_t vsock, vhost_vsock;
};

struct keeper {
	struct keeper_needs needs;
	sd_event_source *tick;
	struct layer_report report;
	struct modules modules;
	struct alive alive, said;
	int map[PINNED_MAPS]; /* held, so that what is in them outlives the loss of all pins */
	int state_map;	      /* the one of them that is pinned as state, */
	__u32 state;	      /* and its id; 0: none is held */
};

/* --- Maps that are held --- */

static void release_maps(struct keeper *keeper)
{
	int i;

	for (i = 0; keeper->state && pinned_maps[i]; i++)
		if (keeper->map[i] >= 0)
			close(keeper->map[i]);
	keeper->state = 0;
}

static void hold_maps(struct keeper *keeper)
{
	__u32 state = keeper->report.reach.own.state;
	int i;

	if (keeper->state == state)
		return;
	release_maps(keeper);
	for (i = 0; pinned_maps[i]; i++) {
		keeper->map[i] = pin_open_map(pinned_maps[i]);
		if (!strcmp(pinned_maps[i], PIN_STATE))
			keeper->state_map = keeper->map[i];
	}
	keeper->state = state;
}

/* --detach says in the state that the set is not to answer any more. */
static bool is_detached(const struct keeper *keeper)
{
	struct layer_state *state = state_map(keeper->state_map);
	bool detached;

	if (!state)
		return true;
	detached = state->retired_generation >= state->generation;
	state_unmap(state);
	return detached;
}

/* Pins go one by one, and programs later: what is gone by then is not known before it is. */
static int pin_held(const struct keeper *keeper)
{
	char path[PATH_MAX];
	int i, ret = 0;

	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return log_errno(errno, PIN_DIR);
	for (i = 0; pinned_maps[i] && !ret; i++) {
		snprintf(path, sizeof(path), PIN_DIR "/%s", pinned_maps[i]);
		ret = bpf_obj_pin(keeper->map[i], path);
		ret = ret == -EEXIST ? 0 : ret;
	}
	return ret ? log_errno(-ret, "%s", path) : 0;
}

static int pin_held_locked(const struct keeper *keeper)
{
	int lock = lock_take(), ret;

	if (lock < 0)
		return lock;
	ret = pin_check_dir();
	if (!ret)
		ret = pin_held(keeper);
	lock_release(lock);
	return ret;
}

/* --- What is the matter --- */

static ino_t number_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

/* What the kernel offers is looked up again where it may have changed: that takes long on 5.10. */
static void renew_kernel(struct keeper *keeper)
{
	struct modules modules = {
		.vsock = number_of("/sys/module/vsock"),
		.vhost_vsock = number_of("/sys/module/vhost_vsock"),
	};

	if (!memcmp(&modules, &keeper->modules, sizeof(modules)))
		return;
	kernel_probe(&keeper->report.kernel);
	keeper->modules = modules;
}

static void note_loss(struct keeper *keeper)
{
	const char *what;

	if (!keeper->state || keeper->report.state.generation || keeper->alive.wrong.count)
		return;
	what = is_detached(keeper) ? "the layer was detached: nothing is isolated any more; "
				     "'systemctl restart vsock-bpfd' attaches it again"
				   : "all pins are gone, and with them the programs: nothing is "
				     "isolated; they are attached again";
	findings_add(&keeper->alive.wrong, "%s", what);
	keeper->alive.repairable = !is_detached(keeper);
}

static int look(struct keeper *keeper)
{
	int ret;

	renew_kernel(keeper);
	enter_bpffs_mount_namespace();
	ret = layer_look(&keeper->report);
	if (ret)
		return ret;
	alive_ask(&keeper->alive, &keeper->report, PROBE_QUIET);
	note_loss(keeper);
	return 0;
}

/* --- What is done about it --- */

static bool is_said(const struct keeper *keeper)
{
	return keeper->alive.wrong.count == keeper->said.wrong.count &&
	       !memcmp(keeper->alive.wrong.text, keeper->said.wrong.text,
		       sizeof(keeper->said.wrong.text));
}

static void say_findings(const struct keeper *keeper)
{
	int i;

	for (i = 0; i < keeper->alive.wrong.count; i++)
		journal_wrong(keeper->alive.wrong.text[i]);
	sd_notifyf(0, "STATUS=%s",
		   keeper->alive.wrong.count ? keeper->alive.wrong.text[0]
					     : "Enforcement is live.");
	if (!keeper->alive.wrong.count)
		log_info("repaired; enforcement is live");
}

static void mend(struct keeper *keeper)
{
	if (!keeper->alive.repairable)
		return;
	/* A --detach that is under way, or died: somebody wants it so. */
	if (keeper->state && is_detached(keeper))
		return;
	if (keeper->state && pin_held_locked(keeper))
		return;
	if (!keeper->needs.mend(keeper->needs.arg))
		look(keeper);
}

/* Nothing is tried, or said, twice. */
static void take_care(struct keeper *keeper)
{
	if (!is_said(keeper)) {
		say_findings(keeper);
		keeper->said = keeper->alive;
		mend(keeper);
	}
	if (!is_said(keeper)) {
		say_findings(keeper);
		keeper->said = keeper->alive;
	}
	if (!keeper->alive.wrong.count) {
		hold_maps(keeper);
		layer_renew_cid();
	}
}

static int set_tick(struct keeper *keeper);

static int on_tick(sd_event_source *source, uint64_t now, void *arg)
{
	struct keeper *keeper = arg;

	if (!look(keeper))
		take_care(keeper);
	return set_tick(keeper);
}

static int set_tick(struct keeper *keeper)
{
	keeper->tick = sd_event_source_disable_unref(keeper->tick);
	return sd_event_add_time_relative(keeper->needs.event, &keeper->tick, CLOCK_MONOTONIC,
					  TICK_USEC, 0, on_tick, keeper);
}

struct keeper *keeper_start(const struct keeper_needs *needs)
{
	struct keeper *keeper = memory_checked(calloc(1, sizeof(*keeper)));

	keeper->needs = *needs;
	if (!look(keeper))
		take_care(keeper);
	if (set_tick(keeper) < 0)
		log_error(ENOMEM, "the programs are not checked");
	return keeper;
}

void keeper_stop(struct keeper *keeper)
{
	if (!keeper)
		return;
	sd_event_source_disable_unref(keeper->tick);
	release_maps(keeper);
	free(keeper);
}
