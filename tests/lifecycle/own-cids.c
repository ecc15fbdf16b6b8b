// SPDX-License-Identifier: GPL-2.0-only
/*
 * CIDs of one's own: two guests that their local namespaces know by one CID, who reaches which,
 * what processes are told, and what is reserved for whom.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/play.h"

#define ALIAS	 42
#define REAL	 1000000000U
#define NEXT	 (REAL + 1)
#define CONFIG	 "/run/own-cids.conf"
#define PINNED	 "/sys/fs/bpf/vsock-bpfd/own-cids"
#define HOSTPORT 6000
#define NO_PORT	 4999 /* on which no guest listens */
#define RACES	 300
#define LIMIT_S	 900

static struct ns nursery, pod1, pod2;
static struct guest first, second; /* in pod1 and pod2, both "with CID 42" */

static void make_namespaces(void)
{
	if (ns_make(&nursery, "nursery", &init_ns, NS_BY_ROOT))
		tap_bail("namespaces: %m");
	must("build/vsockctl -n nursery set child_ns_mode local");
	if (ns_make(&pod1, "pod1", &nursery, NS_BY_ROOT) ||
	    ns_make(&pod2, "pod2", &nursery, NS_BY_ROOT))
		tap_bail("namespaces: %m");
}

/* Standard output is `out`, standard error holds `err` and is one line, or none if that is "". */
static void expect_cid(const char *arguments, int status, const char *out, const char *err)
{
	struct said said;

	command(&said, "build/vsockctl %s", arguments);
	if (!tap_ok(said.status == status && !strcmp(said.out, out) &&
			    (*err ? count_lines(said.err) == 1 && strstr(said.err, err) != NULL
				  : !*said.err),
		    "vsockctl %s: %d, '%.*s', '%s'", arguments, status, (int)strcspn(out, "\n"),
		    out, err))
		tap_said(&said);
}

/* --- Bad input --- */

static void bad_input(void)
{
	static const char range[] = "not a CID of a guest, which is a number from 3 to 4294967294";

	expect_cid("cid 2", 2, "", range);
	expect_cid("cid 4294967295", 2, "", range);
	expect_cid("cid 18446744073709551658", 2, "", range);
	expect_cid("cid 42x", 2, "", range);
	expect_cid("cid -- -42", 2, "", range);
	expect_cid("cid ''", 2, "", range);
	expect_cid("cid --release", 2, "", "--release: the CID is missing");
	expect_cid("-n nowhere cid 42", 1, "", "nowhere");
	expect_cid("-n pod1 cid 42 --release", 1, "", "CID 42: not reserved for this namespace");
	expect_cid("cid --json | tr -d ' \\n'", 0, "[]", "");
}

/* --- Numbers --- */

static void reserves(void)
{
	expect_cid("cid 42", 0, "42\n", "");
	expect_cid("-n pod1 cid 42", 0, "42\n", "");
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "call the guest 1000000000, not 42");
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "CIDs=own is not in force");
	expect_cid("-n pod1 cid 42", 0, "42\n", "");
}

/* --- The launcher --- */

#define LAUNCH "VSOCK_BPFD_QEMU=/run/fake-qemu ip netns exec pod2 /run/vsock-bpfd-qemu "

static void make_launcher(void)
{
	must("sed s,@sbindir@,$PWD/build, packaging/qemu/vsock-bpfd-qemu.in >/run/vsock-bpfd-qemu; "
	     "printf '#!/bin/sh\nprintf [%%%%s] \"$@\"\n' >/run/fake-qemu; "
	     "chmod +x /run/vsock-bpfd-qemu /run/fake-qemu");
}

/* What QEMU is called with, each argument in brackets; or what is said. */
static void expect_launch(const char *arguments, int status, const char *out, const char *err)
{
	struct said said;

	command(&said, LAUNCH "%s", arguments);
	if (!tap_ok(said.status == status && !strcmp(said.out, out) && strstr(said.err, err),
		    "launcher %s: %d, '%s', '%s'", arguments, status, out, err))
		tap_said(&said);
}

static void launches(void)
{
	static const char none[] = "no guest-cid= in the command line";

	make_launcher();
	expect_launch("-name 'a b' -device vhost-vsock-pci,id=v,guest-cid=42,disable-legacy=on -S",
		      0,
		      "[-name][a b][-device][vhost-vsock-pci,id=v,guest-cid=1000000000,"
		      "disable-legacy=on][-S]",
		      "");
	expect_launch("--device '{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":42,\"id\":\"v\"}'",
		      0,
		      "[--device][{\"driver\":\"vhost-vsock-pci\",\"guest-cid\":1000000000,"
		      "\"id\":\"v\"}]",
		      "");
	expect_launch("-S -machine none,accel=tcg", 0, "[-S][-machine][none,accel=tcg]", "");
	expect_launch("-S", 2, "", none);
	expect_launch("-name x,guest-cid=42", 2, "", none);
	expect_launch("-device vhost-vsock-pci", 2, "", none);
	expect_launch("-device vhost-vsock-pci,guest-cid=2", 2, "", "2: not a CID of a guest");
	expect_launch("-device vhost-vsock-pci,guest-cid=42 -device vhost-vsock-pci,guest-cid=43",
		      2, "", "more than one guest-cid=");
}

/* As natively in a global namespace; told early in a local one. */
static void refuses_second(void)
{
	struct guest third;

	expect_cid("-n pod1 cid 42", 1, "", "CID 42: a guest of this namespace has it");
	expect_cid("-n pod2 cid 42", 1, "",
		   "CID 42: a guest of this namespace has it, as 1000000000");
	expect_cid("-n pod2 cid 42 --release", 1, "", "has it, as 1000000000");
	expect_cid("cid 42", 0, "42\n", "");
	tap_ok(try_start(&third, &init_ns, ALIAS) == -EADDRINUSE,
	       "a second guest with a number of the kernel's: EADDRINUSE");
}

static void is_listed(void)
{
	struct said said;

	command(&said, "build/vsockctl -n pod2 cid --json | tr -d ' \\n'");
	tap_ok(strstr(said.out, "\"cid\":42,\"real_cid\":1000000000,\"namespace\":\"pod2\",") &&
		       strstr(said.out, "\"running\":true,\"unwritten\":0}]"),
	       "vsockctl cid lists it: %s", said.out);
	command(&said, "build/vsockctl cid");
	tap_ok(count_lines(said.out) == 3, "all of them without a namespace");
}

/* --- Calls --- */

struct calling {
	int fd;
	struct sockaddr_vm *address;
};

static int do_call(void *arg)
{
	struct calling *this = arg;

	return connect(this->fd, (void *)this->address, sizeof(*this->address)) ? errno : 0;
}

/* With both guests at work, so that the wrong one could answer. */
static int call_from(const struct ns *ns, struct sockaddr_vm *address, int *fd)
{
	struct calling this = { .fd = socket_in(ns), .address = address };
	struct call call;

	call_begin(&call, do_call, &this);
	while (!call.done) {
		guest_pump(&first, 5);
		guest_pump(&second, 5);
	}
	*fd = this.fd;
	return call_end(&call);
}

static unsigned int requests_of(struct guest *guest)
{
	return guest->listeners ? guest->listeners->requests : 0;
}

/* The guest that is reached, or NULL, and what the address is afterwards. */
static void expect_call(const char *what, const struct ns *ns, unsigned int cid, unsigned int port,
			int wanted, const struct guest *reached)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	unsigned int one = requests_of(&first), two = requests_of(&second);
	int fd, err = call_from(ns, &address, &fd);

	one = requests_of(&first) - one;
	two = requests_of(&second) - two;
	tap_ok(err == wanted && one == (reached == &first) && two == (reached == &second),
	       "%s: connect from %s to %u: %s, wanted %s; requests %u and %u", what, ns->name, cid,
	       strerrorname_np(err) ?: "ok", strerrorname_np(wanted) ?: "ok", one, two);
	tap_ok(address.svm_cid == cid && address.svm_port == port,
	       "%s: the address is as it was: %u", what, address.svm_cid);
	close(fd);
}

static void without_key(void)
{
	expect_call("without the key", &pod1, ALIAS, PORT, 0, &first);
	expect_call("without the key", &pod2, ALIAS, PORT, ENODEV, NULL);
	expect_call("without the key", &pod2, REAL, PORT, 0, &second);
	tap_ok(access(PINNED, F_OK), "without the key nothing is attached for it");
}

static void with_key(void)
{
	expect_call("own", &pod1, ALIAS, PORT, 0, &first);
	expect_call("own", &pod2, ALIAS, PORT, 0, &second);
	expect_call("own, real", &pod2, REAL, PORT, 0, &second);
	expect_call("own, no listener", &pod2, ALIAS, NO_PORT, ECONNRESET, NULL);
	expect_call("another's", &pod1, REAL, PORT, ENODEV, NULL);
	expect_call("global", &init_ns, ALIAS, PORT, ENODEV, NULL);
	expect_call("global", &init_ns, REAL, PORT, ENODEV, NULL);
	expect_call("global", &nursery, ALIAS, PORT, ENODEV, NULL);
}

/* --- What cannot be rewritten --- */

static unsigned int unwritten(void)
{
	struct said said;
	char *at;

	command(&said, "build/vsockctl -n pod2 cid --json");
	at = strstr(said.out, "\"unwritten\":");
	return at ? strtoul(strchr(at, ':') + 1, NULL, 10) : ~0U;
}

static void read_only(void)
{
	struct sockaddr_vm *page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int one = requests_of(&first), before = unwritten();
	int fd, err;

	if (page == MAP_FAILED)
		tap_bail("mmap: %m");
	*page = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = ALIAS, .svm_port = PORT };
	if (mprotect(page, 4096, PROT_READ))
		tap_bail("mprotect: %m");
	err = call_from(&pod2, page, &fd);
	tap_ok(err == ENODEV && requests_of(&first) == one,
	       "an address in read-only memory is refused: %s", strerrorname_np(err) ?: "ok");
	tap_ok(unwritten() == before + 1, "and counted");
	close(fd);
	munmap(page, 4096);
}

/* Until it is written again, a page of before fork() belongs to both. */
static void shared_by_fork(void)
{
	static struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = ALIAS };
	unsigned int before = unwritten();
	int fd, err;
	pid_t pid;

	address.svm_port = PORT;
	pid = fork();
	if (!pid)
		pause();
	err = call_from(&pod2, &address, &fd);
	tap_ok(err == ENODEV && unwritten() == before + 1,
	       "an address in a page that fork() shares: %s", strerrorname_np(err) ?: "ok");
	close(fd);
	address.svm_port = PORT;
	err = call_from(&pod2, &address, &fd);
	tap_ok(!err, "once it was written to: %s", strerrorname_np(err) ?: "ok");
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void by_io_uring(void)
{
	struct connect_result result;
	int err = worker_socket(&pod2.connector, SOCK_STREAM);

	if (!err)
		err = worker_connect(&pod2.connector, CONNECT_IO_URING, ALIAS, PORT, &result);
	tap_ok(err == ENODEV, "by io_uring the real CID is called: %s",
	       strerrorname_np(err) ?: "ok");
	worker_close(&pod2.connector);
}

/* --- What a process is told --- */

static unsigned int peer_of(int fd, socklen_t room)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = REAL };

	return getpeername(fd, (void *)&address, &room) ? 0 : address.svm_cid;
}

static void tells_peer(void)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = ALIAS, .svm_port = PORT };
	int fd, err = call_from(&pod2, &address, &fd);

	tap_ok(!err && peer_of(fd, sizeof(address)) == ALIAS, "getpeername: %u",
	       peer_of(fd, sizeof(address)));
	tap_ok(peer_of(fd, 8) == REAL, "what has no room for it is not written");
	tap_ok(peer_of(fd, sizeof(address)) == ALIAS, "and the next one is");
	tap_ok(peer_of(-1, 8) == 0 && peer_of(fd, sizeof(address)) == ALIAS,
	       "also after one that failed");
	close(fd);
}

static void tells_accepted(void)
{
	int listener = listener_in(&pod2, HOSTPORT), fd = -1, tries;
	struct sockaddr_vm address = {};
	socklen_t size = sizeof(address);

	inject(&second, VIRTIO_VSOCK_OP_REQUEST, 7000, HOSTPORT, NULL);
	for (tries = 0; tries < 60000 && fd < 0; tries++) {
		guest_pump(&second, 1);
		fd = accept4(listener, (void *)&address, &size, SOCK_CLOEXEC);
	}
	tap_ok(fd >= 0 && address.svm_cid == ALIAS && address.svm_port == 7000,
	       "accept: %u port %u", address.svm_cid, address.svm_port);
	tap_ok(peer_of(fd, sizeof(address)) == ALIAS, "getpeername of what was accepted");
	close(fd);
	close(listener);
}

/* Other families keep what they have, whatever is in it. */
static void tells_others(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = sizeof(address);

	must("ip link set lo up");
	if (bind(listener, (void *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (void *)&address, &size))
		tap_bail("listen: %m");
	tap_ok(!connect(fd, (void *)&address, size) && !getpeername(fd, (void *)&address, &size) &&
		       address.sin_family == AF_INET,
	       "sockets of other families are left alone");
	close(fd);
	close(listener);
}

/* --- It decides nothing --- */

struct writer {
	struct sockaddr_vm address;
	atomic_bool ends;
};

/* The number of the neighbour's guest, again and again. */
static int write_on(void *arg)
{
	struct writer *this = arg;
	volatile unsigned int *cid = &this->address.svm_cid;

	while (!this->ends) {
		*cid = REAL;
		*cid = ALIAS;
	}
	return 0;
}

static void races(void)
{
	struct writer writer = { .address = { .svm_family = AF_VSOCK, .svm_port = PORT } };
	unsigned int one = requests_of(&first), two = requests_of(&second);
	struct call call;
	int i, fd;

	/* From pod1 its own guest is 42, and 1000000000 is pod2's. */
	call_begin(&call, write_on, &writer);
	for (i = 0; i < RACES; i++) {
		call_from(&pod1, &writer.address, &fd);
		close(fd);
	}
	tap_ok(requests_of(&second) == two,
	       "addresses that are written meanwhile: %u to one's own "
	       "guest, %u to another's",
	       requests_of(&first) - one, requests_of(&second) - two);
	one = requests_of(&first);
	for (i = 0; i < RACES; i++) {
		call_from(&pod2, &writer.address, &fd);
		close(fd);
	}
	tap_ok(requests_of(&first) == one, "the same where 42 is an alias");
	writer.ends = true;
	call_end(&call);
}

/* --- What goes --- */

static void is_released(void)
{
	guest_close(&second);
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "");
	expect_cid("-n pod2 cid 42 --release", 0, "", "");
	expect_cid("-n pod2 cid 42 --release", 1, "", "not reserved");
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "");
}

/* A number that somebody else has taken, and one that a policy denies. */
static void is_replaced(void)
{
	struct guest thief;

	start_guest(&thief, &init_ns, REAL);
	expect_cid("-n pod2 cid 42", 0, "1000000001\n", "");
	guest_close(&thief);
	must("mkdir -p /etc/vsock-bpfd/policy.d && printf '[Match]\\nName=pod2\\n[Rules]\\n"
	     "Deny=guest 1000000001\\n' >/etc/vsock-bpfd/policy.d/p.policy");
	must("build/vsock-bpfd --once --config " CONFIG);
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "");
	expect_cid("-n pod2 cid 1000000001", 0, "1000000002\n", "");
	must("printf '[Match]\\nName=pod2\\n[Rules]\\nDeny=guest\\n' "
	     ">/etc/vsock-bpfd/policy.d/p.policy");
	must("build/vsock-bpfd --once --config " CONFIG);
	expect_cid("-n pod2 cid 43", 1, "", "is free and allowed by the policy");
	must("rm /etc/vsock-bpfd/policy.d/p.policy");
}

static void goes_with_namespace(void)
{
	struct said said;
	int tries = 0;

	ns_remove(&pod2);
	do {
		usleep(10000);
		command(&said, "build/vsockctl cid");
	} while (count_lines(said.out) > 2 && ++tries < 1000);
	tap_ok(count_lines(said.out) == 2, "what was reserved goes with its namespace");
}

static void key_comes_and_goes(void)
{
	must("build/vsock-bpfd --once");
	tap_ok(access(PINNED, F_OK), "a start without the key removes it");
	must("build/vsock-bpfd --once --config " CONFIG);
	tap_ok(!access(PINNED, F_OK), "a start with the key attaches it again");
	expect_call("attached again", &pod1, ALIAS, PORT, 0, &first);
	must("build/vsock-bpfd --detach");
	tap_ok(access(PINNED, F_OK), "nothing is left of it once all is detached");
}

/* A kernel with modes has it all by itself. */
static void native(void)
{
	must("modprobe vhost_vsock");
	expect_cid("-n pod1 cid 42", 0, "42\n", "");
	expect_cid("-n pod2 cid 42", 0, "42\n", "");
	expect_cid("-n pod2 cid 2", 2, "", "not a CID of a guest");
	expect_cid("-n pod2 cid 42 --release", 1, "", "this kernel needs no reservation");
	start_guest(&first, &pod1, ALIAS);
	start_guest(&second, &pod2, ALIAS);
	expect_call("native", &pod1, ALIAS, PORT, 0, &first);
	expect_call("native", &pod2, ALIAS, PORT, 0, &second);
	expect_call("native", &init_ns, ALIAS, PORT, ENODEV, NULL);
	tells_peer();
	tells_accepted();
	guest_close(&second);
}

/* A kernel that lets no program write is told; the rest is in force. */
static void locked_down(void)
{
	struct said said;

	must("printf '[Service]\\nCIDs=own\\n' >" CONFIG);
	command(&said, "build/vsock-bpfd --once --config " CONFIG);
	if (!tap_ok(!said.status && count_lines(said.err) == 1 &&
			    strstr(said.err, "CIDs=own: the kernel is locked down (integrity)"),
		    "locked down: the start says so, and goes on"))
		tap_said(&said);
	tap_ok(access(PINNED, F_OK), "and nothing is attached for it");
	must("build/vsockctl status");
	expect_cid("-n pod1 cid 42", 0, "42\n", "");
	expect_cid("-n pod2 cid 42", 0, "1000000000\n", "CIDs=own is not in force");
	start_guest(&first, &pod1, ALIAS);
}

static bool is_locked_down(void)
{
	struct said said;

	command(&said, "grep -F '[integrity]' /sys/kernel/security/lockdown");
	return !said.status;
}

static void layered(void)
{
	bad_input();
	reserves();
	launches();
	start_guest(&first, &pod1, ALIAS);
	start_guest(&second, &pod2, REAL);
	refuses_second();
	is_listed();
	without_key();
	must("printf '[Service]\\nCIDs=own\\n' >" CONFIG);
	must("build/vsock-bpfd --once --config " CONFIG);
	with_key();
	read_only();
	shared_by_fork();
	by_io_uring();
	tells_peer();
	tells_accepted();
	tells_others();
	races();
	is_released();
	is_replaced();
	goes_with_namespace();
	key_comes_and_goes();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(LIMIT_S);
	if (ns_init(&init_ns))
		tap_bail("namespaces: %m");
	make_namespaces();
	if (!access("/proc/sys/net/vsock/ns_mode", F_OK))
		native();
	else if (is_locked_down())
		locked_down();
	else
		layered();
	guest_close(&first);
	return tap_end();
}
