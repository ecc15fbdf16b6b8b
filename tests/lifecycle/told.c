// SPDX-License-Identifier: GPL-2.0-only
/* What people are told of namespaces without names, and of guests whose opener has ended. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define OUTPUT "/tmp/service.out"
#define CGROUP "/sys/fs/cgroup/told.service"
#define ELSE   "/run/elsewhere"

static struct world world;
static struct said said;

/* What is known of others is looked for again after a while: so it is tried again. */
static bool settles_at_line(struct ns *from, struct ns *to, const char *pattern)
{
	int waited;

	for (waited = 0; waited < 60000; waited += 100) {
		if (reach(from, to) != ECONNRESET)
			return false;
		command(&said, "grep '%s' " OUTPUT, pattern);
		if (!said.status)
			return true;
		sleep_ms(100);
	}
	return false;
}

static bool says(const char *line, const char *words)
{
	command(&said, "%s", line);
	if (!said.status && strstr(said.out, words))
		return true;
	tap_said(&said);
	return false;
}

static void homes(void)
{
	struct service service;
	struct ns anon;

	if (!service_start_by(&service, "build/vsock-bpfd >" OUTPUT " 2>&1"))
		tap_bail("the service does not start");
	if (ns_make(&anon, "anon", &world.nursery, NS_BY_ROOT))
		tap_bail("a namespace");
	must("umount /run/netns/anon && rm /run/netns/anon && mkdir " CGROUP);
	must("for i in %d %d; do echo $i >" CGROUP "/cgroup.procs || exit; done",
	     anon.connector.pid, anon.listener.pid);
	tap_ok(settles_at_line(&anon, &world.local1,
			       "connect from unit told.service to local1 port"),
	       "the log knows its unit");
	tap_ok(settles_at_line(&world.local1, &anon,
			       "connect from local1 to unit told.service port"),
	       "at the other end, too");
	tap_ok(says("build/vsockctl list", "\nunit told.service  local"), "so does the list");
	tap_ok(says("build/vsockctl --json list", "\"known_as\": \"unit told.service\""),
	       "and its JSON");
	must(": >" ELSE " && mount --bind /proc/%d/ns/net " ELSE, anon.connector.pid);
	tap_ok(says("build/vsockctl list", "\n" ELSE " "), "where it is mounted comes first");
	must("umount " ELSE " && rm " ELSE);
	ns_remove(&anon);
	must("for i in $(seq 600); do rmdir " CGROUP
	     " 2>/dev/null && exit; sleep 0.1; done; exit 1");
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
}

/* Opens a device, hands it to the caller, and ends. */
static int open_by_other(void)
{
	int pair[2], device = -1;
	char byte;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		tap_bail("a pair");
	pid = fork();
	if (!pid) {
		device = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
		_exit(channel_send(pair[1], "d", 1, device));
	}
	if (channel_receive(pair[0], &byte, 1, &device) || device < 0)
		tap_bail("a device");
	wait_command(pid);
	close(pair[0]);
	close(pair[1]);
	return device;
}

static void set_cid(int device, __u64 cid)
{
	if (ioctl(device, VHOST_VSOCK_SET_GUEST_CID, &cid))
		tap_bail("CID %llu: %s", cid, strerror(errno));
}

static void ended(void)
{
	int other = open_by_other(), own = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);

	set_cid(other, 77);
	set_cid(own, 78);
	tap_ok(says("build/vsockctl cids | grep '^77 '", "(ended)"),
	       "an opener that has ended is said to have");
	tap_ok(says("build/vsockctl cids | grep '^78 ' | grep -v ended", "told"),
	       "one that has not is not");
	close(other);
	close(own);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("modprobe vhost_vsock && build/vsock-bpfd --once");
	world_make(&world);
	homes();
	ended();
	world_remove(&world);
	return tap_end();
}
