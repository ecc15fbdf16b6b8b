// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees of what is refused: on the control socket, in the service's
 * output, in the journal, in counters and metrics; all of it with the right names.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/control-protocol.h"
#include "lib/follow.h"
#include "lib/lines.h"
#include "lib/run-dir.h"
#include "lib/tap.h"
#include "lib/world.h"
#include "vsock-bpfd.h"

#define BPFD	 "build/vsock-bpfd"
#define CTL	 "build/vsockctl"
#define OUTPUT	 "/tmp/service.out"
#define MONITOR	 "/tmp/monitor.json"
#define CONFIG	 "/tmp/vsock-bpfd.conf"
#define GUEST	 "/tmp/guest.out"
#define METRICS	 "/tmp/vsock-bpfd.prom"
#define POLICIES "/tmp/policy.d"
#define JOURNAL	 "/run/systemd/journal"
#define FLOOD	 1000
#define GUEST_ID 42
#define MANY	 10000

static struct said said;
static struct world world;
static pid_t service;

static bool settles(const char *line, int status)
{
	return settles_within(&said, 60000, status, line);
}

static void start_service(const char *how)
{
	service = start_command(
		"%s " BPFD " --config " CONFIG " --policy-dir " POLICIES " >>" OUTPUT " 2>&1", how);
	if (!settles(CTL " reload", 0))
		tap_bail("the service does not answer");
}

static pid_t start_monitor(const char *options, const char *path)
{
	pid_t pid = start_command(CTL " %s monitor >%s 2>%s.err", options, path, path);

	await_poll(&said, 60000, pid, "monitor");
	return pid;
}

static int end(pid_t pid, int signal)
{
	kill(pid, signal);
	return wait_command(pid);
}

/* A guest that listens, once it has its CID. */
static pid_t start_guest(unsigned int cid, const char *netns, unsigned int port)
{
	pid_t pid;

	unlink(GUEST);
	pid = start_command("build/guest --cid %u --netns %s listen %u --hold >" GUEST, cid, netns,
			    port);
	if (!settles("grep -q READY " GUEST, 0))
		tap_bail("guest %u does not come up", cid);
	return pid;
}

static void listen_in(struct ns *ns, unsigned int port)
{
	if (worker_socket(&ns->listener, SOCK_STREAM) || worker_listen(&ns->listener, port))
		tap_bail("a listener in %s", ns->name);
}

static int connect_from(struct ns *ns, unsigned int cid, unsigned int port)
{
	struct connect_result result;
	int err;

	if (worker_socket(&ns->connector, SOCK_STREAM))
		tap_bail("a socket in %s", ns->name);
	err = worker_connect(&ns->connector, CONNECT_BLOCKING, cid, port, &result);
	worker_close(&ns->connector);
	return err;
}

/* What `list` shows of a namespace, or of all together. */
static unsigned long long listed(const char *name, const char *key)
{
	command(&said, CTL " --json list");
	return items_number(said.out, name, key);
}

/* As JSON prints it. */
static const char *identity_of(const char *name)
{
	static char text[2][32];
	static int next;
	char *found = text[next++ % 2];

	snprintf(found, sizeof(text[0]), "%llu", listed(name, "identity"));
	return found;
}

static void check_line(const char *path, const struct want *wants, const char *what)
{
	bool good = line_comes(path, wants);

	if (!good) {
		command(&said, "tail -5 %s", path);
		tap_said(&said);
	}
	tap_ok(good, "%s", what);
}

static bool outputs(const char *words)
{
	char line[256];

	snprintf(line, sizeof(line), "grep -qF '%s' " OUTPUT, words);
	return settles(line, 0);
}

/* --- Who is refused by whom --- */

static void loopback(void)
{
	int err = connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	struct want in[] = {
		{ "kind", "refused" },
		{ "reason", "mode" },
		{ "verb", "accept" },
		{ "origin.namespace", "global" },
		{ "origin.identity", "" },
		{ "origin.place", "namespace" },
		{ "origin.cid", "null" },
		{ "target.namespace", "local1" },
		{ "target.identity", "" },
		{ "target.cid", "null" },
		{ "target.port", "1001" },
		{ "pid", "null" },
		{},
	};
	const struct want out[] = { { "kind", "refused" },
				    { "reason", "mode" },
				    { "verb", "connect" },
				    { "origin.namespace", "local1" },
				    { "target.namespace", "(init)" },
				    { "target.port", "1002" },
				    {} };

	in[4].value = identity_of("global");
	in[8].value = identity_of("local1");
	tap_ok(err == ECONNRESET && strtoull(in[4].value, NULL, 10),
	       "a connect into a local namespace is refused");
	check_line(MONITOR, in, "told with both names, identities and the port");
	err = connect_from(&world.local1, VMADDR_CID_LOCAL, 1002);
	tap_ok(err == ECONNRESET, "one out of a local namespace is refused");
	check_line(MONITOR, out, "told as the origin's own doing");
	tap_ok(outputs("refused: connect from global to local1 port 1001: "
		       "one end is local and the other is in another namespace"),
	       "the service's output has it in plain words");
	tap_ok(outputs("refused: connect from local1 to (init) port 1002"), "and the other");
}

static void held_port(void)
{
	const struct want wants[] = {
		{ "kind", "refused" },
		{ "reason", "port" },
		{ "verb", "bind" },
		{ "origin.namespace", "local2" },
		{ "target.namespace", "local1" },
		{ "target.port", "1001" },
		{},
	};
	int err = worker_socket(&world.local2.listener, SOCK_STREAM)
			  ?: worker_listen(&world.local2.listener, 1001);

	tap_ok(err == EADDRINUSE, "a port that another namespace holds is refused");
	check_line(MONITOR, wants, "told with the namespace that holds it");
	tap_ok(outputs("to port 1001: the port is held by local1"), "in plain words, too");
	worker_close(&world.local2.listener);
}

static void guests(void)
{
	char pid[16], name[32], words[128];
	struct want to[] = {
		{ "kind", "refused" },
		{ "origin.namespace", "global" },
		{ "target.namespace", "local1" },
		{ "target.cid", "42" },
		{ "target.guest", name },
		{ "target.port", "7" },
		{ "pid", pid },
		{ "process", "events" },
		{},
	};
	const struct want from[] = { { "kind", "refused" },
				     { "origin.namespace", "local1" },
				     { "origin.cid", "43" },
				     { "target.namespace", "(init)" },
				     { "target.port", "1002" },
				     { "pid", "null" },
				     {} };
	pid_t guest;
	int err;

	snprintf(pid, sizeof(pid), "%d", world.global.connector.pid);
	guest = start_guest(GUEST_ID, "local1", 7);
	snprintf(name, sizeof(name), "guest[%d]", guest);
	err = connect_from(&world.global, GUEST_ID, 7);
	tap_ok(err == ENODEV, "a connect to a guest of a local namespace is refused: %s",
	       strerror(err));
	check_line(MONITOR, to, "told with its CID and its name, and the process that called");
	snprintf(words, sizeof(words), " to guest %s (42) of local1 port 7: ", name);
	tap_ok(outputs(words), "the log has both");
	end(guest, SIGTERM);
	command(&said, "build/guest --cid 43 --netns local1 connect 1002");
	tap_ok(strstr(said.out, "ECONNRESET"), "one from such a guest is refused");
	check_line(MONITOR, from, "told with its CID");
}

/* --- Policies --- */

/* Written as a whole, as the service watches the folder. */
static void write_policy(const char *name, const char *text)
{
	must("mkdir -p " POLICIES " && printf '%%b' '%s' >/tmp/new && mv /tmp/new " POLICIES
	     "/%s.policy",
	     text, name);
}

static void audited(void)
{
	const struct want wants[] = { { "kind", "audited" },
				      { "reason", "mode" },
				      { "verb", "accept" },
				      { "origin.namespace", "global" },
				      { "target.namespace", "local2" },
				      {} };
	const struct want others[] = { { "origin.namespace", "local1" }, {} };
	const struct want all[] = { {} };
	pid_t monitor = start_monitor("--json -n local2", "/tmp/local2.json");
	int err;

	write_policy("audit", "[Match]\\nName=local2\\n[Namespace]\\nAudit=yes\\n");
	must(CTL " reload");
	err = reach(&world.global, &world.local2);
	if (err) {
		command(&said, "tail -5 " MONITOR);
		tap_said(&said);
	}
	tap_ok(!err, "what is audited goes through: %s", strerror(err));
	check_line(MONITOR, wants, "told as audited");
	connect_from(&world.local1, VMADDR_CID_LOCAL, 1002);
	sleep_ms(1000);
	tap_ok(line_comes("/tmp/local2.json", wants) &&
		       lines_count("/tmp/local2.json", wants) == 1 &&
		       lines_count("/tmp/local2.json", others) == 0 &&
		       lines_count("/tmp/local2.json", all) == 1,
	       "monitor -n shows that namespace alone");
	tap_ok(listed("global", "audited") == 1, "list counts it as audited");
	end(monitor, SIGTERM);
}

static int bind_in(struct ns *ns, unsigned int port)
{
	int err = worker_socket(&ns->connector, SOCK_STREAM);

	if (!err)
		err = worker_listen(&ns->connector, port);
	worker_close(&ns->connector);
	return err;
}

static void check_rule_events(struct ns *init, struct ns *ruled)
{
	const struct want connect[] = { { "kind", "refused" },
					{ "reason", "rule" },
					{ "verb", "connect" },
					{ "origin.namespace", "ruled" },
					{ "target.namespace", "(init)" },
					{ "target.port", "1003" },
					{} };
	const struct want bind[] = { { "kind", "refused" },
				     { "reason", "bind" },
				     { "verb", "bind" },
				     { "origin.namespace", "ruled" },
				     { "target.port", "1004" },
				     { "process", "events" },
				     {} };
	const struct want guest[] = { { "kind", "refused" },  { "reason", "guest" },
				      { "verb", "guest" },    { "target.namespace", "ruled" },
				      { "target.cid", "77" }, {} };
	pid_t device;
	int err;

	err = connect_from(ruled, VMADDR_CID_LOCAL, 1003);
	tap_ok(err == ECONNRESET, "a rule against connecting: %s", strerror(err));
	check_line(MONITOR, connect, "told as that");
	err = bind_in(ruled, 1004);
	tap_ok(err == EACCES, "a rule against listening: %s", strerror(err));
	check_line(MONITOR, bind, "told as that, with the process");
	device = start_guest(77, "ruled", 7);
	err = connect_from(init, 77, 7);
	tap_ok(err == ENODEV, "a rule against a guest's CID: %s", strerror(err));
	check_line(MONITOR, guest, "told as that");
	end(device, SIGTERM);
	tap_ok(outputs("refused: bind in ruled (events, pid "), "in the service's output, too");
}

/* The folder is watched: nobody asks for a reload. */
static void rules(struct ns *init)
{
	struct ns ruled;

	if (ns_make(&ruled, "ruled", init, NS_BY_ROOT))
		tap_bail("namespace ruled");
	listen_in(init, 1003);
	write_policy("rules", "[Match]\\nName=ruled\\n[Rules]\\n"
			      "Deny=connect to anyone port 1003\\n"
			      "Deny=bind port 1004\\nDeny=guest 77\\n");
	if (!settles(CTL " --json list | grep -q '\"policy\": *\"rules\"'", 0))
		tap_bail("the policy does not come into force");
	check_rule_events(init, &ruled);
	ns_remove(&ruled);
}

/* Several mistakes in several files come back to who asked, each in its line. */
static void wrong_policies(void)
{
	write_policy("wrong", "[Match]\\nName=web\\n[Rules]\\nDeny=dance\\nAudit=yes\\n");
	write_policy("worse", "[Match]\\nName=a/b\\n");
	command(&said, CTL " reload");
	tap_ok(said.status == 1 && strstr(said.err, "vsockctl: " POLICIES "/wrong.policy:4: ") &&
		       strstr(said.err, POLICIES "/wrong.policy:5: ") &&
		       strstr(said.err, POLICIES "/worse.policy:2: "),
	       "every mistake in a policy is told to who asks for a reload");
	if (!said.status || !strstr(said.err, "worse"))
		tap_said(&said);
	must("rm " POLICIES "/wrong.policy " POLICIES "/worse.policy");
	command(&said, CTL " reload");
	tap_ok(!said.status && !*said.err, "and none once they are gone");
}

/* --- Floods --- */

static void connect_often(const struct ns *ns, unsigned int port, int count)
{
	struct sockaddr_vm to = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = port,
	};
	int fd;

	if (setns(ns->fd, CLONE_NEWNET))
		_exit(1);
	while (count--) {
		fd = socket(AF_VSOCK, SOCK_STREAM, 0);
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) || errno != ECONNRESET)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

static bool flood(const struct ns *ns, unsigned int port, int count)
{
	pid_t pid = fork();

	if (!pid)
		connect_often(ns, port, count);
	return !wait_command(pid);
}

static long counted(const char *name)
{
	return listed(name, "refused");
}

static void counters(void)
{
	const struct want refused[] = { { "kind", "refused" },
					{ "origin.namespace", "global" },
					{ "target.port", "1001" },
					{} };
	const struct want dropped[] = { { "kind", "dropped" },
					{ "origin.namespace", "global" },
					{} };
	long before = counted("global"), told = lines_count(MONITOR, refused), lost = 0;
	int waited;

	tap_ok(flood(&world.global, 1001, FLOOD), "a flood is refused, connect by connect");
	tap_ok(counted("global") - before == FLOOD, "all of it is counted: %ld",
	       counted("global") - before);
	for (waited = 0; waited < 120000 && told + lost < FLOOD; waited += 100) {
		sleep_ms(100);
		lost = lines_sum(MONITOR, dropped, "count");
		told = lines_count(MONITOR, refused) - 1;
	}
	tap_diag("%ld told, %ld dropped", told, lost);
	tap_ok(told + lost == FLOOD && told >= EVENT_BURST && lost > 0,
	       "what is told and what is dropped add up");
	tap_ok(outputs("dropped: "), "the service's output has what was dropped");
}

static int follow_slowly(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char answer[64] = "";

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, "monitor", 7, 0) != 7 || recv(fd, answer, sizeof(answer) - 1, 0) < 0 ||
	    strcmp(answer, CONTROL_OK))
		tap_bail(CONTROL_SOCKET ": '%s', %s", answer, strerror(errno));
	return fd;
}

/* Lines that come, and those that are told to be lost, until it is all that there were. */
static void read_late(int fd, long all, long *came, long *lost)
{
	const struct want is_lost[] = { { "kind", "lost" }, {} };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char line[4096];
	ssize_t size;

	*came = *lost = 0;
	while (*came + *lost < all && poll(&wait, 1, 60000) == 1) {
		size = recv(fd, line, sizeof(line) - 1, 0);
		if (size <= 0)
			return;
		line[size] = '\0';
		if (line_is(line, is_lost))
			*lost += line_number(line, "count");
		else
			++*came;
	}
}

static long counted_in_all(void)
{
	return listed(NULL, "refused") + listed(NULL, "audited");
}

/* What monitor has heard of all that was counted, one way or the other. */
static long heard(long *lines)
{
	const struct want dropped[] = { { "kind", "dropped" }, {} };
	const struct want all[] = { {} };

	*lines = lines_count(MONITOR, all);
	return *lines - lines_count(MONITOR, dropped) + lines_sum(MONITOR, dropped, "count");
}

/* A reader that sleeps delays nobody, and is told what it missed. */
static void slow_reader(void)
{
	struct ns *origins[] = { &world.init, &world.global, &world.nursery, &world.local2 };
	long before, others, came, lost, wanted, gone;
	int fd = follow_slowly(), waited;
	size_t round, i;

	/* Of namespaces that have gone nothing is counted any more. */
	gone = heard(&before) - counted_in_all();
	/* As many as each may tell at once, again and again. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++)
			flood(origins[i], 1001, EVENT_BURST + 4);
		sleep_ms(5000);
	}
	wanted = counted_in_all() + gone;
	for (waited = 0; waited < 60000 && heard(&others) != wanted; waited += 100)
		sleep_ms(100);
	tap_ok(heard(&others) == wanted, "others hear all of it meanwhile");
	others -= before;
	read_late(fd, others, &came, &lost);
	close(fd);
	tap_diag("%ld lines, of which %ld came and %ld were lost", others, came, lost);
	tap_ok(lost > 0 && came + lost == others, "who reads late is told how many were lost");
}

/* --- The service --- */

static void killed(pid_t monitor)
{
	long before = counted("global");

	tap_ok(end(service, SIGKILL) == 128 + SIGKILL, "the service is killed");
	tap_ok(wait_command(monitor) == 1, "monitor ends with status 1");
	command(&said, "cat " MONITOR ".err");
	tap_ok(strstr(said.out, "the service has ended; enforcement stays"), "and says why");
	command(&said, CTL " monitor");
	tap_ok(said.status == 1 && strstr(said.err, "the service does not run") &&
		       count_lines(said.err) == 1 && !*said.out,
	       "without the service it says so");
	connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	tap_ok(before > FLOOD && counted("global") == before + 1, "counting goes on");
	start_service("");
	tap_ok(counted("global") == before + 1, "and outlives a restart");
}

static void control_socket(void)
{
	pid_t second;

	command(&said, "stat -c '%%a %%u' " RUN_DIR " " CONTROL_SOCKET);
	tap_ok(!strcmp(said.out, "700 0\n600 0\n"), "the control socket is root's alone");
	must("printf '[Service]\\nMetricsSec=never\\n' >" CONFIG);
	command(&said, CTL " reload");
	tap_ok(said.status == 1 && strstr(said.err, CONFIG ":2: MetricsSec=never: not a number"),
	       "a mistake is told to who asks for a reload");
	must("printf '[Service]\\nMetricsFile=" METRICS "\\nMetricsSec=1\\n' >" CONFIG);
	command(&said, CTL " reload");
	tap_ok(!said.status && !*said.err, "a good configuration is taken");
	second = start_command(BPFD " --config " CONFIG " 2>/tmp/second.err");
	tap_ok(settles("grep -q 'another service answers there' /tmp/second.err", 0),
	       "a second service leaves the socket to the first");
	tap_ok(end(second, SIGTERM) == 0, "and goes on without it");
}

/* A pipe that nobody reads any more ends it, without waiting for an event. */
static void quiet_ends(void)
{
	pid_t monitor = start_monitor("", "/tmp/quiet.txt");

	tap_ok(end(monitor, SIGINT) == 0, "monitor ends on SIGINT with status 0");
	command(&said, "cat /tmp/quiet.txt.err");
	tap_ok(!*said.out, "and in silence");
	command(&said, "timeout 120 sh -c '" CTL " monitor | head -1'");
	if (!tap_ok(said.status == 0 && !*said.err && count_lines(said.out) == 1,
		    "it ends with who reads it"))
		tap_said(&said);
}

static bool has_five(const char *path)
{
	char line[64];

	snprintf(line, sizeof(line), "[ $(grep -c 1001 %s) -eq 5 ]", path);
	return settles(line, 0);
}

/* What the service had sent before the signal came is told. */
static void ends_with_all(void)
{
	pid_t stopped = start_monitor("", "/tmp/stopped.txt");
	pid_t reads = start_monitor("", "/tmp/reads.txt");
	int i;

	kill(stopped, SIGSTOP);
	for (i = 0; i < 5; i++)
		connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	tap_ok(has_five("/tmp/reads.txt"), "one that does not read holds up no other");
	end(reads, SIGTERM);
	kill(stopped, SIGINT);
	tap_ok(!end(stopped, SIGCONT) && has_five("/tmp/stopped.txt"),
	       "monitor ends with all that came before the signal");
}

static void people(void)
{
	pid_t monitor = start_monitor("", "/tmp/people.txt");

	connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	tap_ok(settles("awk '/^TIME / { at = index($0, \"ORIGIN\") } / refused / && "
		       "substr($0, at, 7) == \"global \" { found = 1 } END { exit !found }' "
		       "/tmp/people.txt",
		       0),
	       "monitor aligns its lines");
	command(&said, "grep -c \"$(printf '\\033')\" /tmp/people.txt");
	tap_ok(!strcmp(said.out, "0\n"), "and writes no colour into a file");
	end(monitor, SIGTERM);
}

/* Where somebody looks at it, and has nothing against it. */
static void colours(void)
{
	pid_t monitor = start_command("env -u NO_COLOR TERM=xterm script -qefc '" CTL
				      " monitor' /tmp/colours.txt </dev/null >/dev/null");

	settles("grep -q TIME /tmp/colours.txt", 0);
	connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	tap_ok(settles("grep -q \"^$(printf '\\033')\\[31m.* refused \" /tmp/colours.txt", 0),
	       "on a terminal what is refused is red");
	end(monitor, SIGTERM);
	command(&said, "env NO_COLOR=1 TERM=xterm script -qec '" CTL " list' /dev/null </dev/null");
	tap_ok(strstr(said.out, "NAMESPACE") && !strchr(said.out, '\033'), "NO_COLOR is honoured");
	command(&said,
		"env NO_COLOR=1 TERM=xterm script -qec '" CTL " doctor' /dev/null </dev/null");
	tap_ok(strstr(said.out, "kernel") && !strchr(said.out, '\033'), "by doctor, too");
	command(&said,
		"env -u NO_COLOR TERM=dumb script -qec '" CTL " doctor' /dev/null </dev/null");
	tap_ok(strstr(said.out, "kernel") && !strchr(said.out, '\033'),
	       "and a terminal that is dumb");
	command(&said,
		"env -u NO_COLOR TERM=xterm script -qec '" CTL " list' /dev/null </dev/null");
	tap_ok(strchr(said.out, '\033'), "list has a head that stands out");
}

/* --- Metrics --- */

static void check_metrics(const char *from)
{
	command(&said,
		"%s >/tmp/metrics && promtool check metrics </tmp/metrics && tail -1 "
		"/tmp/metrics",
		from);
	if (said.status || *said.err)
		tap_said(&said);
	tap_ok(!said.status && !*said.err && !strcmp(said.out, "# EOF\n"), "promtool accepts: %s",
	       from);
}

static void metrics(void)
{
	long refused = counted("global");

	check_metrics(CTL " metrics");
	command(&said,
		"grep -Fx 'vsock_bpfd_refused_total{netns=\"global\",reason=\"mode\"} %ld' "
		"/tmp/metrics",
		refused);
	tap_ok(!said.status, "they count what list counts");
	tap_ok(settles("test -e " METRICS, 0), "the service writes them where it is told to");
	check_metrics("cat " METRICS);
	must("rm " METRICS);
	tap_ok(settles("grep -q EOF " METRICS, 0), "and again every second");
	command(&said, "stat -c %%a " METRICS);
	tap_ok(!strcmp(said.out, "644\n"), "for everybody to read");
}

/* Who needs longer to write them than to wait for the next time still tells what happens. */
static void slow_metrics(void)
{
	const struct want wants[] = { { "origin.namespace", "global" }, {} };
	pid_t monitor;

	end(service, SIGTERM);
	start_service("env LD_PRELOAD=build/tests/observe/slow.so");
	monitor = start_monitor("--json", "/tmp/slow.json");
	connect_from(&world.global, VMADDR_CID_LOCAL, 1001);
	check_line("/tmp/slow.json", wants, "events are told while metrics are written slowly");
	end(monitor, SIGTERM);
	end(service, SIGTERM);
	start_service("");
}

/* --- The journal, which is played here --- */

static int play_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL "/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must("mkdir -p " JOURNAL);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		tap_bail(JOURNAL ": %s", strerror(errno));
	return fd;
}

static bool has_field(const char *entry, const char *field)
{
	char line[300];
	bool good;

	snprintf(line, sizeof(line), "\n%s\n", field);
	good = strstr(entry, line);
	if (!good)
		tap_diag("no field %s", field);
	return good;
}

/* One entry about the connect of a guest, or what came instead. */
static bool journal_has(int fd, const char *const *fields)
{
	static char entry[8192];
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	bool good = true;
	ssize_t size;

	do {
		if (poll(&wait, 1, 60000) != 1) {
			tap_diag("nothing came");
			return false;
		}
		size = recv(fd, entry + 1, sizeof(entry) - 2, 0);
		entry[0] = '\n';
		entry[size < 0 ? 1 : size + 1] = '\0';
	} while (!strstr(entry, "\nVSOCK_PORT=9\n"));
	for (; *fields; fields++)
		good &= has_field(entry, *fields);
	if (!good)
		tap_diag("%s", entry);
	return good;
}

static void journal(void)
{
	char origin[64], pid[32], object[32], name[64];
	const char *const fields[] = {
		"PRIORITY=5",
		"VSOCK_KIND=refused",
		"VSOCK_REASON=mode",
		"VSOCK_VERB=accept",
		"VSOCK_ORIGIN_NAME=global",
		origin,
		"VSOCK_TARGET_CID=42",
		name,
		"VSOCK_TARGET_NAME=local1",
		pid,
		object,
		"VSOCK_COMM=events",
		"SYSLOG_IDENTIFIER=vsock-bpfd",
		NULL,
	};
	int fd = play_journal();
	pid_t guest;

	end(service, SIGTERM);
	/* As systemd says it of the file that it connects. */
	start_service("env JOURNAL_STREAM=$(stat -c %d:%i " OUTPUT ")");
	guest = start_guest(GUEST_ID, "local1", 9);
	snprintf(name, sizeof(name), "VSOCK_TARGET_GUEST=guest[%d]", guest);
	snprintf(origin, sizeof(origin), "VSOCK_ORIGIN_NETNS=%s", identity_of("global"));
	snprintf(pid, sizeof(pid), "VSOCK_PID=%d", world.global.connector.pid);
	snprintf(object, sizeof(object), "OBJECT_PID=%d", world.global.connector.pid);
	connect_from(&world.global, GUEST_ID, 9);
	tap_ok(journal_has(fd, fields), "the journal gets it in fields");
	command(&said, "grep -c 'port 9' " OUTPUT);
	tap_ok(!strcmp(said.out, "0\n"), "and stdout not once more");
	end(guest, SIGTERM);
	close(fd);
}

/* --- Names that come and go while the service runs --- */

/* A name is seen in its own time: it is tried until what is told has it. */
static bool told_as(struct ns *ns, const char *name)
{
	const struct want wants[] = { { "origin.namespace", name }, { "target.port", "1001" }, {} };
	int waited;

	for (waited = 0; waited < 60000; waited += 500) {
		connect_from(ns, VMADDR_CID_LOCAL, 1001);
		sleep_ms(500);
		if (lines_count("/tmp/names.json", wants) > 0)
			return true;
	}
	return false;
}

static void names(void)
{
	const struct want wants[] = { { "origin.namespace", "late" },
				      { "target.port", "1001" },
				      {} };
	pid_t monitor;
	struct ns late;

	monitor = start_monitor("--json", "/tmp/names.json");
	if (ns_make(&late, "late", &world.init, NS_BY_ROOT))
		tap_bail("namespace late");
	connect_from(&late, VMADDR_CID_LOCAL, 1001);
	tap_ok(line_comes("/tmp/names.json", wants),
	       "a namespace that came later is told by its name");
	must("touch /run/netns/later && mount --bind /run/netns/late /run/netns/later && "
	     "umount /run/netns/late && rm /run/netns/late");
	tap_ok(told_as(&late, "later"), "one that is named anew by the new name");
	must("umount /run/netns/later && rm /run/netns/later");
	tap_ok(told_as(&late, "null"), "one whose name has gone by its identity");
	end(monitor, SIGTERM);
	worker_stop(&late.listener);
	worker_stop(&late.connector);
	close(late.fd);
}

/* Resident, in the steady state. */
static void small(void)
{
	command(&said, "sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/%d/status", service);
	tap_ok(atol(said.out) > 0 && atol(said.out) < 8192, "the service is small: %ld KiB",
	       atol(said.out));
}

static void all(void)
{
	pid_t monitor;

	world_make(&world);
	listen_in(&world.local1, 1001);
	listen_in(&world.init, 1002);
	monitor = start_monitor("--json", MONITOR);
	loopback();
	held_port();
	guests();
	audited();
	rules(&world.init);
	wrong_policies();
	counters();
	slow_reader();
	killed(monitor);
	control_socket();
	metrics();
	slow_metrics();
	quiet_ends();
	ends_with_all();
	people();
	colours();
	names();
	small();
	journal();
	world_remove(&world);
}

/* --- As many as there may be --- */

static void make_named(int index)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/pod-%d", index);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0 || unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void make_many(void)
{
	pid_t pid = fork();
	int i;

	if (!pid) {
		for (i = 0; i < MANY; i++)
			make_named(i);
		_exit(0);
	}
	if (wait_command(pid))
		tap_bail("not %d namespaces", MANY);
}

/* Processor time of the service so far. */
static long ticks(void)
{
	command(&said, "awk '{ print $14 + $15 }' /proc/%d/stat", service);
	return atol(said.out);
}

/* Until it has done what there was to do. */
static bool rests(void)
{
	int waited;
	long before;

	for (waited = 0; waited < 120; waited += 5) {
		before = ticks();
		sleep_ms(5000);
		if (ticks() == before)
			return true;
	}
	return false;
}

static void many(void)
{
	static struct ns last;
	char name[32], path[64];
	const struct want wants[] = { { "origin.namespace", name }, { "target.port", "1001" }, {} };
	pid_t monitor;

	world_make(&world);
	listen_in(&world.local1, 1001);
	must("echo 200000 >/proc/sys/user/max_net_namespaces");
	make_many();
	tap_ok(rests(), "the service comes to rest, and does nothing while nothing happens");
	small();
	snprintf(name, sizeof(name), "pod-%d", MANY - 1);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	last.fd = open(path, O_RDONLY | O_CLOEXEC);
	monitor = start_monitor("--json", MONITOR);
	flood(&last, 1001, 1);
	check_line(MONITOR, wants, "the last of many is told by its name");
	end(monitor, SIGTERM);
	command(&said, CTL " list | wc -l");
	tap_ok(atol(said.out) == MANY + 6, "list shows all of them: %ld", atol(said.out));
	end(service, SIGTERM);
	start_service("");
	tap_ok(rests(), "one that starts among them comes to rest");
	small();
}

/* 7.x refuses by itself, and tells nobody; what rules refuse is told there, too. */
static void native(void)
{
	pid_t monitor = start_monitor("--json", MONITOR);
	struct ns init;

	check_metrics(CTL " metrics");
	command(&said, "grep -q 'isolation=\"native\"' /tmp/metrics");
	tap_ok(!said.status, "they say who isolates");
	if (ns_init(&init))
		tap_bail("workers");
	must("modprobe vhost_vsock && ip netns add first && ip netns del first");
	rules(&init);
	check_metrics(CTL " metrics");
	tap_ok(end(monitor, SIGTERM) == 0, "monitor follows");
	small();
}

int main(int argc, char **argv)
{
	prctl(PR_SET_NAME, "events");
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("touch " CONFIG);
	start_service("");
	if (argc > 1 && !strcmp(argv[1], "many"))
		many();
	else if (is_native())
		native();
	else
		all();
	end(service, SIGTERM);
	return tap_end();
}
