// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets whose peer has left, when there is no room for one more: its ports are kept for its
 * namespace all the same.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/play.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"

#define PINS "/sys/fs/bpf/vsock-bpfd/"

static struct ns nursery, pod1, pod2;

static int bind_in(const struct ns *ns, unsigned int cid, unsigned int port, int *err)
{
	struct sockaddr_vm own = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	int fd = socket_in(ns);

	*err = bind(fd, (void *)&own, sizeof(own)) ? errno : 0;
	return fd;
}

static void expect_bind(const char *what, const struct ns *ns, unsigned int port, int wanted)
{
	int err, fd = bind_in(ns, VMADDR_CID_LOCAL, port, &err);

	close(fd);
	tap_ok(err == wanted, "%s: bind in %s to port %u: %s, wanted %s", what, ns->name, port,
	       strerrorname_np(err) ?: "ok", strerrorname_np(wanted) ?: "ok");
}

/* The end of pod1 that listened, at `server`, when the one at `client` has gone. */
static int lingering_child(unsigned int server, unsigned int client)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = server };
	struct pollfd wait = { .events = POLLRDHUP };
	int door, caller, err;

	door = bind_in(&pod1, VMADDR_CID_ANY, server, &err);
	caller = bind_in(&pod1, VMADDR_CID_LOCAL, client, &err);
	if (listen(door, 1) || fcntl(caller, F_SETFL, 0) ||
	    connect(caller, (void *)&to, sizeof(to)))
		tap_bail("a connection: %m");
	wait.fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	close(caller);
	if (wait.fd < 0 || poll(&wait, 1, 60000) != 1)
		tap_bail("its end: %m");
	close(door);
	usleep(300000);
	return wait.fd;
}

static bool change(int fd, const void *key, bool in)
{
	/* Also a struct lingering_socket, which is shorter. */
	const struct lingering_port value = { .all.netns = 1, .sockets = 1 };

	return !(in ? bpf_map_update_elem(fd, key, &value, BPF_ANY) : bpf_map_delete_elem(fd, key));
}

/* All of a map, by keys that the layer never has, beside those that it has. */
static void fill(const char *map, size_t key_size, bool in)
{
	int fd = bpf_obj_get(map);
	__u64 i, key, done = 0;

	for (i = 0; i < MAX_LINGERING; i++) {
		key = i + (key_size == sizeof(key) ? 1 : 1 << 30);
		done += change(fd, &key, in);
	}
	if (done < MAX_LINGERING - 8)
		tap_bail("%s: %llu entries", map, done);
	close(fd);
}

static bool status_says(const char *text)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "build/vsockctl status >/tmp/status; grep -q '%s' /tmp/status", text);
	return !run(command);
}

static void expect_kept(const char *what, unsigned int server, bool with_others)
{
	unsigned int client = server + 1, class = server + PORT_CLASSES;
	int child = lingering_child(server, client);

	expect_bind(what, &pod2, client, EADDRINUSE);
	expect_bind(what, &pod2, server, EADDRINUSE);
	expect_bind(what, &pod2, server + 2, 0);
	expect_bind(what, &pod2, class, with_others ? EADDRINUSE : 0);
	expect_bind(what, &pod1, server, 0);
	close(child);
	usleep(300000);
	expect_bind("and is closed", &pod2, client, with_others ? EADDRINUSE : 0);
}

static void sockets(void)
{
	fill(PINS "lingering_sockets", sizeof(__u64), true);
	expect_kept("no room for the socket", 6010, true);
	fill(PINS "lingering_sockets", sizeof(__u64), false);
	expect_kept("there is room again", 6020, false);
}

/* First, as ports that nobody lingers at any more would make room. */
static void ports(void)
{
	fill(PINS "lingering_ports", sizeof(__u32), true);
	expect_kept("no room for its ports", 6030, true);
	fill(PINS "lingering_ports", sizeof(__u32), false);
	tap_ok(status_says("^full: .*ports: more than 65536 "), "status says so");
	expect_kept("there is room for them again", 6040, false);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(600);
	if (ns_init(&init_ns) || run("build/vsock-bpfd --once") ||
	    ns_make(&nursery, "nursery", &init_ns, NS_BY_ROOT) ||
	    run("build/vsockctl -n nursery set child_ns_mode local") ||
	    ns_make(&pod1, "pod1", &nursery, NS_BY_ROOT) ||
	    ns_make(&pod2, "pod2", &nursery, NS_BY_ROOT))
		tap_bail("namespaces: %m");
	tap_ok(!status_says("^full:"), "status says nothing");
	ports();
	sockets();
	ns_remove(&pod1);
	ns_remove(&pod2);
	ns_remove(&nursery);
	return tap_end();
}
