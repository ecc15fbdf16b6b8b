// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of policies: how they come to be in force, what replaces them, who dies meanwhile, and
 * whom they hold for as namespaces come and go. Begins and ends with nothing attached; between two
 * cases the layer stays, which takes as long to start as many a case.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define BPFD   "build/vsock-bpfd"
#define BPFD_B "build/other/vsock-bpfd"
#define CTL    "build/vsockctl"
#define DIR    "/etc/vsock-bpfd/policy.d"
#define ELSE   "/tmp/elsewhere"
#define LIMIT  60000
#define BROOD  3

static struct said said;
static struct ns init, a, b, c, d;

static bool check_said(int status, const char *err, const char *what)
{
	bool good = said.status == status && strstr(said.err, err);

	if (!good)
		tap_said(&said);
	return tap_ok(good, "%s", what);
}

static void make(struct ns *ns, const char *name, const struct ns *parent)
{
	int err = ns_make(ns, name, parent, NS_BY_ROOT);

	if (err)
		tap_bail("namespace %s: %s", name, strerror(err));
}

static void detach(void)
{
	must(BPFD " --detach 2>/dev/null");
}

static void forget_policies(void)
{
	if (!access(PINS, F_OK))
		must(BPFD " --once --policy-dir " ELSE);
}

static void begin(void)
{
	must("rm -rf " DIR " " ELSE " /tmp/[A-D] && mkdir -p " ELSE " /etc/vsock-bpfd");
	forget_policies();
	make(&a, "a", &init);
	make(&b, "b", &init);
	make(&c, "c", &init);
	make(&d, "d", &init);
}

static void end(void)
{
	ns_remove(&d);
	ns_remove(&c);
	ns_remove(&b);
	ns_remove(&a);
}

/* A policy of the namespace `name` with one rule, which comes to its place in one piece. */
static void write_policy(const char *dir, const char *file, const char *name, const char *rule)
{
	must("mkdir -p %s && printf '[Match]\\nName=%s\\n[Rules]\\n%s\\n' >%s/.new && "
	     "mv %s/.new %s/%s.policy",
	     dir, name, rule, dir, dir, dir, file);
}

static bool reaches(struct ns *from, struct ns *to, int wanted)
{
	int err = reach(from, to);

	if (err == wanted)
		return true;
	tap_diag("%s to %s: %s, wanted: %s", from->name, to->name, strerror(err), strerror(wanted));
	return false;
}

/* What is to happen by itself takes its time. */
static bool settles(struct ns *from, struct ns *to, int wanted)
{
	int waited, err = 0;

	for (waited = 0; waited < LIMIT; waited += 100) {
		err = reach(from, to);
		if (err == wanted)
			return true;
		sleep_ms(100);
	}
	tap_diag("%s to %s: %s, wanted: %s", from->name, to->name, strerror(err), strerror(wanted));
	return false;
}

/* --- Who says that there are new ones --- */

static void watch_directory(void)
{
	tap_ok(reaches(&a, &b, 0), "without a directory there are no policies");
	write_policy("/etc/vsock-bpfd/new", "a", "a", "Deny=connect to namespace b");
	must("mv /etc/vsock-bpfd/new " DIR);
	tap_ok(settles(&a, &b, ECONNRESET), "a directory that comes later is seen");
	write_policy(DIR, "a", "a", "Deny=connect to namespace c");
	tap_ok(settles(&a, &c, ECONNRESET) && reaches(&a, &b, 0), "a file that is replaced is");
	must("printf '[Match]\\nName=a\\n[Rules]\\nDeny=connect to namespace b\\n' >" DIR
	     "/a.policy");
	tap_ok(settles(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "one that is written anew is");
	must("rm " DIR "/a.policy");
	tap_ok(settles(&a, &b, 0), "one that goes is");
	write_policy("/etc/vsock-bpfd/new", "other", "a", "Deny=connect to namespace c");
	must("mv " DIR " /etc/vsock-bpfd/old && mv /etc/vsock-bpfd/new " DIR);
	tap_ok(settles(&a, &c, ECONNRESET), "a directory that takes the place of another is");
	write_policy(DIR, "other", "a", "Deny=connect to namespace b");
	tap_ok(settles(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "and what happens in it");
	must("rm -r " DIR " /etc/vsock-bpfd/old");
	tap_ok(settles(&a, &b, 0), "a directory that goes takes its policies with it");
}

/* A link to a link beside it, which is swapped. */
static void watch_link(void)
{
	write_policy("/etc/vsock-bpfd/one", "a", "a", "Deny=connect to namespace b");
	write_policy("/etc/vsock-bpfd/two", "a", "a", "Deny=connect to namespace c");
	must("cd /etc/vsock-bpfd && ln -s one current && ln -s current policy.d");
	tap_ok(settles(&a, &b, ECONNRESET), "a directory behind a link is read");
	must("cd /etc/vsock-bpfd && ln -s two next && mv -T next current");
	tap_ok(settles(&a, &c, ECONNRESET) && reaches(&a, &b, 0), "and a swap of links seen");
	must("cd /etc/vsock-bpfd && rm -r policy.d current one two");
	tap_ok(settles(&a, &c, 0), "nothing is left of it");
}

/* As kubelet does it: files are links through ..data, which is swapped. */
static void watch_config_map(void)
{
	write_policy(ELSE "/mount/..1", "a", "a", "Deny=connect to namespace b");
	write_policy(ELSE "/mount/..2", "a", "a", "Deny=connect to namespace c");
	must("cd " ELSE "/mount && ln -s ..1 ..data && ln -s ..data/a.policy a.policy && "
	     "mv " ELSE "/mount " DIR);
	tap_ok(settles(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "a mounted ConfigMap is read");
	must("cd " DIR " && ln -s ..2 ..data_tmp && mv -T ..data_tmp ..data && rm -r ..1");
	tap_ok(settles(&a, &c, ECONNRESET) && reaches(&a, &b, 0), "and the swap of its link seen");
	must("rm -r " DIR);
	tap_ok(settles(&a, &c, 0), "nothing is left of it");
}

static pid_t keep_busy(const char *path)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;) {
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		unlink(path);
		sleep_ms(20);
	}
}

static void stop_busy(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_command(pid);
}

/* One who never comes to rest must not keep the policies of others from coming into force. */
static void watch_busy_directory(void)
{
	pid_t beside = keep_busy("/etc/vsock-bpfd/busy"), inside;

	write_policy(DIR, "a", "a", "Deny=connect to namespace b");
	tap_ok(settles(&a, &b, ECONNRESET),
	       "what goes on beside the directory does not delay it for ever");
	inside = keep_busy(DIR "/.busy");
	write_policy(DIR, "a", "a", "Deny=connect to namespace c");
	tap_ok(settles(&a, &c, ECONNRESET) && reaches(&a, &b, 0), "nor what goes on in it");
	stop_busy(inside);
	stop_busy(beside);
	must("rm -r " DIR);
	tap_ok(settles(&a, &c, 0), "and all of it goes");
}

/* Behind a link nobody sees the file change: that has to be said. */
static void reload_on_request(const struct service *service)
{
	write_policy(ELSE, "a", "a", "Deny=connect to namespace b");
	must("mkdir " DIR " && ln -s " ELSE "/a.policy " DIR);
	tap_ok(settles(&a, &b, ECONNRESET), "a link to a file is read");
	write_policy(ELSE, "a", "a", "Deny=connect to namespace c");
	sleep_ms(1000);
	tap_ok(reaches(&a, &b, ECONNRESET), "what is behind it is not watched");
	kill(service->pid, SIGHUP);
	tap_ok(settles(&a, &c, ECONNRESET) && reaches(&a, &b, 0), "SIGHUP reads it again");
	write_policy(ELSE, "a", "a", "Deny=connect to namespace b");
	command(&said, CTL " reload");
	check_said(0, "", "vsockctl reload does");
	tap_ok(reaches(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "and has done it when it ends");
	must("rm -r " DIR);
	tap_ok(settles(&a, &b, 0), "and without the link it is gone");
}

static void reload(void)
{
	struct service service;

	begin();
	tap_ok(service_start(&service), "the service starts without a policy");
	watch_directory();
	watch_link();
	watch_config_map();
	watch_busy_directory();
	reload_on_request(&service);
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
}

/* --- Mistakes --- */

static void mistakes(void)
{
	struct service service;

	begin();
	detach();
	must("mkdir " DIR " && printf '[Match]\\nName=a\\n[Rules]\\nDny=connect to anyone\\n' >" DIR
	     "/bad.policy");
	command(&said, BPFD " --once");
	check_said(1, DIR "/bad.policy:4: ", "a start with a mistake says where it is");
	tap_ok(access(PINS, F_OK), "and attaches nothing");
	command(&said, "timeout 20 " BPFD);
	check_said(1, DIR "/bad.policy:4: ", "so does the service");
	tap_ok(access(PINS, F_OK), "and attaches nothing, too");
	must("rm " DIR "/bad.policy && mkfifo " DIR "/pipe.policy");
	command(&said, "timeout -s KILL 20 " BPFD);
	check_said(1, DIR "/pipe.policy: not a regular file", "nobody waits for a pipe");
	must("rm " DIR "/pipe.policy");
	write_policy(DIR, "a", "a", "Deny=connect to namespace b");
	tap_ok(service_start(&service) && reaches(&a, &b, ECONNRESET), "without it, it starts");
	/* The mistake comes first: a look between the two must find it as well. */
	write_policy(DIR, "b", "b", "Deny=connect to namespace c prt 22");
	write_policy(DIR, "a", "a", "Deny=connect to namespace c");
	command(&said, CTL " reload");
	check_said(1, DIR "/b.policy:4: ", "a reload with a mistake in another file is refused");
	tap_ok(reaches(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "what was in force stays");
	command(&said, BPFD " --once");
	check_said(1, DIR "/b.policy:4: ", "--once is refused the same way");
	tap_ok(reaches(&a, &b, ECONNRESET) && reaches(&a, &c, 0), "and changes nothing");
	must(BPFD " --once --policy-dir " ELSE);
	tap_ok(reaches(&a, &b, 0), "a directory without policies has none");
	write_policy(DIR, "b", "b", "Deny=connect to namespace c port 22");
	tap_ok(settles(&a, &c, ECONNRESET), "once it is mended, it holds");
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
}

/* --- The initial namespace --- */

static bool is_init_global(void)
{
	command(&said, CTL " get ns_mode");
	return !strcmp(said.out, "global\n");
}

/* What fitted it by name is edited to be for all others, and local. */
static void initial(void)
{
	begin();
	write_policy(DIR, "a", "(init)", "Deny=connect to namespace b");
	must(BPFD " --once");
	tap_ok(reaches(&init, &b, ECONNRESET), "the initial namespace has a policy");
	must("printf '[Match]\nName=*\n[Namespace]\nMode=local\n' >" DIR "/a.policy");
	must(BPFD " --once");
	tap_ok(reaches(&a, &b, ECONNRESET), "edited, it makes the others local");
	tap_ok(is_init_global(), "and the initial one stays global");
	must("rm " DIR "/a.policy && " BPFD " --once");
	end();
}

/* --- A switch under a storm --- */

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

/* Both refuse a to b and allow a to c, each with its own words and in other places. */
static void write_two(void)
{
	write_policy("/tmp/A", "a", "a",
		     "Deny=connect to namespace b\\nDeny=connect to namespace d");
	write_policy("/tmp/B", "00-others", "c", "Deny=bind port 9");
	write_policy("/tmp/B", "b", "b", "Deny=accept from policy zz");
	write_policy("/tmp/B", "zz", "a", "Allow=connect to namespace d");
}

/* Many names make the look that comes before the switch, and the one behind it, a long one. */
static void make_names(int count)
{
	must("seq -f 'netns add n%%g' %d | ip -batch -", count);
}

static void remove_names(int count)
{
	must("seq -f 'netns del n%%g' %d | ip -batch -", count);
}

static void atomic(void)
{
	pid_t storm;
	int i;

	begin();
	write_two();
	make_names(100);
	must(BPFD " --once --policy-dir /tmp/A");
	storm = start_storm("a b never a c always init d always");
	for (i = 0; i < 5; i++) {
		must(BPFD " --once --policy-dir /tmp/B");
		must(BPFD " --once --policy-dir /tmp/A");
	}
	end_storm(storm, "ten switches");
	remove_names(100);
	end();
}

/* The mode is part of it: what a rule of the new policies opens was open before. */
static void atomic_mode(void)
{
	pid_t storm;

	begin();
	write_policy("/tmp/C", "a", "a", "Deny=connect to namespace b");
	must("mkdir /tmp/D && printf "
	     "'[Match]\\nName=b\\n[Namespace]\\nMode=local\\n"
	     "[Rules]\\nAllow=accept from namespace c\\n' >/tmp/D/b.policy");
	/* Many that are bound behind it. */
	write_policy("/tmp/D", "many", "n*", "Deny=bind port 9");
	make_names(100);
	must(BPFD " --once --policy-dir /tmp/C");
	storm = start_storm("a b never c b always");
	must(BPFD " --once --policy-dir /tmp/D");
	end_storm(storm, "a switch that makes one local");
	remove_names(100);
	end();
}

/* --- Whoever switches is killed --- */

static int random_ms(int limit)
{
	static unsigned int seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % limit;
}

/* Whole old or whole new: 'A', 'B', or what is neither. */
static char which_is_in_force(void)
{
	int to_b = reach(&a, &b), to_c = reach(&a, &c), to_d = reach(&a, &d),
	    from_c = reach(&c, &d);

	if (to_b != ECONNRESET || to_c)
		return '?';
	if (to_d == ECONNRESET && !from_c)
		return 'A';
	return !to_d && from_c == ECONNRESET ? 'B' : '?';
}

static void write_pair(void)
{
	write_policy("/tmp/A", "a", "a",
		     "Deny=connect to namespace b port 40000-60000\\n"
		     "Deny=connect to namespace d");
	write_policy("/tmp/B", "00-c", "c", "Deny=connect to namespace d");
	write_policy("/tmp/B", "a", "a", "Deny=connect to namespace b");
	/* Nothing is left there of the policy that children have from a. */
	write_policy("/tmp/C", "00-c", "c", "Deny=connect to namespace d");
	write_policy("/tmp/C", "b", "b", "Deny=accept from anyone");
}

/* Children of a are bound as a is, whenever they were made. */
static bool brood_is_bound(struct ns *brood, int count, const char *when)
{
	bool good = true;
	int i;

	for (i = 0; i < count; i++)
		good &= reaches(&brood[i], &b, ECONNRESET);
	if (!good)
		tap_diag("%s", when);
	return good;
}

/* Stopped before its next step; false once it has ended. */
static bool stops(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid)
		tap_bail("waitpid: %s", strerror(errno));
	return WIFSTOPPED(status);
}

/*
 * A switch is killed before one of its steps, and a child of a is made at some of those before.
 * Returns whether it came so far. What was in force is A.
 */
static bool kill_at(int step, const char *dir, bool *good, char *found)
{
	struct ns brood[BROOD];
	bool alive = true, kept;
	char name[16];
	int i, made = 0;
	pid_t pid;

	pid = start_command("env LD_PRELOAD=build/tests/lifecycle/steps.so " BPFD
			    " --once --policy-dir %s 2>/dev/null",
			    dir);
	for (i = 0; i < step && (alive = stops(pid)); i++) {
		/* The last steps are those that matter most. */
		if (i >= step - BROOD) {
			snprintf(name, sizeof(name), "a%d", made);
			make(&brood[made++], name, &a);
		}
		if (i < step - 1)
			kill(pid, SIGCONT);
	}
	if (alive) {
		kill(pid, SIGKILL);
		wait_command(pid);
	}
	*found = which_is_in_force();
	*good = *found != '?' && brood_is_bound(brood, made, "after the kill");
	/* Where the policy that they have from a is gone, they have none. */
	kept = *found == 'A' || strcmp(dir, "/tmp/C");
	must(BPFD " --once --policy-dir /tmp/A");
	*good &= which_is_in_force() == 'A' &&
		 (!kept || brood_is_bound(brood, made, "after the next"));
	must(BPFD " --once --policy-dir /tmp/A");
	*good &= !kept || brood_is_bound(brood, made, "after one more");
	while (made)
		ns_remove(&brood[--made]);
	return alive;
}

static void kill_at_each_step(const char *dir)
{
	int seen[256] = {}, good = 0, step;
	bool alive = true, one;
	char found;

	for (step = 1; alive; step++) {
		alive = kill_at(step, dir, &one, &found);
		seen[(unsigned char)found]++;
		good += one;
		if (!one)
			tap_diag("%s, killed at step %d: found %c", dir, step, found);
	}
	tap_diag("%s: of %d steps, the old ones held at %d, the new at %d", dir, step - 1,
		 seen['A'], seen['B']);
	tap_ok(good == step - 1 && seen['A'] > 2 && seen['B'] > 2,
	       "killed at any step: whole old or whole new, and on from there");
}

static void kills(void)
{
	begin();
	write_pair();
	must(BPFD " --once --policy-dir /tmp/A");
	kill_at_each_step("/tmp/B");
	kill_at_each_step("/tmp/C");
	end();
}

/* In one piece: half of them are not to be read. */
static void point_dir_at(const char *policies)
{
	must("ln -s %s /etc/vsock-bpfd/next && mv -T /etc/vsock-bpfd/next " DIR, policies);
}

/* The same where a service is killed while it reloads. */
static void kill_service(void)
{
	struct service service;
	int i, good = 0;
	char found;

	begin();
	detach();
	write_pair();
	for (i = 0; i < 6; i++) {
		point_dir_at("/tmp/A");
		good += service_start(&service) && which_is_in_force() == 'A';
		point_dir_at("/tmp/B");
		kill(service.pid, SIGHUP);
		sleep_ms(random_ms(200));
		service_end(&service, SIGKILL);
		found = which_is_in_force();
		good += found != '?';
		tap_diag("after the kill: %c", found);
	}
	tap_ok(good == 12, "a service that is killed while it reloads, and the next one");
	end();
}

/* --- Names --- */

static void names(void)
{
	struct service service;
	struct ns later;

	begin();
	write_policy(DIR, "later", "later", "Deny=connect to namespace b");
	write_policy(DIR, "other", "other", "Deny=connect to namespace c");
	write_policy(DIR, "a", "a", "Deny=connect to namespace later");
	tap_ok(service_start(&service), "policies wait for namespaces that are not there");
	make(&later, "later", &init);
	tap_ok(settles(&later, &c, 0) && settles(&later, &b, ECONNRESET), "one of them comes");
	tap_ok(settles(&a, &later, ECONNRESET), "and rules that name it hold");
	tap_ok(reaches(&c, &later, 0), "others reach it");
	must("touch /run/netns/other && mount --bind /run/netns/later /run/netns/other && "
	     "umount /run/netns/later && rm /run/netns/later");
	tap_ok(settles(&later, &c, ECONNRESET) && settles(&later, &b, 0),
	       "by another name it has the policy of that");
	tap_ok(settles(&a, &later, 0), "and rules that name the old one hold no more");
	must("umount /run/netns/other && rm /run/netns/other");
	worker_stop(&later.listener);
	worker_stop(&later.connector);
	close(later.fd);
	make(&later, "later", &init);
	tap_ok(settles(&later, &c, 0) && reaches(&later, &b, ECONNRESET),
	       "the next one of the first name has its policy");
	ns_remove(&later);
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	make(&later, "later", &init);
	tap_ok(reaches(&later, &b, 0), "without the service a new one has to wait");
	must(BPFD " --once");
	tap_ok(reaches(&later, &b, ECONNRESET), "for --once");
	ns_remove(&later);
	end();
}

static bool settles_said(const char *file, const char *text)
{
	int waited;

	for (waited = 0; waited < LIMIT; waited += 100) {
		command(&said, "grep '%s' %s", text, file);
		if (!said.status)
			return true;
		sleep_ms(100);
	}
	return false;
}

/* With the rights that the unit leaves: who may not open a file of mode 000 waits for the mount. */
static void late_names(void)
{
	struct service service;
	struct ns later;

	begin();
	write_policy(DIR, "late", "late", "Deny=connect to namespace b");
	tap_ok(service_start_by(&service,
				"prlimit --memlock=unlimited setpriv --bounding-set "
				"-all,+sys_admin,+sys_ptrace,+syslog " BPFD " 2>/tmp/err"),
	       "the service starts with what the unit leaves it");
	make(&later, "later", &init);
	must("for i in late junk; do : >/run/netns/$i && chmod 000 /run/netns/$i || exit; done");
	/* Until nobody looks any more for what became of the new namespace. */
	sleep_ms(8000);
	tap_ok(reaches(&later, &b, 0), "a file is no namespace");
	must("mount --bind /run/netns/later /run/netns/late");
	tap_ok(settles(&later, &b, ECONNRESET), "one that is mounted on it late has the policy");
	tap_ok(settles_said("/tmp/err", "/run/netns/junk: .*Permission denied"),
	       "what stays unreadable is reported");
	must("rm -f /run/netns/junk && umount /run/netns/late && rm /run/netns/late");
	ns_remove(&later);
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
}

static void mount_at(const struct ns *ns, const char *path)
{
	must("mkdir -p $(dirname %s) && : >%s && mount --bind /run/netns/%s %s", path, path,
	     ns->name, path);
}

static void unmount(const char *path)
{
	must("umount %s && rm %s", path, path);
}

/* Whoever can write a link in a folder must not say whose namespace the policy is for. */
static void paths(void)
{
	struct service service;

	begin();
	must("mkdir -p /run/user/nobody /run/engine && chown 65534 /run/user/nobody && "
	     "ln -s /run/engine /run/other && ln -s /run/user/nobody /run/engine/way");
	must("mkdir -p " DIR
	     " && printf '[Match]\\nPath=/run/user/*/* /run/other/* /run/engine/way/*\\n"
	     "[Rules]\\nDeny=connect to namespace d\\n' >" DIR "/path.policy");
	must("setpriv --reuid 65534 ln -s /proc/%d/ns/net /run/user/nobody/link", b.connector.pid);
	must("ln -s /run/netns/c /run/user/nobody/of-root");
	tap_ok(service_start(&service), "the service starts");
	tap_ok(reaches(&b, &d, 0), "a link in a folder of a user is not followed");
	tap_ok(reaches(&c, &d, 0), "nor any path through it");
	/* Past the looks of the start. */
	sleep_ms(8000);
	mount_at(&a, "/run/engine/a");
	tap_ok(settles(&a, &d, ECONNRESET), "what is mounted late is found, by a link of root's");
	must("chmod o+w /run/engine && " CTL " reload");
	mount_at(&c, "/run/engine/c");
	sleep_ms(3000);
	tap_ok(reaches(&c, &d, 0), "but not where others may write");
	unmount("/run/engine/a");
	unmount("/run/engine/c");
	must("rm -r /run/user/nobody /run/engine /run/other");
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
}

/* --- Nobody sheds a policy --- */

/* The look that follows a name that comes or goes, or a namespace that is made, is over. */
static void wait_for_look(void)
{
	struct ns witness;

	make(&witness, "witness", &init);
	/* It is held before, and then it is not. */
	if (!settles(&witness, &c, 0) || !reaches(&witness, &d, ECONNRESET))
		tap_bail("nobody looks");
	ns_remove(&witness);
}

static void write_shed(void)
{
	write_policy(DIR, "50-name", "victim", "Deny=connect to namespace b");
	write_policy(DIR, "50-witness", "witness c", "Deny=connect to namespace d");
	write_policy(DIR, "70-else", "a", "Deny=connect to namespace victim");
	must("printf '[Match]\\nCgroup=/pods/*\\n[Rules]\\nDeny=connect to namespace b\\n' >" DIR
	     "/.pods && mv " DIR "/.pods " DIR "/60-pods.policy");
	/* Fits both by their names, and denies less. */
	write_policy(DIR, "90-rest", "pod victim", "Deny=connect to namespace c port 9");
}

static int connect_kept(struct ns *ns, unsigned int port)
{
	struct connect_result result;

	return worker_connect(&ns->connector, CONNECT_BLOCKING, VMADDR_CID_LOCAL, port, &result);
}

/* Both workers leave; the connector keeps a socket of it, and the test a descriptor. */
static void shed_by_leaving(struct ns *pod)
{
	if (worker_socket(&pod->connector, SOCK_STREAM) ||
	    worker_socket(&b.listener, SOCK_STREAM) || worker_listen(&b.listener, 1234) ||
	    worker_enter(&pod->connector, c.fd) || worker_enter(&pod->listener, c.fd))
		tap_bail("a socket that is kept");
	must("unshare -n true");
	wait_for_look();
	tap_ok(connect_kept(pod, 1234) == ECONNRESET,
	       "a socket of a namespace that its last process has left is bound on");
	worker_close(&pod->connector);
	worker_close(&b.listener);
	if (worker_enter(&pod->connector, pod->fd) || worker_enter(&pod->listener, pod->fd))
		tap_bail("back");
	tap_ok(reaches(pod, &b, ECONNRESET), "and whoever comes back");
	must(CTL " reload");
	tap_ok(reaches(pod, &b, ECONNRESET), "and after a reload");
}

/* As `ip netns del` does while processes stay. */
static void shed_by_name(struct ns *victim)
{
	must("ip netns del victim");
	wait_for_look();
	tap_ok(reaches(victim, &b, ECONNRESET), "a namespace without its name is bound on");
	tap_ok(reaches(&a, victim, ECONNRESET), "and those who must not reach it by its name");
	must(CTL " reload");
	tap_ok(reaches(victim, &b, ECONNRESET) && reaches(&a, victim, ECONNRESET),
	       "and after a reload");
}

static void shed_by_mount(void)
{
	must("mount -t tmpfs none /run/netns && " CTL " reload; umount /run/netns");
	tap_ok(reaches(&c, &d, ECONNRESET),
	       "a folder of names that is mounted over changes nothing");
}

/* What a file says is evidence. */
static void narrow(struct ns *victim)
{
	write_policy(DIR, "50-witness", "witness", "Deny=connect to namespace d");
	must(CTL " reload");
	tap_ok(reaches(&c, &d, 0), "a [Match] that names it no more does take the policy away");
	must("rm " DIR "/50-name.policy && " CTL " reload");
	tap_ok(reaches(victim, &b, 0), "so does a policy that goes");
}

static void shed(void)
{
	struct service service;
	struct ns pod, victim;

	begin();
	must("mkdir -p /tmp/cgroup && mount -t cgroup2 none /tmp/cgroup && "
	     "mkdir -p /tmp/cgroup/pods/one");
	write_shed();
	make(&pod, "pod", &init);
	make(&victim, "victim", &init);
	must("echo %d >/tmp/cgroup/pods/one/cgroup.procs", pod.connector.pid);
	tap_ok(service_start(&service) && reaches(&pod, &b, ECONNRESET) &&
		       reaches(&victim, &b, ECONNRESET) && reaches(&a, &victim, ECONNRESET) &&
		       reaches(&c, &d, ECONNRESET) && reaches(&pod, &c, 0),
	       "by name and by cgroup");
	shed_by_leaving(&pod);
	shed_by_name(&victim);
	shed_by_mount();
	narrow(&victim);
	ns_remove(&victim);
	ns_remove(&pod);
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
	must("rmdir /tmp/cgroup/pods/one /tmp/cgroup/pods && umount /tmp/cgroup");
}

/* A process in a cgroup brings its namespace its policy. */
static void cgroups(void)
{
	struct service service;

	begin();
	must("mkdir -p /tmp/cgroup && mount -t cgroup2 none /tmp/cgroup && "
	     "mkdir -p /tmp/cgroup/pods/one");
	must("mkdir " DIR " && printf '[Match]\\nCgroup=/pods/*\\n[Rules]\\n"
	     "Deny=connect to namespace b\\n' >" DIR "/pods.policy");
	tap_ok(service_start(&service) && reaches(&a, &b, 0), "nobody is in the cgroup");
	must("echo %d >/tmp/cgroup/pods/one/cgroup.procs", a.connector.pid);
	must(CTL " reload");
	tap_ok(reaches(&a, &b, ECONNRESET) && reaches(&c, &b, 0), "a namespace with one who is");
	ns_remove(&d);
	make(&d, "d", &init);
	must("echo %d >/tmp/cgroup/pods/one/cgroup.procs", d.connector.pid);
	tap_ok(settles(&d, &c, 0) && settles(&d, &b, ECONNRESET),
	       "one that is made later is looked at by itself");
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	end();
	must("rmdir /tmp/cgroup/pods/one /tmp/cgroup/pods && umount /tmp/cgroup");
}

/* --- Memory --- */

static int guests_let_in(int count)
{
	int i, good = 0;

	for (i = 0; i < count; i++) {
		command(&said, "build/guest --cid %d connect 1001", 100 + i);
		good += !strcmp(said.out, "ok\n");
	}
	return good;
}

/* Programs get memory as whoever attached them: a guest that is new needs some, or does without. */
static void short_of_memory(void)
{
	int good;

	begin();
	detach();
	must("modprobe vhost_vsock && mkdir -p /tmp/cgroup && "
	     "mount -t cgroup2 none /tmp/cgroup && "
	     "echo +memory >/tmp/cgroup/cgroup.subtree_control && mkdir /tmp/cgroup/small");
	write_policy(DIR, "a", "a", "Deny=connect to namespace b");
	must("sh -c 'echo $$ >/tmp/cgroup/small/cgroup.procs && exec " BPFD " --once'");
	must("echo 4096 >/tmp/cgroup/small/memory.max");
	if (worker_socket(&init.listener, SOCK_STREAM) || worker_listen(&init.listener, 1001))
		tap_bail("a listener");
	good = guests_let_in(8);
	tap_ok(good == 8, "without memory for them guests are let in all the same: %d of 8", good);
	worker_close(&init.listener);
	tap_ok(reaches(&a, &b, ECONNRESET), "and who is to be refused is refused");
	end();
	must("rmdir /tmp/cgroup/small && umount /tmp/cgroup");
}

/* --- Detach, upgrade --- */

static void upgrade(void)
{
	struct ns child;
	pid_t storm;

	begin();
	write_policy(DIR, "a", "a", "Deny=connect to namespace b");
	must(BPFD " --once");
	if (ns_make(&child, "child", &a, NS_BY_NOBODY))
		tap_bail("no namespace more");
	storm = start_storm("--pause 20 a b never child b never a c always");
	must(BPFD_B " --once");
	must(BPFD " --once");
	end_storm(storm, "two upgrades");
	tap_ok(reaches(&child, &b, ECONNRESET) && reaches(&a, &b, ECONNRESET),
	       "another build keeps what is in force");
	must(BPFD " --detach && rm " DIR "/*");
	tap_ok(settles(&a, &b, 0) && settles(&child, &b, 0), "--detach ends it");
	must(BPFD " --once");
	tap_ok(reaches(&a, &b, 0) && reaches(&child, &b, 0), "and nothing is remembered");
	ns_remove(&child);
	end();
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "reload", reload },	      { "mistakes", mistakes },
	{ "initial", initial },	      { "names", names },
	{ "cgroups", cgroups },	      { "shed", shed },
	{ "late_names", late_names }, { "paths", paths },
	{ "atomic", atomic },	      { "atomic_mode", atomic_mode },
	{ "kills", kills },	      { "kill_service", kill_service },
	{ "upgrade", upgrade },	      { "short_of_memory", short_of_memory },
};

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
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	detach();
	/* The first prepares the folder, and what is mounted there before stays below. */
	must("ip netns add first && ip netns del first");
	if (ns_init(&init))
		tap_bail("workers");
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!is_wanted(cases[i].name, argc, argv))
			continue;
		tap_diag("%s", cases[i].name);
		cases[i].run();
	}
	detach();
	return tap_end();
}
