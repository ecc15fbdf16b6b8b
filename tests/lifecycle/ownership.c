// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which namespace a device and its CID belong to: through changes, refusals, forks,
 * ends, a service that comes late, and one that comes again.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <linux/vhost.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/play.h"
#include "lib/tap.h"
#include "lib/vm.h"
#include "vsock-bpfd.h"

#define PINS	  "/sys/fs/bpf/vsock-bpfd/"
#define HOST_PORT 6000
#define SWARM	  50
#define LIMIT_MS  60000
#define SWARM_S	  120 /* under emulation; on a machine it is one or two */

static struct ns nursery, pod1, pod2;

static void make_namespaces(void)
{
	if (ns_make(&nursery, "nursery", &init_ns, NS_BY_ROOT) ||
	    run("build/vsockctl -n nursery set child_ns_mode local") ||
	    ns_make(&pod1, "pod1", &nursery, NS_BY_ROOT) ||
	    ns_make(&pod2, "pod2", &nursery, NS_BY_ROOT))
		tap_bail("namespaces: %m");
}

/* What vsockctl and the maps say */

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value)
							      : NULL;
}

static struct json_object *list_cids(void)
{
	static char said[65536];
	FILE *pipe = popen("build/vsockctl --json cids", "re");
	size_t size = pipe ? fread(said, 1, sizeof(said) - 1, pipe) : 0;

	said[size] = '\0';
	if (!pipe || pclose(pipe))
		tap_bail("vsockctl --json cids failed");
	return json_tokener_parse(said);
}

/* The namespace's name that vsockctl gives to a CID's owner, "-" where there is no such CID. */
static const char *listed_owner(uint64_t cid, pid_t *pid)
{
	struct json_object *list = list_cids(), *line;
	static char owner[64];
	const char *name;
	size_t i;

	strcpy(owner, "-");
	for (i = 0; list && i < json_object_array_length(list); i++) {
		line = json_object_array_get_idx(list, i);
		if (strtoull(text_of(line, "cid") ?: "0", NULL, 10) != cid)
			continue;
		name = text_of(line, "namespace");
		snprintf(owner, sizeof(owner), "%s", name ?: "null");
		*pid = atoi(text_of(line, "pid") ?: "0");
	}
	json_object_put(list);
	return owner;
}

static void expect_listed(const char *what, uint64_t cid, const char *owner, pid_t opener)
{
	pid_t pid = 0;
	const char *got = listed_owner(cid, &pid);

	tap_ok(!strcmp(got, owner), "%s: vsockctl cids: %s, wanted %s", what, got, owner);
	if (opener)
		tap_ok(pid == opener, "%s: vsockctl cids: opened by %d, wanted %d", what, pid,
		       opener);
}

static int count_devices(void)
{
	__u64 key, *previous = NULL;
	int fd = bpf_obj_get(PINS "devices"), count = 0;

	if (fd < 0)
		return -1;
	for (; !bpf_map_get_next_key(fd, previous, &key); previous = &key)
		count++;
	close(fd);
	return count;
}

/* The last reference of a file goes in its own time. */
static bool await_devices(int wanted)
{
	int tries;

	for (tries = 0; tries < LIMIT_MS / 10; tries++) {
		if (count_devices() == wanted)
			return true;
		usleep(10000);
	}
	return false;
}

static bool is_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return !access(path, F_OK);
}

/* The service comes */

static void loads_modules(void)
{
	static const char *const modules[] = { "vsock", "vsock_loopback", "vhost_vsock" };
	int tries;
	size_t i;

	if (run("build/vsock-bpfd --detach"))
		tap_bail("--detach failed");
	/* What is detached lets go of the modules in its own time. */
	for (tries = 0; tries < LIMIT_MS / 100 && is_loaded("vsock"); tries++) {
		run("modprobe -r -q vhost_vsock vsock_loopback vsock 2>/dev/null");
		usleep(100000);
	}
	if (is_loaded("vsock"))
		tap_bail("modules cannot be removed");
	tap_ok(!run("build/vsock-bpfd --once"), "the service starts without any module");
	for (i = 0; i < 3; i++)
		tap_ok(is_loaded(modules[i]), "it has loaded %s", modules[i]);
}

/* Two devices that were open before, one of them handed to a process elsewhere. */
static void adopts_devices(void)
{
	uint64_t cid = new_cid(), passed = new_cid();
	struct ns early, other;
	struct vm vm, holder, opener;
	int fd = -1;

	if (run("build/vsock-bpfd --detach") || ns_make(&early, "early", &init_ns, NS_BY_ROOT) ||
	    ns_make(&other, "other", &init_ns, NS_BY_ROOT) || vm_start(&vm) || vm_start(&holder) ||
	    vm_start(&opener) || vm_enter(&vm, early.fd) || vm_enter(&opener, other.fd) ||
	    vm_enter(&holder, early.fd) || vm_up(&vm, cid) || vm_listen(&vm, PORT) ||
	    vm_open(&opener) || vm_give(&opener, &fd) || vm_take(&holder, fd) ||
	    vm_set_up(&holder, passed) || vm_run(&holder) || vm_listen(&holder, PORT))
		tap_bail("guests before the service: %m");
	close(fd);
	vm_stop(&opener);
	tap_ok(!run("build/vsock-bpfd --once"), "the service starts after guests");
	tap_ok(!run("build/vsockctl -n early set ns_mode local"), "their namespace becomes local");
	expect_listed("adopted", cid, "early", vm.pid);
	expect_listed("adopted, handed over", passed, "early", holder.pid);
	expect_reach("adopted", &early, cid, NULL, "ok");
	expect_reach("adopted", &init_ns, cid, NULL, "ENODEV");
	expect_reach("adopted, handed over", &early, passed, NULL, "ok");
	expect_reach("adopted, handed over", &other, passed, NULL, "ENODEV");
	vm_stop(&vm);
	vm_stop(&holder);
	tap_ok(await_devices(0), "adopted: nothing is left of them");
	ns_remove(&early);
	ns_remove(&other);
}

/* The service comes again, as it was and in place of another set. */
static void comes_again(void)
{
	uint64_t cid = new_cid();
	struct guest guest;

	start_guest(&guest, &pod1, cid);
	tap_ok(!run("build/vsock-bpfd --once"), "the service starts again");
	expect_listed("started again", cid, "pod1", getpid());
	expect_reach("started again", &pod1, cid, &guest, "ok");
	expect_reach("started again", &pod2, cid, &guest, "ENODEV");
	if (run("rm " PINS "generation-*/namespace_gone"))
		tap_bail("no such pin");
	tap_ok(!run("build/vsock-bpfd --once"), "the service replaces a set of programs");
	expect_listed("replaced", cid, "pod1", getpid());
	expect_reach("replaced", &pod1, cid, &guest, "ok");
	expect_reach("replaced", &pod2, cid, &guest, "ENODEV");
	tap_ok(!guest_set_cid(&guest, cid + 1000), "replaced: the CID changes");
	expect_reach("replaced, changed", &pod1, cid + 1000, &guest, "ok");
	expect_reach("replaced, changed", &pod2, cid + 1000, &guest, "ENODEV");
	guest_close(&guest);
}

/* CIDs come and go */

static void changes_cid(void)
{
	uint64_t cid = new_cid(), next = new_cid();
	struct guest guest, other;

	start_guest(&guest, &pod1, cid);
	tap_ok(!guest_set_cid(&guest, cid), "the same CID twice");
	expect_reach("same twice", &pod1, cid, &guest, "ok");
	expect_reach("same twice", &pod2, cid, &guest, "ENODEV");
	tap_ok(!guest_set_cid(&guest, next), "another CID while running");
	expect_reach("changed, old CID", &pod1, cid, &guest, "ENODEV");
	expect_reach("changed, new CID", &pod1, next, &guest, "ok");
	expect_reach("changed, new CID", &pod2, next, &guest, "ENODEV");
	expect_listed("changed, old CID", cid, "-", 0);
	expect_listed("changed, new CID", next, "pod1", getpid());
	start_guest(&other, &pod2, cid);
	expect_reach("old CID of another", &pod1, cid, &other, "ENODEV");
	expect_reach("old CID of another", &pod2, cid, &other, "ok");
	tap_ok(guest_set_cid(&other, next) == -EADDRINUSE, "a claim that is refused");
	expect_reach("refused, own CID", &pod2, cid, &other, "ok");
	expect_listed("refused", next, "pod1", getpid());
	guest_close(&other);
	guest_close(&guest);
	expect_reach("closed", &pod1, next, NULL, "ENODEV");
	expect_listed("closed", next, "-", 0);
}

/* Two CIDs in one bucket of the kernel's table: whichever it finds first. */
static void one_bucket(void)
{
	uint64_t first = new_cid(), second = 20000;
	struct guest guest, other;

	while (vhost_bucket(second) != vhost_bucket(first))
		second++;
	start_guest(&guest, &pod1, first);
	start_guest(&other, &pod2, second);
	expect_reach("one bucket, first", &pod1, first, &guest, "ok");
	expect_reach("one bucket, first", &pod2, first, &guest, "ENODEV");
	expect_reach("one bucket, second", &pod2, second, &other, "ok");
	expect_reach("one bucket, second", &pod1, second, &other, "ENODEV");
	guest_close(&other);
	guest_close(&guest);
}

/* A device that has a CID, and is none of a guest that runs. */
static int device_in(const struct ns *ns, uint64_t cid)
{
	int fd;

	enter(ns);
	fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
	enter(&init_ns);
	if (fd < 0 || (cid && ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid)))
		tap_bail("a device: %m");
	return fd;
}

static int status_says(const char *text)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "build/vsockctl status >/tmp/status && grep -q '%s' /tmp/status", text);
	return !run(command);
}

/*
 * A list of the kernel's table that is longer than it is followed: who is hidden is told. By root,
 * who has no share.
 */
static void crowded_bucket(void)
{
	static int fds[MAX_BUCKET_DEVICES];
	uint64_t first = new_cid(), next = 100000;
	struct guest guest;
	int i;

	start_guest(&guest, &pod1, first);
	for (i = 0; i < MAX_BUCKET_DEVICES; i++) {
		while (vhost_bucket(++next) != vhost_bucket(first))
			;
		if (i == MAX_BUCKET_DEVICES - 1)
			tap_ok(!status_says("^full:"), "a list that is full: nothing is told");
		fds[i] = device_in(&init_ns, next);
	}
	expect_reach("one too many in a list", &pod1, first, NULL, "ENODEV");
	expect_reach("one too many in a list", &pod2, first, NULL, "ENODEV");
	tap_ok(status_says("^full: .*guests: 513 "), "one too many in a list: status says so");
	for (i = 0; i < MAX_BUCKET_DEVICES; i++)
		close(fds[i]);
	tap_ok(await_devices(1), "the others have gone");
	expect_reach("and have gone", &pod1, first, &guest, "ok");
	tap_ok(!status_says("^full:"), "status says nothing any more");
	guest_close(&guest);
}

static void many_in_one_process(void)
{
	const struct ns *owner[3] = { &pod1, &pod2, &init_ns };
	const char *name[3] = { "pod1", "pod2", "init" };
	struct guest guest[3];
	uint64_t cid[3];
	char what[32];
	int i, j;

	for (i = 0; i < 3; i++) {
		cid[i] = new_cid();
		start_guest(&guest[i], owner[i], cid[i]);
	}
	tap_ok(await_devices(3), "three devices of one process: %d recorded", count_devices());
	for (i = 0; i < 3; i++) {
		snprintf(what, sizeof(what), "one of three, in %s", name[i]);
		for (j = 0; j < 3; j++)
			expect_reach(what, owner[j], cid[i], &guest[i], i == j ? "ok" : "ENODEV");
	}
	guest_close(&guest[0]);
	expect_reach("the first has closed", &pod1, cid[0], NULL, "ENODEV");
	expect_reach("the first has closed", &pod2, cid[1], &guest[1], "ok");
	guest_close(&guest[1]);
	guest_close(&guest[2]);
}

/* /dev/vsock is opened by the same function of the kernel's. */
static void another_device(void)
{
	int fd, count;

	await_devices(0);
	fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		tap_bail("/dev/vsock: %m");
	count = count_devices();
	tap_ok(!count, "another misc device is none of ours: %d recorded", count);
	close(fd);
}

/* The opener ends, a child of it keeps the device. */
static void child_keeps(void)
{
	uint64_t cid = new_cid();
	pid_t opener, keeper = 0;
	struct guest guest;
	int told[2];

	if (pipe2(told, O_CLOEXEC))
		tap_bail("pipe: %m");
	opener = fork();
	if (!opener) {
		start_guest(&guest, &pod1, cid);
		keeper = fork();
		if (!keeper)
			pause();
		if (write(told[1], &keeper, sizeof(keeper)) < 0)
			_exit(1);
		_exit(0);
	}
	waitpid(opener, NULL, 0);
	if (read(told[0], &keeper, sizeof(keeper)) != sizeof(keeper) || keeper <= 0)
		tap_bail("no child");
	expect_listed("kept by a child", cid, "pod1", opener);
	expect_reach("kept by a child", &pod2, cid, NULL, "ENODEV");
	tap_ok(await_devices(1), "kept by a child: one device");
	kill(keeper, SIGKILL);
	tap_ok(await_devices(0), "kept by a child: gone with it");
	expect_listed("kept by a child, gone", cid, "-", 0);
	close(told[0]);
	close(told[1]);
}

/* Connections */

static int ends(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte;

	if (poll(&wait, 1, 60000) != 1)
		return ETIME;
	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

static void closes_under_connection(void)
{
	uint64_t cid = new_cid();
	struct guest guest;
	int fd = socket_in(&pod1), err;

	start_guest(&guest, &pod1, cid);
	if (connect_to(fd, cid, &guest))
		tap_bail("connect");
	guest_close(&guest);
	err = ends(fd);
	tap_ok(err == ECONNRESET,
	       "device closed in the middle: the host reads %s, wanted ECONNRESET",
	       err ? strerrorname_np(err) : "the end");
	expect_reach("device closed in the middle", &pod1, cid, NULL, "ENODEV");
	close(fd);
}

static void lives_on(const char *what, int fd, struct guest *guest)
{
	struct guest_conn *conn;
	char data[8] = "";

	if (guest_accept(guest, PORT, LIMIT_MS, &conn))
		tap_bail("%s: accept", what);
	tap_ok(send(fd, "there", 5, MSG_NOSIGNAL) == 5 &&
		       guest_receive(conn, data, 5, LIMIT_MS) == 5 && !memcmp(data, "there", 5),
	       "%s: from the host to the guest", what);
	tap_ok(!guest_send(conn, "back", 4, LIMIT_MS) && recv(fd, data, 4, 0) == 4 &&
		       !memcmp(data, "back", 4),
	       "%s: and back", what);
}

/* Nothing is left of the namespace but a socket, and its guest. */
static void namespace_deleted(void)
{
	const char *what = "namespace deleted, connection alive";
	uint64_t cid = new_cid();
	struct guest guest;
	struct ns gone;
	int fd;

	if (ns_make(&gone, "gone", &nursery, NS_BY_ROOT))
		tap_bail("namespace: %m");
	fd = socket_in(&gone);
	start_guest(&guest, &gone, cid);
	if (connect_to(fd, cid, &guest))
		tap_bail("%s: connect", what);
	ns_remove(&gone);
	sleep(1);
	lives_on(what, fd, &guest);
	expect_reach(what, &init_ns, cid, &guest, "ENODEV");
	expect_reach(what, &pod1, cid, &guest, "ENODEV");
	close(fd);
	guest_close(&guest);
}

/* Many */

static struct ns swarm_ns[SWARM];
static struct guest swarm[SWARM];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Namespaces without processes: a descriptor is all that this needs. */
static void make_swarm_ns(struct ns *ns, int i)
{
	snprintf(ns->name, sizeof(ns->name), "swarm%d", i);
	enter(&nursery);
	if (unshare(CLONE_NEWNET))
		tap_bail("unshare: %m");
	ns->fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	enter(&init_ns);
}

static void many_guests(void)
{
	int i, good = 0, refused = 0;
	double start = now();
	uint64_t first = 50000;

	for (i = 0; i < SWARM; i++) {
		make_swarm_ns(&swarm_ns[i], i);
		start_guest(&swarm[i], &swarm_ns[i], first + i);
	}
	tap_diag("%d guests in %d namespaces after %.1f s", SWARM, SWARM, now() - start);
	tap_ok(await_devices(SWARM), "%d guests: as many devices", SWARM);
	for (i = 0; i < SWARM; i++) {
		good += !strcmp(reach(&swarm_ns[i], first + i, &swarm[i]), "ok");
		refused += !strcmp(reach(&swarm_ns[i], first + (i + 1) % SWARM, NULL), "ENODEV");
		refused += !strcmp(reach(&init_ns, first + i, NULL), "ENODEV");
	}
	tap_ok(good == SWARM, "%d guests: %d reached from their own namespace", SWARM, good);
	tap_ok(refused == 2 * SWARM, "%d guests: %d connects from elsewhere refused", SWARM,
	       refused);
	for (i = 0; i < SWARM; i++) {
		guest_close(&swarm[i]);
		close(swarm_ns[i].fd);
	}
	tap_ok(await_devices(0), "%d guests: nothing is left of them", SWARM);
	tap_ok(now() - start < SWARM_S, "%d guests: all of it in %.1f s", SWARM, now() - start);
}

static void allow_many_files(void)
{
	struct rlimit limit = { 2 * MAX_BUCKET_DEVICES, 2 * MAX_BUCKET_DEVICES };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		tap_bail("RLIMIT_NOFILE: %m");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	allow_many_files();
	alarm(1200);
	if (ns_init(&init_ns))
		tap_bail("namespaces: %m");
	loads_modules();
	adopts_devices();
	make_namespaces();
	changes_cid();
	one_bucket();
	crowded_bucket();
	many_in_one_process();
	another_device();
	child_keeps();
	closes_under_connection();
	namespace_deleted();
	comes_again();
	many_guests();
	tap_ok(await_devices(0), "nothing is left in the map of devices");
	ns_remove(&pod1);
	ns_remove(&pod2);
	ns_remove(&nursery);
	return tap_end();
}
