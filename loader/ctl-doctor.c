// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl doctor: one line for each thing the layer needs of this kernel. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "modules.h"
#include "pins.h"
#include "report.h"
#include "vsockctl.h"

enum finding {
	GOOD,
	NOTE,	 /* works, and could work better */
	MISSING, /* isolation cannot be had without it */
};

struct diagnosis {
	struct json_object *list; /* NULL: for people */
	int missing;
};

static const char *finding_name(enum finding finding)
{
	static const char *const names[] = { "ok", "note", "missing" };

	return names[finding];
}

static void print_finding(enum finding finding, const char *what, const char *text)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colour = isatty(STDOUT_FILENO);

	printf("%s%-7s%s  %-13s  %s\n", colour ? colours[finding] : "", finding_name(finding),
	       colour ? "\033[0m" : "", what, text);
}

static void tell(struct diagnosis *diagnosis, enum finding finding, const char *what,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void tell(struct diagnosis *diagnosis, enum finding finding, const char *what,
		 const char *format, ...)
{
	struct json_object *object;
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diagnosis->missing += finding == MISSING;
	if (!diagnosis->list) {
		print_finding(finding, what, text);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "what", json_object_new_string(what));
	json_object_object_add(object, "finding", json_object_new_string(finding_name(finding)));
	json_object_object_add(object, "text", json_object_new_string(text));
	json_object_array_add(diagnosis->list, object);
}

static void tell_kernel(struct diagnosis *diagnosis, const struct kernel *kernel)
{
	struct utsname uts;

	uname(&uts);
	if (kernel->native)
		tell(diagnosis, GOOD, "kernel",
		     "%s, isolates AF_VSOCK by itself; nothing is attached", uts.release);
	else if (kernel->vsock)
		tell(diagnosis, GOOD, "kernel", "%s, can be isolated by BPF programs", uts.release);
	else
		tell(diagnosis, NOTE, "kernel",
		     "%s, vsock is not loaded: from 7.0 on that module isolates by itself",
		     uts.release);
}

static void tell_module(struct diagnosis *diagnosis, const char *name, const char *for_what)
{
	if (module_present(name))
		tell(diagnosis, GOOD, "module", "%s: %s", name, for_what);
	else
		tell(diagnosis, NOTE, "module",
		     "%s: not loaded; the service loads it, "
		     "'modprobe %s' does so now",
		     name, name);
}

static void tell_btf(struct diagnosis *diagnosis, const struct kernel *kernel)
{
	if (kernel->btf)
		tell(diagnosis, GOOD, "BTF", "of the kernel: /sys/kernel/btf/vmlinux");
	else
		tell(diagnosis, MISSING, "BTF",
		     "of the kernel: not there; use a kernel built with "
		     "CONFIG_DEBUG_INFO_BTF=y");
	if (kernel->module_btf && !kernel->transport)
		tell(diagnosis, GOOD, "module BTF", "there");
	else if (kernel->module_btf)
		tell(diagnosis, GOOD, "module BTF", "packets are identified by %s",
		     kernel->packet_socket ? "the socket that sent them" : "their address");
	else
		tell(diagnosis, NOTE, "module BTF",
		     "not there (5.11 on): "
		     "packets are identified by their address");
}

static void tell_gates(struct diagnosis *diagnosis, const struct kernel *kernel)
{
	const char *preemption = kernel_preemption();

	if (kernel->lsm_bpf) {
		tell(diagnosis, GOOD, "BPF LSM", "active; gates are lsm programs");
		return;
	}
	tell(diagnosis, NOTE, "BPF LSM",
	     "not active; gates are fmod_ret programs; boot with "
	     "'bpf' added to lsm= to use lsm programs");
	if (!strcmp(preemption, "full") || !strcmp(preemption, "lazy"))
		tell(diagnosis, NOTE, "preemption",
		     "%s: a preempted fmod_ret program is skipped "
		     "for others on its CPU; activate the BPF LSM or boot with preempt=voluntary",
		     preemption);
}

static void tell_identity(struct diagnosis *diagnosis, const struct kernel *kernel)
{
	tell(diagnosis, GOOD, "namespaces", "told apart by %s",
	     kernel->netns_cookie ? "cookie" : "inode number (cookies from 5.14 on)");
}

static void tell_bpffs(struct diagnosis *diagnosis)
{
	struct statfs fs;

	if (!statfs(BPFFS, &fs) && fs.f_type == BPF_FS_MAGIC)
		tell(diagnosis, GOOD, "bpffs", BPFFS);
	else
		tell(diagnosis, MISSING, "bpffs", "not mounted; 'mount -t bpf bpf " BPFFS "'");
}

static void tell_lockdown(struct diagnosis *diagnosis)
{
	const char *lockdown = kernel_lockdown();

	if (strcmp(lockdown, "confidentiality"))
		tell(diagnosis, GOOD, "lockdown", "%s", lockdown);
	else
		tell(diagnosis, MISSING, "lockdown",
		     "confidentiality: BPF programs may not read "
		     "kernel memory; boot with lockdown=integrity or none");
}

static int diagnose(struct diagnosis *diagnosis)
{
	struct kernel kernel;

	pin_find();
	kernel_probe(&kernel);
	tell_kernel(diagnosis, &kernel);
	tell_module(diagnosis, "vsock", "sockets");
	tell_module(diagnosis, "vsock_loopback", "loopback");
	if (kernel.native)
		return 0;
	tell_module(diagnosis, "vhost_vsock", "guests");
	tell_btf(diagnosis, &kernel);
	tell_gates(diagnosis, &kernel);
	tell_identity(diagnosis, &kernel);
	tell_bpffs(diagnosis);
	tell_lockdown(diagnosis);
	tell(diagnosis, NOTE, "CIDs",
	     "one space for the whole machine: a second claim gets EADDRINUSE; "
	     "give every guest a CID of its own");
	tell(diagnosis, NOTE, "ports",
	     "one space for the whole machine: a second listener on a port gets EADDRINUSE");
	return diagnosis->missing;
}

int verb_doctor(const struct options *options, int argc, char **argv)
{
	struct diagnosis diagnosis = {};
	int missing;

	(void)argc;
	(void)argv;
	if (options->json)
		diagnosis.list = json_object_new_array();
	missing = diagnose(&diagnosis);
	if (options->json)
		print_json(diagnosis.list);
	return missing ? fail(ENOTSUP, "%d missing: this kernel cannot be isolated as it is",
			      missing)
		       : 0;
}
