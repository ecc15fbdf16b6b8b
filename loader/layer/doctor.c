// SPDX-License-Identifier: GPL-2.0-only
#include "layer/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/kmod.h"
#include "kernel/sysctl-modes.h"
#include "layer/alive.h"
#include "layer/gaps.h"
#include "layer/generation.h"
#include "layer/inspect.h"
#include "layer/pins.h"
#include "lib/log.h"

/* What all maps take on 5.10, rounded up. */
#define MEMORY_NEEDED (64 << 20)

static void tell(struct doctor *doctor, enum diagnosis diagnosis, const char *what,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void tell(struct doctor *doctor, enum diagnosis diagnosis, const char *what,
		 const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	doctor->missing += diagnosis == MISSING;
	doctor->tell(diagnosis, what, text, doctor->arg);
}

static void tell_kernel(struct doctor *doctor, const struct kernel *kernel)
{
	struct utsname uts;

	uname(&uts);
	if (kernel->native)
		tell(doctor, GOOD, "kernel", "%s, isolates AF_VSOCK by itself; nothing is attached",
		     uts.release);
	else if (kernel->vsock)
		tell(doctor, GOOD, "kernel", "%s, can be isolated by BPF programs", uts.release);
	else
		tell(doctor, NOTE, "kernel",
		     "%s, vsock is not loaded: where that module has net.vsock.ns_mode (Linux 7.0 "
		     "on), the kernel isolates by itself",
		     uts.release);
}

static void tell_module(struct doctor *doctor, const char *name, const char *for_what)
{
	if (module_present(name))
		tell(doctor, GOOD, "module", "%s: %s", name, for_what);
	else if (!module_known(name))
		tell(doctor, NOTE, "module", "%s: this kernel has none, and no %s", name, for_what);
	else
		tell(doctor, NOTE, "module", "%s: not loaded; %s, 'modprobe %s' does so now", name,
		     doctor->loads_modules() ? "the service loads it"
					     : "LoadModules=no, so the service does not load it",
		     name);
}

static void tell_fallback(struct doctor *doctor)
{
	int fallback = sysctl_g2h_fallback();

	if (fallback >= 0)
		tell(doctor, GOOD, "fallback",
		     "net.vsock.g2h_fallback is %d: inside a guest, calls to CIDs that no guest of "
		     "its own has %s",
		     fallback, fallback ? "go to its host" : "fail");
}

static void tell_btf(struct doctor *doctor, const struct kernel *kernel)
{
	if (kernel->btf)
		tell(doctor, GOOD, "BTF", "of the kernel: /sys/kernel/btf/vmlinux");
	else
		tell(doctor, MISSING, "BTF",
		     "of the kernel: not there; use a kernel built with "
		     "CONFIG_DEBUG_INFO_BTF=y");
	if (kernel->module_btf && !kernel->transport)
		tell(doctor, GOOD, "module BTF", "there");
	else if (kernel->module_btf)
		tell(doctor, GOOD, "module BTF", "packets are identified by %s",
		     kernel->packet_socket ? "the socket that sent them" : "their address");
	else
		tell(doctor, NOTE, "module BTF",
		     "not there (5.11 on): "
		     "packets are identified by their address");
}

/* Kernels without BTF of modules are older than 5.12, and do not skip programs. */
static void tell_preemption(struct doctor *doctor, const struct kernel *kernel)
{
	const char *preemption = kernel_preemption();
	bool is_rt = !strcmp(preemption, "rt");

	if (kernel->module_btf &&
	    (is_rt || !strcmp(preemption, "full") || !strcmp(preemption, "lazy")))
		tell(doctor, NOTE, "preemption",
		     "%s: a preempted fmod_ret program is skipped for others on its CPU; "
		     "activate the BPF LSM%s",
		     preemption, is_rt ? "" : " or boot with preempt=voluntary");
}

static void tell_gates(struct doctor *doctor, const struct kernel *kernel)
{
	if (kernel->lsm_bpf) {
		tell(doctor, GOOD, "BPF LSM", "active; gates are lsm programs");
		return;
	}
	tell(doctor, NOTE, "BPF LSM",
	     "not active; gates are fmod_ret programs; boot with "
	     "'bpf' added to lsm= to use lsm programs");
	tell_preemption(doctor, kernel);
}

static void tell_sources(struct doctor *doctor, const struct kernel *kernel)
{
	const char *gap = gap_in_sources(kernel);

	if (gap)
		tell(doctor, NOTE, "sources", "%s", gap);
	else if (kernel->vsock)
		tell(doctor, GOOD, "sources", "a socket takes packets of its peer alone");
}

static void tell_taps(struct doctor *doctor)
{
	const char *gap = gap_by_taps();

	if (gap)
		tell(doctor, NOTE, "taps", "%s", gap);
}

static void tell_identity(struct doctor *doctor, const struct kernel *kernel)
{
	tell(doctor, GOOD, "namespaces", "told apart by %s",
	     kernel->netns_cookie ? "cookie" : "inode number (cookies from 5.14 on)");
}

static void tell_bpffs(struct doctor *doctor)
{
	struct stat st;

	if (!pin_sees_bpffs() || stat(BPFFS, &st))
		tell(doctor, MISSING, "bpffs", "not mounted; '" BPFFS_MOUNT "'");
	else if (st.st_mode & 022)
		tell(doctor, NOTE, "bpffs",
		     BPFFS ": anybody may make the layer's folder before it does, which is then "
			   "refused; 'chmod 700 " BPFFS "'");
	else
		tell(doctor, GOOD, "bpffs", BPFFS);
}

static void tell_lockdown(struct doctor *doctor)
{
	const char *lockdown = kernel_lockdown();

	if (strcmp(lockdown, "confidentiality"))
		tell(doctor, GOOD, "lockdown", "%s", lockdown);
	else
		tell(doctor, MISSING, "lockdown",
		     "confidentiality: BPF programs may not read "
		     "kernel memory; boot with lockdown=integrity or none");
}

static void tell_ftrace(struct doctor *doctor)
{
	if (kernel_ftrace_is_off())
		tell(doctor, MISSING, "ftrace", "%s", ALIVE_FTRACE_OFF);
	else if (kernel_attaches_nothing())
		tell(doctor, MISSING, "ftrace", "%s", ALIVE_NO_TRAMPOLINES);
	else
		tell(doctor, GOOD, "ftrace", "the kernel runs BPF programs at its functions");
}

static void tell_unpinning(struct doctor *doctor)
{
	if (kernel_panics_on_unpin())
		tell(doctor, MISSING, "preemption", "%s", ALIVE_PANICS);
}

static void tell_addresses(struct doctor *doctor, const struct kernel *kernel)
{
	int restrict_to = kernel_kptr_restrict();

	if (kernel->addresses_known && restrict_to < 2)
		tell(doctor, GOOD, "kallsyms", "tells where modules are");
	else if (kernel->addresses_known)
		tell(doctor, GOOD, "kallsyms",
		     "hidden by kernel.kptr_restrict=%d; a program reads where modules are",
		     restrict_to);
	else if (!kernel_attaches_nothing())
		tell(doctor, MISSING, "kallsyms",
		     "does not tell where the modules vsock and vhost_vsock are: "
		     "kernel.kptr_restrict is %d; 'sysctl kernel.kptr_restrict=1' is enough",
		     restrict_to);
}

/* In bytes, as much as this process can have. */
static rlim_t memory_limit(void)
{
	struct rlimit limit, all = { RLIM_INFINITY, RLIM_INFINITY };

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || !setrlimit(RLIMIT_MEMLOCK, &all))
		return RLIM_INFINITY;
	return limit.rlim_max;
}

static void tell_memory(struct doctor *doctor)
{
	rlim_t limit;

	if (!kernel_limits_maps())
		return;
	limit = memory_limit();
	if (limit >= MEMORY_NEEDED)
		tell(doctor, GOOD, "memory", "RLIMIT_MEMLOCK is large enough, or can be raised");
	else
		tell(doctor, MISSING, "memory",
		     "RLIMIT_MEMLOCK is %llu KiB, and without CAP_SYS_RESOURCE it cannot be "
		     "raised: BPF maps need %d MiB; 'ulimit -l unlimited', or "
		     "LimitMEMLOCK=infinity",
		     (unsigned long long)limit / 1024, MEMORY_NEEDED >> 20);
}

/* The verifier's word on each program that this kernel may ever need. */
static void tell_programs(struct doctor *doctor, const struct kernel *kernel)
{
	int ret;

	if (geteuid()) {
		tell(doctor, NOTE, "programs", "not tried: that needs root");
		return;
	}
	ret = generation_try(kernel);
	if (!ret)
		tell(doctor, GOOD, "programs", "this kernel takes all of them");
	else
		tell(doctor, MISSING, "programs",
		     "this kernel does not take them (%s); 'vsock-bpfd --verbose --once' tells why",
		     strerror(-ret));
}

/* Sources and taps have lines of their own. */
static void tell_full(struct doctor *doctor, const struct layer_report *report)
{
	struct gaps gaps;
	int i;

	gaps_find(&gaps, report);
	for (i = 0; i < gaps.full.count; i++)
		tell(doctor, NOTE, "room", "%s", gaps.full.text[i]);
}

/* What is attached by now, if anything is. */
static void tell_layer(struct doctor *doctor)
{
	struct layer_report report;
	struct alive alive;
	int i;

	if (geteuid() || layer_inspect(&report))
		return;
	alive_ask(&alive, &report, PROBE_ALL);
	for (i = 0; i < alive.wrong.count; i++)
		tell(doctor, MISSING, "layer", "%s", alive.wrong.text[i]);
	tell_full(doctor, &report);
	if (alive.wrong.count)
		return;
	if (report.state.generation)
		tell(doctor, GOOD, "layer", "attached, and its programs run");
	else if (!report.kernel.native)
		tell(doctor, NOTE, "layer", "not attached; 'systemctl start vsock-bpfd'");
}

/* Those whose word a start that failed has not said itself. */
static void tell_obstacles(struct doctor *doctor, const struct kernel *kernel)
{
	tell_bpffs(doctor);
	tell_lockdown(doctor);
	tell_ftrace(doctor);
	tell_unpinning(doctor);
	tell_addresses(doctor, kernel);
	tell_memory(doctor);
}

void doctor_run(struct doctor *doctor)
{
	struct kernel kernel;

	enter_bpffs_mount_namespace();
	kernel_probe(&kernel);
	tell_kernel(doctor, &kernel);
	tell_module(doctor, "vsock", "sockets");
	tell_module(doctor, "vsock_loopback", "loopback");
	tell_taps(doctor);
	if (kernel.native) {
		tell_fallback(doctor);
		tell_layer(doctor);
		return;
	}
	tell_module(doctor, "vhost_vsock", "guests");
	tell_btf(doctor, &kernel);
	tell_gates(doctor, &kernel);
	tell_identity(doctor, &kernel);
	tell_sources(doctor, &kernel);
	tell_obstacles(doctor, &kernel);
	if (!doctor->missing)
		tell_programs(doctor, &kernel);
	tell_layer(doctor);
	tell(doctor, NOTE, "CIDs",
	     "one space for the whole machine: a second claim gets EADDRINUSE; "
	     "give every guest a CID of its own");
	tell(doctor, NOTE, "ports",
	     "one space for the whole machine: a second listener on a port gets EADDRINUSE");
}

static void say_missing(enum diagnosis diagnosis, const char *what, const char *text, void *arg)
{
	if (diagnosis == MISSING)
		log_error(ENOTSUP, "%s: %s", what, text);
}

void doctor_explain(const struct kernel *kernel)
{
	struct doctor doctor = { .tell = say_missing };

	tell_obstacles(&doctor, kernel);
}
