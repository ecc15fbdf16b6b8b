// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each tenant has a share of the records of devices. Whoever opens more of them than that takes
 * none from others, however he opens and closes them.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/vhost.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/play.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"

#define PINS	"/sys/fs/bpf/vsock-bpfd/"
#define NOBODY	65534
#define OPENERS 4
#define EACH	(TENANT_DEVICES / OPENERS + 20)

static struct ns nursery, pod1, pod2;

/* --- What is recorded --- */

static int count_entries(const char *map, size_t key_size)
{
	char key[16], *previous = NULL;
	int fd = bpf_obj_get(map), count = 0;

	if (fd < 0 || key_size > sizeof(key))
		tap_bail("%s: %m", map);
	for (; !bpf_map_get_next_key(fd, previous, key); previous = key)
		count++;
	close(fd);
	return count;
}

static int devices(void)
{
	return count_entries(PINS "devices", sizeof(__u64));
}

static int slots(void)
{
	return count_entries(PINS "device_slots", sizeof(struct tenant_slot));
}

/* The last reference of a file goes in its own time. */
static bool await(int wanted_devices, int wanted_slots)
{
	int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (devices() == wanted_devices && slots() == wanted_slots)
			return true;
		usleep(10000);
	}
	tap_diag("%d devices, wanted %d; %d slots, wanted %d", devices(), wanted_devices, slots(),
		 wanted_slots);
	return false;
}

static void expect_recorded(const char *what, int wanted_devices, int wanted_slots)
{
	tap_ok(await(wanted_devices, wanted_slots), "%s: %d devices and %d slots", what,
	       wanted_devices, wanted_slots);
}

static bool status_says(const char *text)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "build/vsockctl status >/tmp/status; grep -q '%s' /tmp/status", text);
	return !run(command);
}

/* --- Processes that open devices --- */

static void open_device(void)
{
	if (open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC) < 0)
		_exit(90);
}

static void open_devices(int count)
{
	while (count--)
		open_device();
}

struct opener {
	pid_t pid;
	int done;
};

/* In a process of its own, which keeps what it has opened. */
static struct opener begin(void (*act)(void))
{
	struct opener opener;
	int done[2];
	char byte = 0;

	if (pipe2(done, O_CLOEXEC))
		tap_bail("pipe: %m");
	opener.pid = fork();
	if (!opener.pid) {
		act();
		if (write(done[1], &byte, 1) != 1)
			_exit(91);
		pause();
		_exit(0);
	}
	close(done[1]);
	opener.done = done[0];
	return opener;
}

static void await_opener(const struct opener *opener)
{
	char byte;

	if (read(opener->done, &byte, 1) != 1)
		tap_bail("a process that opens devices ends");
}

static void end(const struct opener *opener)
{
	kill(opener->pid, SIGKILL);
	waitpid(opener->pid, NULL, 0);
	close(opener->done);
}

/* --- A namespace --- */

static void fill_pod2(void)
{
	enter(&pod2);
	open_devices(TENANT_DEVICES - 1);
}

static void of_a_namespace(void)
{
	uint64_t first = new_cid(), beyond = new_cid(), other = new_cid(), next = new_cid();
	struct guest guest, cheat, neighbour, late;
	struct opener opener;

	start_guest(&guest, &pod2, first);
	opener = begin(fill_pod2);
	await_opener(&opener);
	expect_recorded("a full share", TENANT_DEVICES, TENANT_DEVICES);
	tap_ok(status_says("^full: .*with the identity [0-9]* has 256 of"), "status says so");
	start_guest(&cheat, &pod2, beyond);
	expect_reach("beyond the share", &pod2, beyond, NULL, "ENODEV");
	expect_reach("beyond the share", &init_ns, beyond, NULL, "ENODEV");
	expect_reach("within the share", &pod2, first, &guest, "ok");
	start_guest(&neighbour, &pod1, other);
	expect_recorded("a neighbour", TENANT_DEVICES + 1, TENANT_DEVICES + 1);
	expect_reach("a neighbour", &pod1, other, &neighbour, "ok");
	expect_reach("a neighbour", &pod2, other, &neighbour, "ENODEV");
	guest_close(&neighbour);
	end(&opener);
	expect_recorded("most of them have gone", 1, 1);
	expect_reach("opened when it was full", &pod2, beyond, NULL, "ENODEV");
	start_guest(&late, &pod2, next);
	expect_reach("opened when it was not", &pod2, next, &late, "ok");
	tap_ok(!status_says("^full:"), "status says nothing any more");
	guest_close(&late);
	guest_close(&cheat);
	guest_close(&guest);
	expect_recorded("all have gone", 0, 0);
}

/* --- A user, wherever he is --- */

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		_exit(92);
}

/* Fewer than the share in each place, and more in all of them. */
static void open_everywhere(void)
{
	become_nobody();
	open_devices(TENANT_DEVICES / 2);
	if (unshare(CLONE_NEWUSER))
		_exit(93);
	open_devices(TENANT_DEVICES / 4);
	if (unshare(CLONE_NEWNET))
		_exit(94);
	open_devices(TENANT_DEVICES / 8);
	if (unshare(CLONE_NEWNET))
		_exit(95);
	open_devices(TENANT_DEVICES / 4);
}

static void open_some(void)
{
	open_devices(3);
}

static void of_a_user(void)
{
	struct opener user, root;

	if (run("chmod 666 /dev/vhost-vsock"))
		tap_bail("chmod");
	user = begin(open_everywhere);
	await_opener(&user);
	expect_recorded("a user in several namespaces", TENANT_DEVICES, TENANT_DEVICES);
	tap_ok(status_says("^full: .*the user 65534 has 256 of"), "status says so");
	root = begin(open_some);
	await_opener(&root);
	expect_recorded("root beside him", TENANT_DEVICES + 3, TENANT_DEVICES);
	end(&user);
	expect_recorded("without him", 3, 0);
	end(&root);
	expect_recorded("without both", 0, 0);
}

/* --- A container in the host's namespace, with users of its own --- */

#define FIRST_UID 100000

static void write_map(pid_t pid)
{
	char line[128];

	snprintf(line, sizeof(line), "echo 0 %d 1000 >/proc/%d/uid_map", FIRST_UID, pid);
	_exit(run(line));
}

/* Somebody outside says which users of the machine its users are. */
static void enter_user_namespace(void)
{
	pid_t self = getpid(), outside;
	int made[2], status = 1;
	char byte = 0;

	if (pipe2(made, O_CLOEXEC))
		_exit(96);
	outside = fork();
	if (!outside) {
		if (read(made[0], &byte, 1) != 1)
			_exit(97);
		write_map(self);
	}
	if (unshare(CLONE_NEWUSER) || write(made[1], &byte, 1) != 1 ||
	    waitpid(outside, &status, 0) != outside || status)
		_exit(98);
}

static void open_as_users(void)
{
	uid_t user;

	enter_user_namespace();
	for (user = 1; user <= 3; user++) {
		if (setresuid(0, user, 0))
			_exit(99);
		open_devices(TENANT_DEVICES / 2);
		if (setresuid(0, 0, 0))
			_exit(99);
	}
}

static void of_a_container(void)
{
	struct opener container;

	if (run("chmod 666 /dev/vhost-vsock"))
		tap_bail("chmod");
	container = begin(open_as_users);
	await_opener(&container);
	expect_recorded("several users of a container", TENANT_DEVICES, TENANT_DEVICES);
	tap_ok(status_says("^full: .*the user namespace [0-9]* has 256 of"), "status says so");
	end(&container);
	expect_recorded("without it", 0, 0);
}

/* --- At once --- */

static void open_each(void)
{
	enter(&pod2);
	open_devices(EACH);
}

static void open_and_close(void)
{
	int fd[3], i;

	enter(&pod2);
	while (true) {
		for (i = 0; i < 3; i++)
			fd[i] = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
		for (i = 0; i < 3; i++)
			close(fd[i]);
	}
}

static void many_at_once(void)
{
	struct opener opener[OPENERS];
	int i;

	for (i = 0; i < OPENERS; i++)
		opener[i] = begin(open_each);
	for (i = 0; i < OPENERS; i++)
		await_opener(&opener[i]);
	expect_recorded("opened by several at once", TENANT_DEVICES, TENANT_DEVICES);
	for (i = 0; i < OPENERS; i++)
		kill(opener[i].pid, SIGKILL);
	for (i = 0; i < OPENERS; i++)
		end(&opener[i]);
	expect_recorded("which are killed at once", 0, 0);
}

static void replace_programs(void)
{
	if (run("rm " PINS "generation-*/namespace_gone") ||
	    run("build/vsock-bpfd --once >/dev/null"))
		tap_bail("the programs are not replaced");
}

/* While two sets of programs record the same devices. */
static void during_upgrades(void)
{
	struct opener opener[OPENERS];
	int i, most = 0, now;

	for (i = 0; i < OPENERS; i++)
		opener[i] = begin(open_and_close);
	for (i = 0; i < 3; i++) {
		replace_programs();
		now = slots();
		most = now > most ? now : most;
	}
	tap_ok(most <= 3 * OPENERS, "programs are replaced: %d slots at most, of %d devices", most,
	       3 * OPENERS);
	for (i = 0; i < OPENERS; i++)
		end(&opener[i]);
	expect_recorded("programs were replaced under opens and closes", 0, 0);
}

static void keeps_slots(void)
{
	struct opener opener = begin(fill_pod2);

	await_opener(&opener);
	replace_programs();
	expect_recorded("programs are replaced", TENANT_DEVICES - 1, TENANT_DEVICES - 1);
	end(&opener);
	expect_recorded("and devices closed", 0, 0);
}

/* --- From before --- */

static void overfill_pod2(void)
{
	enter(&pod2);
	open_devices(TENANT_DEVICES + 5);
}

static void adopts_share(void)
{
	struct opener opener;

	if (run("build/vsock-bpfd --detach"))
		tap_bail("--detach");
	opener = begin(overfill_pod2);
	await_opener(&opener);
	if (run("build/vsock-bpfd --once"))
		tap_bail("--once");
	expect_recorded("adopted", TENANT_DEVICES, TENANT_DEVICES);
	end(&opener);
	expect_recorded("adopted and closed", 0, 0);
}

/* --- Records that are left --- */

#define LEFT 32

static __u64 owner_of(int fd, __u64 address)
{
	struct device device;

	return bpf_map_lookup_elem(fd, &address, &device) ? 0 : device.owner;
}

/* So many devices of pod2: where are they? */
static size_t list_addresses(int fd, __u64 *address)
{
	__u64 *previous = NULL;
	size_t count = 0;

	for (; count < LEFT && !bpf_map_get_next_key(fd, previous, &address[count]); count++)
		previous = &address[count];
	return count;
}

static void open_left(void)
{
	enter(&pod2);
	open_devices(LEFT);
}

/* As if the end of devices had not been seen, whose addresses others get. */
static void replaces_left(void)
{
	static const struct device left = { .owner = 12345, .tenant = TENANT_USER | 12345 };
	int fd = bpf_obj_get(PINS "devices"), wrong = 0, used = 0;
	struct opener opener = begin(open_left);
	__u64 address[LEFT], owner;
	size_t i;

	await_opener(&opener);
	if (list_addresses(fd, address) != LEFT)
		tap_bail("devices are not recorded");
	end(&opener);
	expect_recorded("devices have gone", 0, 0);
	for (i = 0; i < LEFT; i++)
		bpf_map_update_elem(fd, &address[i], &left, BPF_NOEXIST);
	opener = begin(open_left);
	await_opener(&opener);
	for (i = 0; i < LEFT; i++) {
		owner = owner_of(fd, address[i]);
		used += owner != left.owner;
		wrong += !owner;
	}
	tap_ok(used > 0 && !wrong && devices() == 2 * LEFT - used && slots() == LEFT,
	       "%d devices at addresses whose records were left: they have their own", used);
	end(&opener);
	expect_recorded("and are closed", LEFT - used, 0);
	for (i = 0; i < LEFT; i++)
		bpf_map_delete_elem(fd, &address[i]);
	close(fd);
}

/* --- All of the map --- */

static void fill_map(int fd, bool in)
{
	struct device device = {};
	__u64 address;

	for (address = 1; address < MAX_DEVICES; address++)
		if (in ? bpf_map_update_elem(fd, &address, &device, BPF_NOEXIST)
		       : bpf_map_delete_elem(fd, &address))
			tap_bail("record %llu: %m", address);
}

static void full_map(void)
{
	uint64_t first = new_cid(), last = new_cid();
	int fd = bpf_obj_get(PINS "devices");
	struct guest guest, other;

	start_guest(&guest, &pod1, first);
	fill_map(fd, true);
	tap_ok(status_says("^full: .*devices: 8192 "), "no room for devices: status says so");
	start_guest(&other, &pod1, last);
	expect_recorded("no room", MAX_DEVICES, 1);
	expect_reach("no room", &pod1, first, &guest, "ok");
	expect_reach("no room", &pod1, last, NULL, "ENODEV");
	expect_reach("no room", &init_ns, last, NULL, "ENODEV");
	fill_map(fd, false);
	tap_ok(!status_says("^full:"), "room again: status says nothing");
	expect_reach("opened without room", &pod1, last, NULL, "ENODEV");
	guest_close(&other);
	guest_close(&guest);
	expect_recorded("all have gone", 0, 0);
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "namespace", of_a_namespace }, { "user", of_a_user },
	{ "container", of_a_container }, { "at_once", many_at_once },
	{ "upgrades", during_upgrades }, { "replaced", keeps_slots },
	{ "left", replaces_left },	 { "full", full_map },
};

static void start_layer(void)
{
	struct rlimit limit = { 2048, 2048 };

	if (setrlimit(RLIMIT_NOFILE, &limit) || ns_init(&init_ns))
		tap_bail("limits, namespaces: %m");
	if (run("build/vsock-bpfd --once") || ns_make(&nursery, "nursery", &init_ns, NS_BY_ROOT) ||
	    run("build/vsockctl -n nursery set child_ns_mode local") ||
	    ns_make(&pod1, "pod1", &nursery, NS_BY_ROOT) ||
	    ns_make(&pod2, "pod2", &nursery, NS_BY_ROOT))
		tap_bail("namespaces: %m");
}

/* With names of cases: those alone. */
int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(1200);
	start_layer();
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (argc > 1 && strcmp(argv[1], cases[i].name))
			continue;
		tap_diag("%s", cases[i].name);
		cases[i].run();
	}
	/* All modes are forgotten with it. */
	if (argc == 1 || !strcmp(argv[1], "adopted"))
		adopts_share();
	ns_remove(&pod1);
	ns_remove(&pod2);
	ns_remove(&nursery);
	return tap_end();
}
