// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that were made, where a policy has Log=accepted: each once, with its ends, how long
 * it lasted and what went over it; and nothing of others. What is logged is what is learned from.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/follow.h"
#include "lib/lines.h"
#include "lib/sockets.h"
#include "lib/tap.h"
#include "lib/world.h"
#include "vsock-bpfd.h"

#define BPFD	 "build/vsock-bpfd"
#define CTL	 "build/vsockctl"
#define POLICIES "/tmp/accepted.d"
#define OUTPUT	 "/tmp/service.out"
#define ALL	 "/tmp/all.json"
#define PLAIN	 "/tmp/plain.json"
#define PEOPLE	 "/tmp/people.txt"
#define PORT	 5432
#define GUEST_ID 42
#define HELD_MS	 300
#define FLOOD	 1000

static struct said said;
static struct ns init, client, server, other, wall;
static int listening, walled;
static pid_t service;

static bool settles(const char *line)
{
	return settles_within(&said, 120000, 0, line);
}

static bool comes(const char *path, const struct want *wants)
{
	if (line_comes(path, wants))
		return true;
	command(&said, "tail -5 %s", path);
	tap_said(&said);
	return false;
}

static pid_t start_monitor(const char *options, const char *path)
{
	pid_t pid = start_command(CTL " monitor %s >%s", options, path);

	await_poll(&said, 120000, pid, "monitor");
	return pid;
}

static void write_policy(const char *name, const char *text)
{
	must("mkdir -p " POLICIES " && printf '%%b' '%s' >/tmp/new && mv /tmp/new " POLICIES
	     "/%s.policy",
	     text, name);
}

static void make(struct ns *ns, const char *name)
{
	if (ns_make(ns, name, &init, NS_BY_ROOT))
		tap_bail("namespace %s", name);
}

static void set_up(void)
{
	must("modprobe -a vhost_vsock vsock_loopback");
	if (ns_init(&init))
		tap_bail("workers");
	make(&client, "client");
	make(&server, "server");
	make(&other, "other");
	make(&wall, "wall");
	listening = listen_in(&server, PORT);
	walled = listen_in(&wall, PORT + 1);
	write_policy("client", "[Match]\\nName=client\\n[Namespace]\\nLog=accepted\\n");
	write_policy("wall", "[Match]\\nName=wall\\n[Namespace]\\nMode=local\\n");
	service = start_command(BPFD " --policy-dir " POLICIES " >" OUTPUT " 2>&1");
	if (!settles(CTL " reload"))
		tap_bail("the service does not answer");
	start_monitor("--json --all", ALL);
	start_monitor("--json", PLAIN);
	start_monitor("--all", PEOPLE);
}

/* A socket of the namespace that was connected, or whose connect failed: -errno. */
static int call_from(const struct ns *ns, unsigned int cid, unsigned int port)
{
	int fd = socket_in(ns, 0), err;

	set_patience(fd, 60000);
	err = dial(fd, cid, port);
	if (!err)
		return fd;
	close(fd);
	return -err;
}

static int accept_one(void)
{
	int fd = accept(listening, NULL, NULL);

	if (fd < 0)
		tap_bail("accept: %s", strerror(errno));
	return fd;
}

static void pass(int from, int to, const char *text)
{
	char got[16];
	size_t size = strlen(text);

	if (send(from, text, size, 0) != (ssize_t)size ||
	    recv(to, got, size, MSG_WAITALL) != (ssize_t)size)
		tap_bail("a message: %s", strerror(errno));
}

/* Reset for it, and told after all that came before. */
static void refuse(const struct ns *from)
{
	const struct want refused[] = { { "kind", "refused" },
					{ "origin.namespace", from->name },
					{} };
	long before = lines_count(ALL, refused), waited;

	if (call_from(from, VMADDR_CID_LOCAL, PORT + 1) != -ECONNRESET)
		tap_bail("%s is not refused", from->name);
	for (waited = 0; waited < 120000 && lines_count(ALL, refused) == before; waited += 100)
		sleep_ms(100);
	tap_ok(lines_count(ALL, refused) == before + 1, "a refusal of %s is told", from->name);
}

/* --- One connection --- */

static void check_one(void)
{
	/* BTF of modules. */
	bool counted = access("/sys/kernel/btf/vsock", F_OK) == 0;
	const struct want made[] = { { "kind", "accepted" },
				     { "verb", "accept" },
				     { "origin.namespace", "client" },
				     { "origin.policy", "client" },
				     { "target.namespace", "server" },
				     { "target.port", "5432" },
				     { "bytes_sent", counted ? "5" : "null" },
				     { "bytes_received", counted ? "11" : "null" },
				     { "pid", "null" },
				     {} };

	tap_ok(comes(ALL, made), "it is told with its ends and its bytes");
	tap_ok(lines_sum(ALL, made, "lasted_ms") >= HELD_MS, "and how long it lasted: %ld ms",
	       lines_sum(ALL, made, "lasted_ms"));
	tap_ok(settles("grep -q 'accepted: connect from client to server port 5432: lasted "
		       "' " OUTPUT),
	       "the log has it");
	tap_ok(settles(counted ? "grep -q ' accepted .* s, 5 bytes sent, 11 received$' " PEOPLE
			       : "grep -q ' accepted .*\\.[0-9]* s$' " PEOPLE),
	       "and monitor for people");
}

static void one(void)
{
	const struct want any[] = { { "kind", "accepted" }, {} };
	int fd = call_from(&client, VMADDR_CID_LOCAL, PORT), child = accept_one();

	pass(fd, child, "hello");
	pass(child, fd, "hello world");
	sleep_ms(HELD_MS);
	refuse(&client);
	tap_ok(!lines_count(ALL, any), "nothing is told of a connection that is there");
	close(fd);
	close(child);
	check_one();
	refuse(&client);
	tap_ok(lines_count(ALL, any) == 1, "once");
	tap_ok(!lines_count(PLAIN, any), "not without --all");
	tap_ok(map_settles("accepted", 0) == 0, "no record is left");
	command(&said, CTL " rules");
	tap_ok(strstr(said.out, "client: Log=accepted\n"), "rules shows who logs");
}

/* No policy of either end asks for it. */
static void others(void)
{
	const struct want from_other[] = { { "kind", "accepted" },
					   { "origin.namespace", "other" },
					   {} };
	int fd = call_from(&other, VMADDR_CID_LOCAL, PORT), child = accept_one();

	close(fd);
	close(child);
	refuse(&other);
	tap_ok(!lines_count(ALL, from_other), "others are not told");
}

/* --- Guests --- */

static void start_guest(const char *netns, pid_t *pid)
{
	*pid = start_command("build/guest --cid %d --netns %s listen 7 --hold >/tmp/vm.out",
			     GUEST_ID, netns);
	if (!settles("grep -q READY /tmp/vm.out"))
		tap_bail("the guest does not come up");
}

static void guests(void)
{
	const struct want to[] = { { "kind", "accepted" }, { "origin.namespace", "client" },
				   { "target.cid", "42" }, { "target.namespace", "server" },
				   { "target.port", "7" }, {} };
	const struct want from[] = {
		{ "kind", "accepted" },		  { "origin.cid", "43" },
		{ "origin.namespace", "client" }, { "target.namespace", "server" },
		{ "target.port", "5432" },	  {}
	};
	pid_t guest;
	int fd;

	start_guest("server", &guest);
	fd = call_from(&client, GUEST_ID, 7);
	tap_ok(fd >= 0, "a call to a guest: %s", strerror(fd < 0 ? -fd : 0));
	close(fd);
	tap_ok(comes(ALL, to), "is told");
	kill(guest, SIGTERM);
	wait_command(guest);
	command(&said, "build/guest --cid 43 --netns client connect %d", PORT);
	close(accept_one());
	tap_ok(comes(ALL, from), "a call of a guest is told");
	tap_ok(lines_count(ALL, to) == 1 && lines_count(ALL, from) == 1, "each once");
}

/* --- Many --- */

/* What was made hides no refusal, and is told or counted as dropped. */
static void flood(void)
{
	const struct want made[] = { { "kind", "accepted" }, { "origin.namespace", "client" }, {} };
	const struct want dropped[] = { { "kind", "dropped" },
					{ "origin.namespace", "client" },
					{} };
	long before = lines_count(ALL, made), told = 0, lost = 0;
	int i, fd, waited;

	for (i = 0; i < FLOOD; i++) {
		fd = call_from(&client, VMADDR_CID_LOCAL, PORT);
		close(accept_one());
		close(fd);
	}
	refuse(&client);
	for (waited = 0; waited < 120000 && told + lost < FLOOD; waited += 100) {
		sleep_ms(100);
		told = lines_count(ALL, made) - before;
		lost = lines_sum(ALL, dropped, "count");
	}
	tap_ok(told + lost == FLOOD && told >= EVENT_BURST / 2 && lost > 0,
	       "of a flood %ld are told and %ld counted", told, lost);
}

/* --- What is learned --- */

static void learned(void)
{
	bool good;

	command(&said, CTL " learn --policy-dir " POLICIES " --from-log " ALL);
	good = !said.status && strstr(said.out, "Allow=connect to namespace server port 5432\n") &&
	       strstr(said.out, "Allow=connect to guest 42 port 7\n") &&
	       !strstr(said.out, "to server\nAllow=accept");
	if (!tap_ok(good, "the policy that logs learns from it, and the other end does not"))
		tap_said(&said);
}

/* The last one of the old policies is still told, those of the new are not. */
static void off(void)
{
	const struct want made[] = { { "kind", "accepted" }, { "origin.namespace", "client" }, {} };
	int fd = call_from(&client, VMADDR_CID_LOCAL, PORT), child = accept_one(), i;
	long before = lines_count(ALL, made);

	must("rm " POLICIES "/client.policy && " CTL " reload");
	close(fd);
	close(child);
	for (i = 0; i < 1200 && lines_count(ALL, made) == before; i++)
		sleep_ms(100);
	tap_ok(lines_count(ALL, made) == before + 1, "one from before its policy went is told");
	fd = call_from(&client, VMADDR_CID_LOCAL, PORT);
	close(accept_one());
	close(fd);
	refuse(&client);
	tap_ok(lines_count(ALL, made) == before + 1, "none from after it");
	tap_ok(map_entries("accepted") == 0, "and none is recorded");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	set_up();
	one();
	others();
	guests();
	flood();
	learned();
	off();
	kill(service, SIGTERM);
	tap_ok(!wait_command(service), "the service ends");
	return tap_end();
}
