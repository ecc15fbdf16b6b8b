// SPDX-License-Identifier: GPL-2.0-only
#include "layer/layer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/kmod.h"
#include "kernel/sysctl-modes.h"
#include "layer/alive.h"
#include "layer/doctor.h"
#include "layer/generation.h"
#include "layer/inspect.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "layer/programs.h"
#include "layer/state.h"
#include "layer/succession.h"
#include "layer/vhost.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/rmtree.h"

static int check_kernel(const struct kernel *kernel)
{
	if (!kernel->btf)
		return log_error(ENOENT,
				 "/sys/kernel/btf/vmlinux: not there; this kernel was built "
				 "without CONFIG_DEBUG_INFO_BTF and cannot be isolated");
	if (kernel_panics_on_unpin())
		return log_error(ENOTSUP, "%s", ALIVE_PANICS);
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

/* A place that is not known would cut all guests off, or take them for those of others. */
static int check_addresses(const struct kernel *kernel)
{
	if (kernel->addresses_known)
		return 0;
	if (kernel_attaches_nothing())
		return log_error(ENOTSUP, "%s", ALIVE_NO_TRAMPOLINES);
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
	int ret = succession_remove_left_over(pinned);

	if (!ret)
		ret = generation_make(new, kernel);
	if (!ret)
		ret = succession_put_in_force(new, kernel);
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
		succession_remove_others(pinned->generation);
	if (ret)
		return ret;
	ret = succession_remove_others(new.number);
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
	int ret = succession_remove_left_over(pinned);

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
	ret = kernel.native && coverage == RECORDING ? 0 : check_kernel(&kernel);
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
 * some without the others would judge otherwise than all. If this process dies after it, the next
 * start finds the generation retired, and attaches another.
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

/* So that it is known which generation is to go. */
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
