// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever may make as many namespaces as he likes takes nothing from others by it: neither their
 * lines in the log, nor their records.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/sockets.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"
#include "lib/world.h"

#define NOBODY 65534
#define PORT   7777
#define OUTPUT "/tmp/service.out"
#define CROWD  (TENANT_NAMESPACES + 20)

static struct world world;
static struct said said;

/* --- What nobody does --- */

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		_exit(100);
}

static int connect_to(unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	err = connect(fd, (void *)&address, sizeof(address)) ? errno : 0;
	close(fd);
	return err;
}

static void wait_for(pid_t pid)
{
	int status = wait_command(pid);

	if (status)
		tap_bail("a tenant ends with status %d", status);
}

/* A tenant that has been refused and stays: the service counts for namespaces that are there. */
struct refused {
	int said, hold;
	pid_t pid;
};

/* So many namespaces, each of which is refused so often; they stay until they are let go. */
static void be_refused(int namespaces, int times, int said_to, int hold)
{
	char byte = 0;
	int i;

	become_nobody();
	if (unshare(CLONE_NEWUSER))
		_exit(101);
	while (namespaces--) {
		if (unshare(CLONE_NEWNET) || open("/proc/self/ns/net", O_RDONLY) < 0)
			_exit(102);
		for (i = 0; i < times; i++)
			if (connect_to(PORT) != ECONNRESET)
				_exit(103);
	}
	if (write(said_to, &byte, 1) != 1)
		_exit(106);
	_exit(read(hold, &byte, 1));
}

static struct refused start_tenant(int namespaces, int times)
{
	int said_to[2], hold[2];
	struct refused tenant;
	char byte;

	if (pipe2(said_to, O_CLOEXEC) || pipe2(hold, O_CLOEXEC))
		tap_bail("pipes");
	tenant.pid = fork();
	if (!tenant.pid) {
		close(hold[1]);
		be_refused(namespaces, times, said_to[1], hold[0]);
	}
	close(said_to[1]);
	close(hold[0]);
	tenant.said = said_to[0];
	tenant.hold = hold[1];
	if (read(tenant.said, &byte, 1) != 1)
		tap_bail("a tenant is not refused, and ends with status %d",
			 wait_command(tenant.pid));
	return tenant;
}

static void let_go(const struct refused *tenant)
{
	close(tenant->hold);
	close(tenant->said);
	wait_for(tenant->pid);
}

static void listen_at_port(struct ns *ns)
{
	if (worker_socket(&ns->listener, SOCK_STREAM) || worker_listen(&ns->listener, PORT))
		tap_bail("a listener");
}

static int lines_of(const char *pattern)
{
	command(&said, "grep -c '%s' " OUTPUT, pattern);
	return atoi(said.out);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static bool settles_at_line(const char *pattern)
{
	int waited;

	for (waited = 0; waited < 60000; waited += 100) {
		if (lines_of(pattern))
			return true;
		sleep_ms(100);
	}
	return false;
}

static void events(void)
{
	struct service service;
	struct refused tenant;
	double begin, took;
	int lines, most;

	if (!service_start_by(&service, "build/vsock-bpfd >" OUTPUT " 2>&1"))
		tap_bail("the service does not start");
	listen_at_port(&world.local1);
	begin = seconds();
	tenant = start_tenant(200, 30);
	settles_at_line("^dropped: .* namespaces of user 65534, ");
	took = seconds() - begin;
	lines = lines_of("^refused: ");
	most = TENANT_BURST + (took + 1) * 1000000000 / TENANT_PERIOD;
	tap_ok(lines > 0 && lines <= most,
	       "6000 refusals of 200 namespaces of one user in %.1f s: %d lines, at most %d", took,
	       lines, most);
	lines = lines_of("^dropped: ");
	tap_ok(lines > 0 && lines <= took + 4, "and %d that count the rest", lines);
	tap_ok(lines_of("^dropped: .* namespaces of user 65534, ") > 0, "by user");
	let_go(&tenant);
	worker_close(&world.local1.listener);
	tenant = start_tenant(1, 1);
	let_go(&tenant);
	reach(&world.global, &world.local1);
	tap_ok(settles_at_line("^refused: connect from global to local1 "),
	       "another one's refusal is among them");
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
}

/* --- Records --- */

struct crowd {
	int said; /* a pipe: what a namespace of it got */
	int hold;
	pid_t pid;
};

static void put(int fd, int err)
{
	if (write(fd, &err, sizeof(err)) != sizeof(err))
		_exit(104);
}

/* Makes them all, and keeps them: says how the first, and the last one, fared. */
static void be_many(int said_to, int hold)
{
	struct rlimit files = { 2 * CROWD, 2 * CROWD };
	int i, first = -1, net;
	char end;

	setrlimit(RLIMIT_NOFILE, &files);
	become_nobody();
	if (unshare(CLONE_NEWUSER))
		_exit(101);
	for (i = 0; i < CROWD; i++) {
		if (unshare(CLONE_NEWNET))
			_exit(102);
		net = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
		if (net < 0)
			_exit(103);
		if (!i)
			first = net;
	}
	put(said_to, connect_to(PORT));
	if (setns(first, CLONE_NEWNET))
		_exit(105);
	put(said_to, connect_to(PORT));
	_exit(read(hold, &end, 1));
}

static int get(int fd)
{
	int err = -1;

	if (read(fd, &err, sizeof(err)) != sizeof(err))
		tap_bail("the crowd says nothing");
	return err;
}

static void start_crowd(struct crowd *crowd, void (*act)(int said_to, int hold))
{
	int said_to[2], hold[2];

	if (pipe2(said_to, O_CLOEXEC) || pipe2(hold, O_CLOEXEC))
		tap_bail("pipes");
	crowd->pid = fork();
	if (!crowd->pid) {
		close(hold[1]);
		act(said_to[1], hold[0]);
	}
	close(said_to[1]);
	close(hold[0]);
	crowd->said = said_to[0];
	crowd->hold = hold[1];
}

static void end_crowd(struct crowd *crowd)
{
	close(crowd->hold);
	close(crowd->said);
	wait_command(crowd->pid);
}

static bool one_more(const char *name, enum ns_maker maker, int wanted)
{
	struct ns ns;
	int err;

	if (ns_make(&ns, name, &world.init, maker))
		tap_bail("one more");
	err = reach(&ns, &world.init);
	ns_remove(&ns);
	return err == wanted;
}

static void records(void)
{
	struct crowd crowd;
	int waited, err;

	listen_at_port(&world.init);
	start_crowd(&crowd, be_many);
	err = get(crowd.said);
	tap_ok(err == ECONNRESET, "namespace %d of a user talks to nobody", CROWD);
	err = get(crowd.said);
	tap_ok(err == 0, "his first one does as before");
	worker_close(&world.init.listener);
	tap_ok(world_isolated(&world), "and so do others");
	tap_ok(one_more("of-root", NS_BY_ROOT, 0), "whoever is made by root by then");
	tap_ok(one_more("of-nobody", NS_BY_NOBODY, ECONNRESET), "not by that user");
	command(&said, "build/vsockctl status");
	tap_ok(strstr(said.out, "crowded out:") && !strstr(said.out, "records:"),
	       "status says that, and that records are not full");
	end_crowd(&crowd);
	for (waited = 0; waited < 60000 && !one_more("of-nobody", NS_BY_NOBODY, 0); waited += 500)
		sleep_ms(500);
	tap_ok(waited < 60000, "once they are gone he has one more");
}

/* --- While two sets of programs see the same namespaces --- */

/* One of nobody's, which goes again. */
static void come_and_go(void)
{
	pid_t pid = fork();

	if (!pid) {
		become_nobody();
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) ? 101 : 0);
	}
	wait_for(pid);
}

static unsigned int namespaces_of_nobody(void)
{
	__u64 number = TENANT_USER | NOBODY;
	int fd = bpf_obj_get(PINS "/tenants");
	struct tenant tenant = {};

	if (fd < 0 || bpf_map_lookup_elem(fd, &number, &tenant))
		tap_bail("tenants: %s", strerror(errno));
	close(fd);
	return tenant.namespaces;
}

static bool nobody_has_none(void)
{
	int waited;

	for (waited = 0; waited < 60000 && namespaces_of_nobody(); waited += 100)
		sleep_ms(100);
	return !namespaces_of_nobody();
}

/* A namespace comes and goes before each step of a start that replaces the programs. */
static int replace_programs(void)
{
	int status, steps = 0;
	pid_t pid;

	must("rm " PINS "/generation-*/device_opened");
	pid = start_command(
		"env LD_PRELOAD=build/tests/lifecycle/steps.so build/vsock-bpfd --once >&2");
	for (; waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status); steps++) {
		come_and_go();
		kill(pid, SIGCONT);
	}
	if (status)
		tap_bail("the programs are not replaced");
	return steps;
}

static void upgrades(void)
{
	int steps;

	come_and_go();
	tap_ok(nobody_has_none(), "a user's namespace has come and gone: he has none");
	steps = replace_programs();
	tap_ok(steps > 0 && nobody_has_none(), "and none after %d more, at steps of an upgrade",
	       steps);
	command(&said, "build/vsockctl status");
	tap_ok(!strstr(said.out, "crowded out:"), "none was one too many");
}

/* --- Calls over loopback that are recorded: where the kernel does not check sources --- */

#define BEYOND 10

static bool sources_are_checked(void)
{
	command(&said, "grep -q ' vsock_check_source' /proc/kallsyms");
	return !said.status;
}

static int callers(void)
{
	int fd = bpf_obj_get(PINS "/caller_slots"), count = 0;
	struct tenant_slot slot, *previous = NULL;

	if (fd < 0)
		tap_bail("caller_slots: %s", strerror(errno));
	for (; !bpf_map_get_next_key(fd, previous, &slot); previous = &slot)
		count++;
	close(fd);
	return count;
}

/* So many sockets call a port where nobody listens, and stay: says how many the gate refused. */
static void call_often(int said_to, int hold)
{
	struct rlimit files = { TENANT_CALLING + 200, TENANT_CALLING + 200 };
	int place = socket_in(&world.local1, 0), refused = 0, i;
	char end;

	if (setrlimit(RLIMIT_NOFILE, &files) || bind_to(place, VMADDR_CID_LOCAL, PORT + 1))
		_exit(106);
	for (i = 0; i < TENANT_CALLING + BEYOND; i++)
		refused += dial(socket_in(&world.local1, SOCK_NONBLOCK), VMADDR_CID_LOCAL,
				PORT + 1) == ECONNRESET;
	put(said_to, refused);
	_exit(read(hold, &end, 1));
}

static bool connects_within(const struct ns *ns, unsigned int port)
{
	int listener = listen_in(ns, port), fd = socket_in(ns, 0);
	bool connects = dial(fd, VMADDR_CID_LOCAL, port) == 0;

	close(fd);
	close(listener);
	return connects;
}

static void calls(void)
{
	bool checked = sources_are_checked();
	struct crowd crowd;
	int waited, refused;

	start_crowd(&crowd, call_often);
	refused = get(crowd.said);
	tap_ok(refused == (checked ? 0 : BEYOND) && callers() == (checked ? 0 : TENANT_CALLING),
	       "%d calls of a namespace that stay: the gate refuses %d", TENANT_CALLING + BEYOND,
	       refused);
	command(&said, "build/vsockctl status");
	tap_ok(!strstr(said.out, "full:        calls: the network namespace with the id") ==
		       checked,
	       "status says so");
	tap_ok(connects_within(&world.local2, PORT + 2), "another one calls meanwhile");
	tap_ok(connects_within(&world.local1, PORT + 3) == checked, "and that one does not");
	end_crowd(&crowd);
	/* A connect() that did not wait holds its socket until its time is over. */
	for (waited = 0; waited < 60000 && callers(); waited += 100)
		sleep_ms(100);
	tap_ok(!callers() && connects_within(&world.local1, PORT + 4),
	       "its sockets are closed: it calls again");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "events", events },
	{ "upgrades", upgrades },
	{ "records", records },
	{ "calls", calls },
};

/* With names of cases: those alone. */
int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	world_make(&world);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (argc > 1 && strcmp(argv[1], cases[i].name))
			continue;
		tap_diag("%s", cases[i].name);
		cases[i].run();
	}
	world_remove(&world);
	return tap_end();
}
