// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel holds the state: what starts, ends, dies, fails and upgrades in user
 * space, and what isolation makes of it. Begins and ends with nothing attached.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

/* This build, and one whose BPF object is another (tests/tests.mk). */
#define BPFD   "build/vsock-bpfd"
#define BPFD_B "build/other/vsock-bpfd"
#define CTL    "build/vsockctl"

/* With nothing, with a layer that nobody needs yet, and with all its gates. */
static struct bpf_counts nothing, quiet, attached;

/* Commands whose words matter. */
static struct said said;

static bool check_said(int status, const char *out, const char *what)
{
	bool good = said.status == status && strstr(said.out, out);

	if (!good)
		tap_said(&said);
	return tap_ok(good, "%s", what);
}

static void attach_fresh(void)
{
	must(BPFD " --detach");
	must(BPFD " --once");
}

/* A start is as long as many a case: what leaves nothing behind shares the layer. */
static void attach(void)
{
	must(BPFD " --once");
}

static bool is_mode(const char *netns, const char *knob, const char *wanted)
{
	command(&said, "build/vsockctl -n %s get %s", netns, knob);
	if (!said.status && !strncmp(said.out, wanted, strlen(wanted)))
		return true;
	tap_diag("%s: %s: wanted %s", netns, knob, wanted);
	tap_said(&said);
	return false;
}

/* A namespace that is made now gets its mode now. */
static void check_later(struct world *world, const char *when)
{
	struct ns later;

	if (ns_make(&later, "later", &world->nursery, NS_BY_ROOT))
		tap_bail("no namespace more");
	tap_ok(is_mode("later", "ns_mode", "local") && reach(&later, &later) == 0 &&
		       reach(&later, &world->init) == ECONNRESET &&
		       reach(&world->local1, &later) == ECONNRESET,
	       "%s: so is one that is made later", when);
	ns_remove(&later);
}

static void once(struct world *world)
{
	attach_fresh();
	tap_ok(bpf_is(&quiet), "--once attaches what a machine without local namespaces needs");
	world_make(world);
	tap_ok(bpf_is(&attached), "and the first local mode the gates");
	tap_ok(world_isolated(world), "after --once: local namespaces are isolated");
	check_later(world, "after --once");
	command(&said, "build/vsockctl status");
	check_said(0, "isolation:   bpf", "status says so");
	world_remove(world);
}

static void kill_service(struct world *world)
{
	struct service service;

	must(BPFD " --detach");
	tap_ok(service_start(&service), "the service says READY=1");
	world_make(world);
	tap_ok(world_isolated(world), "with the service: local namespaces are isolated");
	kill(service.pid, SIGHUP);
	tap_ok(service_stays(&service), "SIGHUP does not end the service");
	tap_ok(service_end(&service, SIGKILL) == 128 + SIGKILL, "the service is killed");
	tap_ok(world_isolated(world), "after kill -9: local namespaces are isolated");
	check_later(world, "after kill -9");
}

static void end_service(struct world *world)
{
	unsigned int before = generation();
	struct service service;

	tap_ok(service_start(&service), "a second service says READY=1");
	tap_ok(generation() == before, "it adopts what is pinned");
	tap_ok(world_isolated(world), "with the second service: local namespaces are isolated");
	tap_ok(service_end(&service, SIGTERM) == 0, "it ends by SIGTERM with status 0");
	tap_ok(world_isolated(world), "after SIGTERM: local namespaces are isolated");
	check_later(world, "after SIGTERM");
	tap_ok(service_start(&service) && service_end(&service, SIGINT) == 0,
	       "a third ends by SIGINT with status 0");
	world_remove(world);
}

static void service(struct world *world)
{
	kill_service(world);
	end_service(world);
}

static void adopt(struct world *world)
{
	unsigned int before;

	attach();
	world_make(world);
	before = generation();
	must("ls -i " PINS "/generation-%u >/tmp/pins", before);
	command(&said, BPFD " --once");
	check_said(0, "already attached", "the same build adopts what is pinned");
	command(&said, "ls -i " PINS "/generation-%u | cmp - /tmp/pins", generation());
	check_said(0, "", "pin by pin");
	tap_ok(before == generation(), "its generation stays");
	tap_ok(bpf_is(&attached), "and nothing is attached twice");
	tap_ok(world_isolated(world), "adopted: local namespaces are isolated");
	world_remove(world);
}

/* A pin that somebody removed: told, and repaired without losing a mode. */
static void repair(struct world *world)
{
	unsigned int before;

	attach();
	world_make(world);
	before = generation();
	must("rm $(ls " PINS "/generation-%u/delivery_gate_*)", before);
	command(&said, "build/vsockctl status");
	tap_ok(said.status == 1 && count_lines(said.err) == 1, "status says that one is missing");
	command(&said, BPFD " --once");
	check_said(0, "attached", "--once attaches what is missing");
	tap_ok(generation() == before + 1, "as a new generation");
	tap_ok(bpf_is(&attached), "the remains of the old one are gone");
	tap_ok(world_isolated(world), "repaired: local namespaces are isolated");
	world_remove(world);
}

static pid_t start_storm(const char *pairs)
{
	int waited;
	pid_t storm;

	unlink("/tmp/storm");
	storm = start_command("build/tests/lib/storm %s >/tmp/storm", pairs);
	for (waited = 0; waited < 120000; waited += 100) {
		command(&said, "grep storming /tmp/storm");
		if (!said.status)
			return storm;
		sleep_ms(100);
	}
	tap_bail("the storm does not begin");
}

static void end_storm(pid_t storm, const char *what)
{
	int status;

	/* Also what is still on its way has a say. */
	sleep_ms(1000);
	kill(storm, SIGTERM);
	status = wait_command(storm);
	command(&said, "cat /tmp/storm");
	tap_said(&said);
	tap_ok(status == 0, "%s: nobody was accepted who must not be, nor refused who may", what);
}

static pid_t start_storm_in_world(void)
{
	return start_storm("--pause 20 local1 init never init local1 never local1 local2 never "
			   "new:nursery init never local1 local1 always init global always "
			   "local1 local1 flees");
}

/* Each switch of sets there is, and whoever connects meanwhile. */
static void upgrade(struct world *world)
{
	unsigned int before;
	pid_t storm;

	attach_fresh();
	storm = start_storm("--pause 20 init init always");
	world_make(world);
	end_storm(storm, "the first local mode");
	before = generation();
	storm = start_storm_in_world();
	command(&said, BPFD_B " --once");
	check_said(0, "in place of an older set", "another build replaces the set, under a storm");
	command(&said, BPFD " --once");
	check_said(0, "in place of an older set", "and back, under the same storm");
	end_storm(storm, "two upgrades");
	tap_ok(generation() == before + 2, "each is a new generation");
	command(&said, "ls -d " PINS "/generation-*");
	tap_ok(count_lines(said.out) == 1, "the pins of the old ones are gone");
	tap_ok(bpf_is(&attached), "their programs and maps, too");
	tap_ok(world_isolated(world), "upgraded: local namespaces are isolated");
	check_later(world, "upgraded");
	must("mkdir -p /tmp/first && printf '[Match]\\nName=nobody\\n[Rules]\\nDeny=bind port "
	     "9\\n' "
	     ">/tmp/first/one.policy");
	storm = start_storm_in_world();
	must(BPFD " --once --policy-dir /tmp/first");
	end_storm(storm, "the first rule");
	tap_ok(generation() == before + 2, "needs no other set of programs");
	world_remove(world);
}

static void concurrent(struct world *world)
{
	pid_t first, second;

	must(BPFD " --detach");
	first = start_command(BPFD " --once");
	second = start_command(BPFD " --once");
	tap_ok(wait_command(first) == 0 && wait_command(second) == 0,
	       "two starts at once both succeed");
	tap_ok(generation() == 1, "one attaches, the other adopts");
	tap_ok(bpf_is(&quiet), "there is one set of programs");
	first = start_command(BPFD_B " --once");
	second = start_command(BPFD " --once");
	tap_ok(wait_command(first) == 0 && wait_command(second) == 0, "so do two different builds");
	tap_ok(bpf_is(&quiet), "and leave one set");
	world_make(world);
	tap_ok(world_isolated(world), "after both: local namespaces are isolated");
	world_remove(world);
}

static void detach(struct world *world)
{
	pid_t storm;

	attach();
	world_make(world);
	tap_ok(world_isolated(world), "before --detach: local namespaces are isolated");
	storm = start_storm("local1 local1 always init global always");
	command(&said, BPFD " --detach");
	check_said(0, "detached", "--detach");
	end_storm(storm, "--detach");
	tap_ok(bpf_is(&nothing), "no program, map or link stays");
	tap_ok(access(PINS, F_OK), "no pin stays");
	tap_ok(world_open(world), "after --detach: everybody reaches everybody");
	command(&said, BPFD " --detach");
	check_said(0, "nothing was attached", "--detach once more has nothing to do");
	command(&said, "build/vsockctl status");
	tap_ok(said.status == 1 && count_lines(said.err) == 1, "status says that nothing is there");
	world_remove(world);
}

static void check_refused(const char *what)
{
	bool good = said.status == 1 && !*said.out && count_lines(said.err) == 1;

	if (!good)
		tap_said(&said);
	tap_ok(good, "%s: fails with one line", what);
}

static void check_failed_attach(int limit)
{
	char what[64];

	snprintf(what, sizeof(what), "attaching with %d files", limit);
	check_refused(what);
	tap_ok(access(PINS, F_OK), "%s: no pin stays", what);
	tap_ok(bpf_is(&nothing), "no program, map or link stays");
}

/*
 * Attaching fails by itself at whatever the limit of open files hits: the largest
 * limit that is still too small fails at the very end, those that are tried on the way to it
 * before.
 */
static int limit_that_fails(void)
{
	int low = 16, high = 64, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		command(&said, "prlimit --nofile=%d " BPFD " --once", middle);
		if (said.status) {
			low = middle;
			check_failed_attach(middle);
		} else {
			high = middle;
			must(BPFD " --detach");
		}
	}
	return low;
}

static void fail_upgrade(struct world *world, int limit)
{
	unsigned int before = generation();

	command(&said, "prlimit --nofile=%d " BPFD_B " --once", limit);
	check_refused("an upgrade that fails");
	tap_ok(generation() == before, "the old set stays in force");
	tap_ok(bpf_is(&attached), "and alone");
	tap_ok(world_isolated(world),
	       "after an upgrade that failed: local namespaces are isolated");
}

static void all_or_nothing(struct world *world)
{
	int limit;

	must(BPFD " --detach");
	limit = limit_that_fails();
	tap_diag("%d open files are one too few", limit);
	tap_ok(limit > 16, "some limits are too small");
	must(BPFD " --once");
	world_make(world);
	/* What is pinned is opened, too: the same limit fails somewhat earlier. */
	fail_upgrade(world, limit);
	fail_upgrade(world, limit - 4);
	world_remove(world);
}

static void kill_start(const char *program, int delay)
{
	pid_t pid = start_command("%s --once >&2", program);

	sleep_ms(delay);
	kill(pid, SIGKILL);
	wait_command(pid);
}

/* One that is killed while it loads, while it attaches, while it pins: about. */
static void check_killed_start(int delay)
{
	kill_start(BPFD, delay);
	command(&said, BPFD " --once");
	check_said(0, "attached", "a start after one that was killed");
	tap_ok(bpf_is(&quiet), "%d ms: nothing of the killed one stays", delay);
	must(BPFD " --detach");
}

static void check_killed_upgrade(struct world *world, int delay)
{
	kill_start(BPFD_B, delay);
	tap_ok(world_isolated(world), "an upgrade is killed after %d ms: isolated", delay);
	command(&said, BPFD " --once");
	check_said(0, "attached", "a start after it");
	tap_ok(bpf_is(&attached), "nothing of the killed one stays");
	tap_ok(world_isolated(world), "and isolation does");
}

/* The same for the gates, which the first local mode attaches. */
static void fail_arm(int limit)
{
	command(&said, "prlimit --nofile=%d " CTL " -n web set ns_mode local", limit);
	check_refused("the first local mode, with too few files");
	tap_ok(is_mode("web", "ns_mode", "global"), "its mode stays");
	tap_ok(bpf_is(&quiet), "and no gate does");
}

static void arm(struct world *world)
{
	attach_fresh();
	must("ip netns add web");
	fail_arm(16);
	fail_arm(24);
	must("ip netns del web");
	world_make(world);
	tap_ok(world_isolated(world), "the next one");
	world_remove(world);
}

/* An upgrade that is killed before one of its steps; returns how many there were. */
static int step_upgrade(int last)
{
	pid_t pid = start_command("env LD_PRELOAD=build/tests/lifecycle/steps.so " BPFD_B
				  " --once >&2");
	int status, step = 0;

	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
		kill(pid, ++step == last ? SIGKILL : SIGCONT);
	}
	return step;
}

static void check_killed_step(struct world *world, int step, const char *what)
{
	tap_ok(step_upgrade(step) == step && world_isolated(world),
	       "an upgrade is killed %s: isolated", what);
	command(&said, BPFD " --once");
	check_said(0, "attached in place", "and the next one is done");
	tap_ok(bpf_is(&attached) && world_isolated(world), "which leaves one set, that isolates");
}

/* The last steps: both sets answer, the new one does, the pins of the old one go. */
static void killed_behind_switch(struct world *world)
{
	int steps = step_upgrade(0), pins;

	command(&said, "ls " PINS "/generation-%u", generation());
	pins = count_lines(said.out) + 1;
	must(BPFD " --once");
	check_killed_step(world, steps - pins, "while two sets answer");
	check_killed_step(world, steps - pins + 1, "before the old one goes");
	check_killed_step(world, steps - pins / 2, "while it goes");
}

/* Killed at any moment, and whole at the next start. */
static void killed_midway(struct world *world)
{
	must(BPFD " --detach");
	check_killed_start(500);
	check_killed_start(1000);
	check_killed_start(1500);
	must(BPFD " --once");
	world_make(world);
	check_killed_upgrade(world, 700);
	check_killed_upgrade(world, 1400);
	killed_behind_switch(world);
	world_remove(world);
}

/* What a later version has pinned is left alone. */
static void other_layout(struct world *world)
{
	attach();
	world_make(world);
	must("bpftool map dump pinned " PINS "/state >/tmp/state");
	must("v=$(bpftool -j map lookup pinned " PINS "/state key 0 0 0 0 | "
	     "sed 's/.*\"value\":\\[\\([^]]*\\)\\].*/\\1/; s/[\",]/ /g') && set -- $v && shift && "
	     "bpftool map update pinned " PINS "/state key 0 0 0 0 value 99 $*");
	command(&said, BPFD " --once");
	check_refused("a layout of another version");
	command(&said, "build/vsockctl -n local1 get ns_mode");
	check_refused("reading a mode then");
	command(&said, "build/vsockctl -n global set ns_mode local");
	check_refused("setting a mode then");
	tap_ok(bpf_is(&attached), "nothing is detached");
	tap_ok(world_isolated(world), "left alone: local namespaces are isolated");
	command(&said, BPFD " --detach");
	check_said(0, "detached", "--detach removes it all the same");
	tap_ok(bpf_is(&nothing), "all of it");
	world_remove(world);
}

/* 200 namespaces, made as unshare(1) makes them. */
static void make_many(int parent)
{
	pid_t pid = fork();
	int i;

	if (!pid) {
		for (i = 0; i < 200; i++)
			if (setns(parent, CLONE_NEWNET) || unshare(CLONE_NEWNET))
				_exit(1);
		_exit(0);
	}
	if (wait_command(pid))
		tap_bail("cannot make 200 namespaces");
}

static void records(struct world *world)
{
	char inode[32];
	int before, i;

	attach();
	world_make(world);
	before = map_settles("namespaces", WORLD_RECORDS);
	tap_ok(before == WORLD_RECORDS, "nursery, local1 and local2 have records");
	must("nsenter --net=/run/netns/nursery ip netns add short");
	tap_ok(map_entries("namespaces") == before + 1 && is_mode("short", "ns_mode", "local"),
	       "a new one has a record");
	must("ip netns del short");
	tap_ok(map_settles("namespaces", before) == before, "which goes with it");
	make_many(world->nursery.fd);
	tap_ok(map_settles("namespaces", before) == before,
	       "200 namespaces that are gone have left none");
	/* An inode number is used again, and on 5.10 it is the identity. */
	for (i = 0; i < 3; i++) {
		must("nsenter --net=/run/netns/nursery ip netns add short");
		command(&said, "stat -Lc %%i /run/netns/short");
		snprintf(inode, sizeof(inode), "%.31s", said.out);
		must("ip netns del short");
		map_settles("namespaces", before);
		must("ip netns add next");
		command(&said, "stat -Lc %%i /run/netns/next");
		if (!strcmp(inode, said.out))
			tap_diag("inode number used again: %.*s", (int)strcspn(inode, "\n"), inode);
		if (!is_mode("next", "ns_mode", "global"))
			break;
		must("ip netns del next");
	}
	tap_ok(i == 3, "and no namespace inherits one from another");
	world_remove(world);
}

/* People who look with bpftool see words, and vsockctl lists what has no name. */
static void readable(struct world *world)
{
	attach();
	world_make(world);
	command(&said, "bpftool map dump pinned " PINS "/namespaces");
	check_said(0, "\"LOCAL\"", "bpftool shows modes by name");
	command(&said, "mode=$(stat -c %%a " PINS ") && [ \"$mode\" = 700 ]");
	check_said(0, "", "the folder of the pins is root's alone");
	must("umount -l /run/netns/local2 && rm /run/netns/local2");
	command(&said,
		"inode=$(stat -Lc %%i /proc/%d/ns/net) && build/vsockctl list | "
		"grep -qE \"^- +local +local +$inode \"",
		world->local2.listener.pid);
	check_said(0, "", "list shows a namespace without a name, by its inode number");
	command(&said, "ip netns exec local1 build/vsockctl get ns_mode");
	check_said(0, "local", "vsockctl works below ip netns exec");
	world_remove(world);
}

/* Another transport's packets may be delivered by the same tasks, so loopback's are looked into. */
static void beside_other_transports(struct world *world)
{
	command(&said, "modprobe vmw_vmci");
	if (said.status) {
		tap_diag("no vmw_vmci: %s", said.err);
		return;
	}
	attach_fresh();
	world_make(world);
	tap_ok(world_isolated(world), "beside VMware's transport local namespaces are isolated");
	world_remove(world);
	must("modprobe -r vmw_vmci");
}

#define SYSCTL_FILE "/etc/sysctl.d/50-lab.conf"

static void set_sysctl(const char *line)
{
	must("mkdir -p /etc/sysctl.d && echo '%s' >" SYSCTL_FILE, line);
}

static void check_sysctl_error(const char *line, const char *what)
{
	const char *place = strstr(said.err, SYSCTL_FILE ":1: ");

	if (!tap_ok(said.status == 1 && place && strstr(place, line), "%s", what))
		tap_said(&said);
}

static void sysctl_at_start(void)
{
	must(BPFD " --detach");
	set_sysctl("net.vsock.child_ns_mode = locale");
	command(&said, BPFD " --once");
	check_sysctl_error("locale", "an unknown child_ns_mode in sysctl.d is said");
	tap_ok(bpf_is(&nothing), "and nothing is attached");
	set_sysctl("net/vsock/child_ns_mode = local");
	must(BPFD " --once");
	must("ip netns add born");
	tap_ok(is_mode("born", "ns_mode", "local"), "one that is known is in force at once");
	must("ip netns del born");
	tap_ok(access("/proc/sys/net/vsock/child_ns_mode", F_OK),
	       "there is no such file in /proc/sys");
	set_sysctl("net.vsock.child_ns_mode = global");
	command(&said, BPFD " --once");
	tap_ok(!said.status && strstr(said.err, SYSCTL_FILE ":1: ") &&
		       is_mode("1", "child_ns_mode", "local"),
	       "another one later is said, and is not");
}

static void sysctl_at_reload(void)
{
	struct service service;

	must(BPFD " --detach");
	must("rm " SYSCTL_FILE);
	tap_ok(service_start(&service) && is_mode("1", "child_ns_mode", "global"),
	       "without a file children are global");
	set_sysctl("net.vsock.child_ns_mode = foreign");
	command(&said, CTL " reload");
	check_sysctl_error("foreign", "an unknown child_ns_mode fails a reload");
	set_sysctl("-net.vsock.child_ns_mode = foreign");
	command(&said, CTL " reload");
	check_said(0, "", "with a minus it does not");
	set_sysctl("net.vsock.child_ns_mode = local");
	must(CTL " reload");
	tap_ok(is_mode("1", "child_ns_mode", "local"), "after a reload they are local");
	set_sysctl("net.vsock.child_ns_mode = global");
	command(&said, CTL " reload");
	check_sysctl_error("written before", "a reload does not change it again");
	tap_ok(is_mode("1", "child_ns_mode", "local"), "and they stay local");
	service_end(&service, SIGTERM);
	must("rm " SYSCTL_FILE);
}

static void sysctl_files(struct world *world)
{
	sysctl_at_start();
	sysctl_at_reload();
}

/* 7.0 on: nothing of ours, and the words drive the sysctls. */
static void native(void)
{
	struct service service;

	command(&said, BPFD " --once");
	check_said(0, "isolates by itself", "--once has nothing to attach");
	command(&said, "build/vsockctl status");
	check_said(0, "native", "status says who isolates");
	tap_ok(service_start(&service), "the service says READY=1");
	tap_ok(service_end(&service, SIGTERM) == 0, "and ends by SIGTERM");
	tap_ok(bpf_is(&nothing), "no program, map or link is there");
	tap_ok(access(PINS, F_OK), "no pin is there");
	must("ip netns add web");
	must("build/vsockctl -n web set child_ns_mode local");
	command(&said, "ip netns exec web cat /proc/sys/net/vsock/child_ns_mode");
	check_said(0, "local", "set writes the sysctl");
	must("nsenter --net=/run/netns/web ip netns add inner");
	tap_ok(is_mode("inner", "ns_mode", "local"), "get reads it");
	command(&said, BPFD " --detach");
	check_said(0, "nothing was attached", "--detach has nothing to do");
}

static const struct {
	const char *name;
	void (*run)(struct world *world);
} cases[] = {
	/* What shares a layer comes before what ends without one. */
	{ "once", once },
	{ "service", service },
	{ "adopt", adopt },
	{ "repair", repair },
	{ "records", records },
	{ "readable", readable },
	{ "upgrade", upgrade },
	{ "concurrent", concurrent },
	{ "detach", detach },
	{ "beside_other_transports", beside_other_transports },
	{ "all_or_nothing", all_or_nothing },
	{ "arm", arm },
	{ "killed_midway", killed_midway },
	{ "other_layout", other_layout },
	{ "sysctl_files", sysctl_files },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1;
}

/* With names of cases: those alone. */
int main(int argc, char **argv)
{
	struct world world;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!is_native())
		must(BPFD " --detach");
	nothing = bpf_settled();
	if (is_native()) {
		native();
		return tap_end();
	}
	must(BPFD " --once");
	quiet = bpf_settled();
	must("ip netns add first && " CTL " -n first set ns_mode local && ip netns del first");
	attached = bpf_settled();
	for (i = 0; i < CASES; i++) {
		if (!is_wanted(cases[i].name, argc, argv))
			continue;
		tap_diag("%s", cases[i].name);
		cases[i].run(&world);
	}
	return tap_end();
}
