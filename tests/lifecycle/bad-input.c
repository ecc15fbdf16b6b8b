// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad input: one clear line on stderr, the exit status of the documentation, nothing
 * changed. Begins and ends with nothing attached.
 */
#include <string.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/tap.h"
#include "lib/world.h"

#define BPFD "build/vsock-bpfd"
#define CTL  "build/vsockctl"

/* A mount namespace of its own, for what hides a part of the system. */
#define HIDDEN(hide, run) "unshare --mount sh -c '" hide " && exec " run "'"

/* For process 1, too, whose mounts are looked at where bpffs is hidden. */
#define COVERED(path, run)                                                                         \
	"sh -c 'mount -t tmpfs none " path " && " run "; status=$?; umount " path "; exit "        \
	"$status'"

#define RULES	   "/tmp/rules"
#define WITH_RULES BPFD " --once --policy-dir " RULES

#define NOBODY "setpriv --reuid 65534 --regid 65534 --clear-groups "

struct input {
	const char *what;
	const char *line;
	int status;
	const char *words; /* on stderr */
};

/* clang-format off */
static const struct input attached[] = {
	{ "an unknown namespace", CTL " -n no-such get ns_mode", 1,
	  "vsockctl: no-such: no such network namespace" },
	{ "an unknown namespace is set", CTL " -n no-such set child_ns_mode local", 1,
	  "vsockctl: no-such: no such network namespace" },
	{ "a pid that has gone", CTL " -n 4194303 get ns_mode", 1,
	  "vsockctl: pid 4194303: No such process" },
	{ "a number too large for a pid", CTL " -n 99999999999999999999 get ns_mode", 1,
	  "No such process" },
	{ "a path that is not there", CTL " -n /no/such get ns_mode", 1,
	  "vsockctl: /no/such: No such file or directory" },
	{ "a file that is no namespace", CTL " -n /etc/passwd get ns_mode", 1,
	  "vsockctl: /etc/passwd: not a network namespace" },
	{ "a folder", CTL " -n /etc/ get ns_mode", 1, "vsockctl: /etc/: not a network namespace" },
	{ "a namespace of another kind", CTL " -n /proc/1/ns/uts set ns_mode local", 1,
	  "vsockctl: /proc/1/ns/uts: not a network namespace" },
	{ "an empty name", CTL " -n '' get ns_mode", 1, "not a name of a network namespace" },
	{ "a name of two dots", CTL " -n .. get ns_mode", 1, "not a name of a network namespace" },
	{ "a value that is neither", CTL " -n web set child_ns_mode foreign", 2,
	  "'foreign' is neither global nor local" },
	{ "a value in capitals", CTL " -n web set child_ns_mode LOCAL", 2,
	  "'LOCAL' is neither global nor local" },
	{ "an empty value", CTL " -n web set ns_mode ''", 2, "'' is neither global nor local" },
	{ "a knob that is none", CTL " -n web set mode local", 2, "mode: not a knob" },
	{ "an unknown command", CTL " dance", 2, "vsockctl: dance: no such command" },
	{ "no command", CTL, 2, "vsockctl: no command given" },
	{ "an unknown option", CTL " --dance list", 2, "unrecognized option '--dance'" },
	{ "an option without its value", CTL " -n", 2, "option requires an argument" },
	{ "too few arguments", CTL " set ns_mode", 2, "usage: vsockctl [OPTION...] set KNOB MODE" },
	{ "too many arguments", CTL " get ns_mode child_ns_mode", 2, "usage: vsockctl [OPTION...] get KNOB" },
	{ "an argument where none is wanted", CTL " list all", 2, "usage: vsockctl [OPTION...] list" },
	{ "init is made local", CTL " set ns_mode local", 1,
	  "vsockctl: ns_mode: Operation not permitted" },
	{ "a second value", CTL " -n web set child_ns_mode global && " CTL
	  " -n web set child_ns_mode local", 1,
	  "vsockctl: child_ns_mode: Device or resource busy" },
	{ "nobody lists", NOBODY CTL " list", 1, "ermi" },
	{ "nobody asks for status", NOBODY CTL " status", 1, "ermi" },
	{ "nobody monitors", NOBODY CTL " monitor", 1, "ermi" },
	{ "nobody measures", NOBODY CTL " metrics", 1, "ermi" },
	{ "nobody reloads", NOBODY CTL " reload", 1, "ermi" },
	{ "monitor without a service", CTL " monitor", 1, "vsockctl: the service does not run" },
	{ "reload without a service", CTL " --json reload", 1, "the service does not run" },
	{ "monitor of an unknown namespace", CTL " -n no-such monitor", 1,
	  "vsockctl: no-such: no such network namespace" },
	{ "nobody attaches", NOBODY BPFD " --once", 1, "vsock-bpfd: needs root" },
	{ "nobody detaches", NOBODY BPFD " --detach", 1, "vsock-bpfd: needs root" },
	{ "nobody serves", NOBODY BPFD, 1, "vsock-bpfd: needs root" },
	{ "an unknown option of the service", BPFD " --dance", 2, "unrecognized option" },
	{ "an argument of the service", BPFD " dance", 2, "vsock-bpfd: dance: unexpected argument" },
	{ "--once with --detach", BPFD " --once --detach", 2, "exclude each other" },
};

/* Where the layer isolates. */
static const struct input of_layer[] = {
	{ "nobody gets", NOBODY CTL " get ns_mode", 1, "needs root" },
	{ "nobody sets", NOBODY CTL " set child_ns_mode local", 1, "needs root" },
};

/* Where the kernel does. */
static const struct input of_kernel[] = {
	{ "nobody sets", NOBODY CTL " set child_ns_mode local", 1,
	  "vsockctl: child_ns_mode: Permission denied" },
	{ "rules without bpffs", COVERED("/sys/fs/bpf", WITH_RULES), 1, "mount -t bpf" },
	{ "rules without BTF", COVERED("/sys/kernel/btf", WITH_RULES), 1,
	  "/sys/kernel/btf/vmlinux: not there" },
};

/* It is wanted, and not there. */
static const struct input detached[] = {
	{ "get without the layer", CTL " get ns_mode", 1, "vsockctl: not attached" },
	{ "set without the layer", CTL " -n web set child_ns_mode local", 1,
	  "vsockctl: not attached" },
	{ "list without the layer", CTL " list", 1, "vsockctl: not attached" },
	{ "status without the layer", CTL " status", 1, "vsockctl: not attached" },
	{ "no bpffs", COVERED("/sys/fs/bpf", BPFD " --once"), 1, "mount -t bpf" },
	{ "no BTF", COVERED("/sys/kernel/btf", BPFD " --once"), 1,
	  "/sys/kernel/btf/vmlinux: not there" },
	{ "doctor without BTF", COVERED("/sys/kernel/btf", CTL " doctor"), 1,
	  "1 missing" },
	{ "doctor without bpffs", COVERED("/sys/fs/bpf", CTL " doctor"), 1, "1 missing" },
	{ "no folder for the lock", HIDDEN("mount -o bind,ro /run /run", BPFD " --once"), 1,
	  "Read-only file system" },
};

static const struct input without_modules[] = {
	{ "no module", HIDDEN("mount -t tmpfs none /lib/modules", BPFD " --once"), 1,
	  "module vsock: not in /lib/modules/" },
};

static const struct input without_loopback[] = {
	{ "no vsock_loopback alone",
	  HIDDEN("modprobe vsock && mount -t tmpfs none /lib/modules", BPFD " --once"), 1,
	  "module vsock_loopback: not in /lib/modules/" },
};

/* JSON that a program can read, whoever isolates. */
static const struct input json[] = {
	{ "get", CTL " --json get ns_mode", 0, "" },
	{ "list", CTL " --json list", 0, "" },
	{ "status", CTL " --json status", 0, "" },
	{ "doctor", CTL " --json doctor", 0, "" },
};
/* clang-format on */

#define COUNT(inputs) (sizeof(inputs) / sizeof((inputs)[0]))

static struct said said;

/* What a mistake could change: modes and pins. */
static void snapshot(const char *path)
{
	must("{ " CTL " list; find " PINS "; } >%s 2>&1 || true", path);
}

/* Wrong usage may be followed by a word on where help is. */
static bool is_brief(void)
{
	int lines = count_lines(said.err);
	const char *second = strchr(said.err, '\n');

	return lines == 1 || (said.status == 2 && lines == 2 && !strncmp(second, "\nTry '", 6));
}

static void check_input(const struct input *input)
{
	bool good;

	command(&said, "%s", input->line);
	good = said.status == input->status && strstr(said.err, input->words) && is_brief();
	/* These two say on stdout what they have found. */
	good &= !*said.out || strstr(input->line, " doctor") || strstr(input->line, " status");
	if (!good)
		tap_said(&said);
	tap_ok(good, "%s: %s", input->what, input->words);
}

static void check_inputs(const struct input *inputs, size_t count)
{
	struct bpf_counts counts = bpf_settled();
	size_t i;

	snapshot("/tmp/before");
	for (i = 0; i < count; i++)
		check_input(&inputs[i]);
	snapshot("/tmp/after");
	command(&said, "diff /tmp/before /tmp/after");
	if (said.status)
		tap_said(&said);
	tap_ok(!said.status && bpf_is(&counts), "nothing has changed");
}

static void check_json(void)
{
	size_t i;

	for (i = 0; i < COUNT(json); i++) {
		command(&said, "%s | build/tests/lifecycle/is-json", json[i].line);
		if (said.status)
			tap_said(&said);
		tap_ok(!said.status, "--json %s parses", json[i].what);
	}
}

static void remove_modules(void)
{
	must("modprobe -r vsock_loopback; modprobe -r vhost_vsock; modprobe -r vsock; "
	     "! grep '^vsock ' /proc/modules");
}

/* Who isolates by itself needs no layer, and answers without. */
static void natively(void)
{
	must("mkdir -p " RULES
	     " && printf '[Match]\\nName=web\\n[Rules]\\nDeny=bind port 1\\n' >" RULES
	     "/web.policy");
	check_inputs(of_kernel, COUNT(of_kernel));
	remove_modules();
	check_inputs(without_modules, COUNT(without_modules));
}

static void by_layer(void)
{
	check_inputs(of_layer, COUNT(of_layer));
	must(BPFD " --detach");
	check_inputs(detached, COUNT(detached));
	remove_modules();
	check_inputs(without_modules, COUNT(without_modules));
	check_inputs(without_loopback, COUNT(without_loopback));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("ip netns add web");
	must(BPFD " --detach && " BPFD " --once");
	/* Locked already, so that the second value is the mistake and not the first. */
	must(CTL " -n web set child_ns_mode global");
	check_inputs(attached, COUNT(attached));
	check_json();
	if (is_native())
		natively();
	else
		by_layer();
	return tap_end();
}
