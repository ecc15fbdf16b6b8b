// SPDX-License-Identifier: GPL-2.0-only
#include "layer/layer.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/kmod.h"
#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"
#include "layer/alive.h"
#include "layer/doctor.h"
#include "layer/generation.h"
#include "layer/inspect.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/programs.h"
#include "layer/quiesce.h"
#include "layer/state.h"
#include "layer/vhost.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/rmtree.h"

/* For tasks that are in connect(), past the program that notes them. */
#define CONNECT_USEC 100000

static int check_kernel(const struct kernel *kernel)
{
	if (!kernel->btf)
		return log_error(ENOENT,
				 "/sys/kernel/btf/vmlinux: not there; this kernel was built "
				 "without CONFIG_DEBUG_INFO_BTF and cannot be isolated");
	return pin_check_bpffs();
}

/* The programs hook functions and tracepoints of these; they pull in the rest. */
static int load_all_modules(void)
{
	int ret = module_load("vsock");

	/* On a native kernel, too: loading vsock by name keeps it from being loaded on use. */
	if (!ret && (!kernel_has_modes() || module_known("vsock_loopback")))
		ret = module_load("vsock_loopback");
	/* A kernel without it has no guests to isolate. */
	if (!ret && !kernel_has_modes() && module_known("vhost_vsock"))
		ret = module_load("vhost_vsock");
	return ret;
}

/* Removes the links of every set but one: of the one before, and of starts that died. */
static int remove_other_generations(__u32 keep)
{
	char path[PATH_MAX], kept[64];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	snprintf(kept, sizeof(kept), PIN_GENERATION "%u", keep);
	dir = opendir(PIN_DIR);
	if (!dir)
		return -errno;
	while (!ret && (errno = 0, entry = readdir(dir))) {
		if (strncmp(entry->d_name, PIN_GENERATION, strlen(PIN_GENERATION)) ||
		    !strcmp(entry->d_name, kept))
			continue;
		snprintf(path, sizeof(path), PIN_DIR "/%s", entry->d_name);
		ret = rmtree(path);
	}
	if (!ret)
		ret = -errno;
	closedir(dir);
	return ret;
}

/*
 * The sets before the one in force answer no more. Those of their programs that run now may have
 * begun before it was in force, so they still do until those have ended.
 */
static int retire_others(struct layer_state *state, const struct quiesce *quiesce)
{
	int ret = quiesce_programs(quiesce);

	if (!ret)
		__atomic_store_n(&state->retired_generation, state->generation - 1,
				 __ATOMIC_SEQ_CST);
	return ret;
}

/* What a start that died has left to do: two sets answer. */
static int retire_left_over(void)
{
	struct quiesce quiesce;
	struct netns_records records;
	int ret = netns_records_open(&records);

	if (ret)
		return ret;
	ret = quiesce_open(&quiesce);
	if (!ret)
		ret = retire_others(records.state, &quiesce);
	quiesce_close(&quiesce);
	netns_records_close(&records);
	return ret;
}

/* Of starts that died: one set that was to go, or one that never was in force. */
static int remove_left_over(const struct layer_state *pinned)
{
	int ret = 0;

	if (pinned->retired_generation + 1 < pinned->generation)
		ret = retire_left_over();
	return ret ? ret : remove_other_generations(pinned->generation);
}

/*
 * Requests that were sent before the new set was attached arrive under the old one. Where packets
 * carry no socket, tasks that are in connect() get CONNECT_USEC to send theirs.
 */
static void let_arrive(const struct kernel *kernel, const struct quiesce *quiesce)
{
	if (!kernel->packet_socket)
		usleep(CONNECT_USEC);
	quiesce_programs(quiesce);
	quiesce_loopback();
}

/* From here on the new set answers, and then no other. */
static int put_in_force(struct generation *new, const struct kernel *kernel)
{
	struct quiesce quiesce;
	int ret = quiesce_open(&quiesce);

	if (!ret && new->coverage >= GATES) {
		let_arrive(kernel, &quiesce);
		__atomic_store_n(&new->state->gates_wanted, YES, __ATOMIC_SEQ_CST);
	}
	if (!ret) {
		__atomic_store_n(&new->state->build, generation_build_id(), __ATOMIC_SEQ_CST);
		__atomic_store_n(&new->state->generation, new->number, __ATOMIC_SEQ_CST);
		/* If it cannot be waited for, the old set is closed to everybody as it goes. */
		retire_others(new->state, &quiesce);
	}
	quiesce_close(&quiesce);
	return ret;
}

/* A place that is not known would cut all guests off, or take them for those of others. */
static int check_addresses(const struct kernel *kernel)
{
	if (kernel->addresses_known)
		return 0;
	return log_error(EPERM,
			 "the kernel does not tell where the modules vsock and vhost_vsock are "
			 "(/proc/kallsyms): kernel.kptr_restrict is %d; 'sysctl "
			 "kernel.kptr_restrict=1' is enough for a start",
			 kernel_kptr_restrict());
}

/* What a start that died has left is not adopted. */
static int make_dir(bool upgrade)
{
	int ret = upgrade ? 0 : rmtree(PIN_DIR);

	if (ret)
		return log_errno(-ret, PIN_DIR);
	if (mkdir(PIN_DIR, 0700) && errno != EEXIST)
		return log_errno(errno, PIN_DIR);
	return pin_check_dir();
}

/* What the checks of doctor know of a failure is said with it. */
static int make(struct generation *new, const struct kernel *kernel,
		const struct layer_state *pinned)
{
	int ret = remove_left_over(pinned);

	if (!ret)
		ret = generation_make(new, kernel);
	if (!ret)
		ret = put_in_force(new, kernel);
	if (ret)
		doctor_explain(kernel);
	return ret;
}

static int attach_new(const struct kernel *kernel, const struct layer_state *pinned,
		      enum coverage coverage)
{
	struct generation new = { .number = pinned->generation + 1, .coverage = coverage };
	bool upgrade = pinned->generation > 0;
	int ret = check_addresses(kernel);

	if (!ret)
		ret = alive_check_ftrace();
	if (!ret)
		ret = make_dir(upgrade);
	if (ret)
		return ret;
	ret = make(&new, kernel, pinned);
	/* First of all, as removing pins takes descriptors, which may be what is missing. */
	generation_close(&new);
	if (ret && !upgrade)
		rmtree(PIN_DIR);
	else if (ret)
		remove_other_generations(pinned->generation);
	if (ret)
		return ret;
	ret = remove_other_generations(new.number);
	if (ret)
		return log_errno(-ret, "%s", PIN_DIR);
	return upgrade ? LAYER_UPGRADED : LAYER_ATTACHED;
}

/* What programs in force use is pinned again first, so that no mode is lost. */
static int regain(struct layer_state *pinned)
{
	struct reach reach;
	int ret = reach_find(&reach);

	if (!ret && reach.hidden.state)
		ret = log_error(EBUSY, "%s", reach_why_hidden());
	if (!ret)
		ret = reach_repair(&reach);
	return ret < 0 ? ret : layer_read_state(pinned);
}

/* Of this machine as a guest: it changes where the machine moves, or its device comes. */
void layer_renew_cid(void)
{
	__u32 cid = vhost_local_cid();
	struct netns_records records;

	if (!netns_records_exist() || netns_records_open(&records))
		return;
	if (records.state->local_cid != cid)
		__atomic_store_n(&records.state->local_cid, cid, __ATOMIC_SEQ_CST);
	netns_records_close(&records);
}

/* That it is pinned is not enough: it has to run. */
static int ask(const struct kernel *kernel)
{
	struct layer_report report = { .kernel = *kernel };
	struct alive alive;
	int ret = layer_look(&report);

	if (ret)
		return ret;
	alive_ask(&alive, &report, PROBE_ALL);
	return alive.dead ? log_error(EIO, "%s", alive.wrong.text[0]) : 0;
}

static int adopt(const struct kernel *kernel, const struct layer_state *pinned)
{
	int ret = remove_left_over(pinned);

	if (!ret)
		ret = ask(kernel);
	if (ret)
		return ret;
	layer_renew_cid();
	return LAYER_ADOPTED;
}

static int attach_locked(bool load_modules, enum coverage coverage)
{
	struct layer_state pinned;
	struct kernel kernel;
	int ret = load_modules ? load_all_modules() : 0;

	if (ret)
		return ret;
	kernel_probe(&kernel);
	ret = kernel.native ? 0 : check_kernel(&kernel);
	if (!ret)
		ret = regain(&pinned);
	if (ret)
		return ret;
	/* Policies are what brings programs into a kernel that isolates by itself. */
	if (kernel.native && !pinned.generation && coverage == RECORDING)
		return LAYER_NATIVE;
	if (coverage < coverage_of(&pinned))
		coverage = coverage_of(&pinned);
	if (pinned.generation && pinned.build == generation_build_id() &&
	    layer_has_addresses(&pinned, &kernel) && layer_is_whole(&pinned, &kernel, coverage))
		return adopt(&kernel, &pinned);
	return attach_new(&kernel, &pinned, coverage);
}

int layer_attach_gates(enum coverage coverage)
{
	struct layer_state pinned;
	struct kernel kernel;
	int ret = regain(&pinned);

	if (ret ||
	    (pinned.generation > pinned.retired_generation && coverage_of(&pinned) >= coverage))
		return ret;
	kernel_probe(&kernel);
	ret = check_kernel(&kernel);
	if (ret || (pinned.generation && layer_is_whole(&pinned, &kernel, coverage)))
		return ret;
	ret = attach_new(&kernel, &pinned, coverage);
	return ret < 0 ? ret : 0;
}

int layer_attach(bool load_modules, enum coverage coverage)
{
	int lock, ret = pin_check_caller();

	if (ret)
		return ret;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = attach_locked(load_modules, coverage);
	lock_release(lock);
	return ret;
}

/*
 * One store, and none of the programs answers any more: the kernel takes them out one by one, and
 * some without the others would judge otherwise than all. Should this die, the set is seen to be
 * retired, and the next start attaches another.
 */
static void retire_all(void)
{
	struct layer_state *state = state_take(bpf_obj_get(PIN_DIR "/" PIN_STATE));

	if (!state)
		return;
	if (state->layout == LAYOUT_VERSION)
		__atomic_store_n(&state->retired_generation, state->generation, __ATOMIC_SEQ_CST);
	state_unmap(state);
}

/* So that it is known which set is to go. */
static int regain_to_detach(void)
{
	struct reach reach;
	int ret = reach_find(&reach);

	return ret ? ret : reach_repair(&reach);
}

static int detach_locked(void)
{
	int ret;

	if (access(PIN_DIR, F_OK))
		return reach_refuse_hidden();
	ret = regain_to_detach();
	if (ret < 0)
		return ret;
	retire_all();
	ret = rmtree(PIN_DIR);
	if (ret)
		return log_errno(-ret, PIN_DIR);
	ret = reach_refuse_hidden();
	return ret ? ret : 1;
}

int layer_detach(void)
{
	int lock, ret = pin_check_caller();

	if (ret)
		return ret;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = detach_locked();
	lock_release(lock);
	return ret;
}
