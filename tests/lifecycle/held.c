// SPDX-License-Identifier: GPL-2.0-only
/*
 * A namespace that is made while the service runs is closed until policies have been asked: who
 * connects in the next instruction does not get through. Begins and ends with nothing attached;
 * between two cases the layer stays, which takes as long to start as a case.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define BPFD  "build/vsock-bpfd"
#define CTL   "build/vsockctl"
#define DIR   "/etc/vsock-bpfd/policy.d"
#define CONF  "/etc/vsock-bpfd/vsock-bpfd.conf"
#define PORT  7777
#define TRIES 1000
#define LIMIT 60000
#define MANY  10000

static struct ns init, b;
static pid_t acceptor;

/* --- Who is connected to --- */

static int listen_at(unsigned int port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1024))
		tap_bail("a listener: %s", strerror(errno));
	return fd;
}

/* Takes everybody, so that nobody is refused for want of room. */
static void start_acceptor(void)
{
	int fd = listen_at(PORT), taken;

	acceptor = fork();
	if (acceptor) {
		close(fd);
		return;
	}
	for (;;) {
		taken = accept(fd, NULL, NULL);
		if (taken >= 0)
			close(taken);
	}
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	wait_command(pid);
}

/* From the namespace that the caller is in. */
static int connect_now(void)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = PORT,
	};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		tap_bail("socket: %s", strerror(errno));
	if (connect(fd, (void *)&address, sizeof(address)))
		err = errno;
	close(fd);
	return err;
}

/* --- Who is new --- */

static void name_path(char path[64], const char *name)
{
	snprintf(path, 64, "/run/netns/%s", name);
}

/* As `ip netns add` does it: an empty file of mode 000, and the namespace mounted on it. */
static void give_name(const char *name, const char *from)
{
	char path[64];
	int fd;

	name_path(path, name);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0 || mount(from, path, "none", MS_BIND, NULL))
		tap_bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void take_name(const char *name)
{
	char path[64];

	name_path(path, name);
	umount2(path, MNT_DETACH);
	unlink(path);
}

static void move_to_new(void)
{
	if (unshare(CLONE_NEWNET))
		tap_bail("unshare: %s", strerror(errno));
}

static void move_back(void)
{
	if (setns(init.fd, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
}

/* How many of so many connect at once: before they have their name, or right after it. */
static int get_through(int tries, bool named)
{
	int i, through = 0;
	char name[16];

	for (i = 0; i < tries; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		move_to_new();
		if (named)
			give_name(name, "/proc/thread-self/ns/net");
		through += !connect_now();
		if (named)
			take_name(name);
		move_back();
	}
	return through;
}

static int settles(struct ns *from, struct ns *to, int wanted)
{
	int waited;

	for (waited = 0; waited < LIMIT; waited += 50) {
		if (reach(from, to) == wanted)
			return waited;
		sleep_ms(50);
	}
	return -1;
}

static void make(struct ns *ns, const char *name)
{
	int err = ns_make(ns, name, &init, NS_BY_ROOT);

	if (err)
		tap_bail("namespace %s: %s", name, strerror(err));
}

/* --- With what policies --- */

static void write_policy(const char *file, const char *text)
{
	must("mkdir -p " DIR " && printf '%s' >" DIR "/.new && mv " DIR "/.new " DIR "/%s.policy",
	     text, file);
}

static void write_config(const char *text)
{
	must("printf '[Service]\\n%s\\n' >" CONF, text);
}

static void begin(void)
{
	must("rm -rf " DIR " " CONF " && mkdir -p /etc/vsock-bpfd");
	write_policy("p", "[Match]\\nName=p*\\n[Namespace]\\nMode=local\\n");
}

static void end(struct service *service)
{
	tap_ok(service_end(service, SIGTERM) == 0, "the service ends");
}

static void start(struct service *service)
{
	if (!service_start(service))
		tap_bail("the service does not start");
}

static void at_once(void)
{
	struct service service;
	int through;

	begin();
	start(&service);
	through = get_through(TRIES, true);
	tap_ok(!through, "%d of %d with a name get through in the next instruction", through,
	       TRIES);
	through = get_through(TRIES / 10, false);
	tap_ok(!through, "%d of %d before they have one", through, TRIES / 10);
	end(&service);
}

/* What the others are held against. */
static void not_at_all(void)
{
	struct service service;
	int through;

	begin();
	write_config("HoldSec=0");
	start(&service);
	through = get_through(50, false);
	tap_ok(through == 50, "HoldSec=0 holds nobody: %d of 50 get through", through);
	tap_ok(service_end(&service, SIGTERM) == 0, "the service ends");
	through = get_through(50, true);
	tap_ok(through == 50, "nor does the layer without the service: %d of 50", through);
}

static void audit(void)
{
	struct service service;
	int through;

	begin();
	write_policy("p", "[Match]\\nName=p*\\n[Namespace]\\nMode=local\\nAudit=yes\\n");
	write_policy("q", "[Match]\\nName=(init)\\n[Rules]\\nDeny=bind port 1\\n");
	start(&service);
	through = get_through(50, true);
	tap_ok(through == 50, "Audit=yes holds nobody: %d of 50 get through", through);
	end(&service);
}

/* Whoever no policy fits waits, and not for long. */
static void let_go(void)
{
	struct service service;
	struct ns free;
	int waited, err;

	begin();
	/* As long as a busy machine may take to make one and to connect. */
	write_config("HoldSec=6");
	start(&service);
	make(&free, "free");
	waited = settles(&free, &b, 0);
	tap_ok(waited >= 0, "one whose name nobody asks for is let go: %d ms", waited);
	ns_remove(&free);
	write_policy("q", "[Match]\\nCgroup=/nowhere/*\\n[Rules]\\nDeny=bind port 1\\n");
	must(CTL " reload");
	make(&free, "free");
	err = reach(&free, &b);
	waited = settles(&free, &b, 0);
	tap_ok(err == ECONNRESET && waited >= 500, "where a cgroup is asked for, later: %d ms",
	       waited);
	ns_remove(&free);
	end(&service);
}

/* No namespace waits for a policy that is for guests. */
static void beside_guests(void)
{
	struct service service;
	struct ns free;
	int waited;

	begin();
	write_policy("q", "[Match]\nGuest=3-4294967294\n[Namespace]\nMode=local\n");
	write_config("HoldSec=60");
	start(&service);
	make(&free, "free");
	waited = settles(&free, &b, 0);
	tap_ok(waited >= 0 && waited < LIMIT / 2, "no policy for guests holds it up: %d ms",
	       waited);
	ns_remove(&free);
	end(&service);
}

/* A service that is gone holds nobody for long. */
static void killed(void)
{
	struct service service;
	struct ns free;
	int waited;

	begin();
	write_policy("q", "[Match]\\nCgroup=/nowhere/*\\n[Rules]\\nDeny=bind port 1\\n");
	start(&service);
	make(&free, "free");
	service_end(&service, SIGKILL);
	waited = settles(&free, &b, 0);
	tap_ok(waited >= 0, "a service that is killed holds nobody for ever: %d ms", waited);
	ns_remove(&free);
	start(&service);
	make(&free, "free");
	tap_ok(service_end(&service, SIGTERM) == 0, "one that ends");
	tap_ok(reach(&free, &b) == 0, "lets go at once");
	ns_remove(&free);
}

/* In the child of one that is new: whether it stays closed, once the name has come. */
static int child_of_new(void)
{
	char path[64];
	int fd, i;

	move_to_new();
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	move_to_new();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	give_name("parent", path);
	for (i = 0; i < 60; i++) {
		if (connect_now() == 0)
			return 1;
		sleep_ms(100);
	}
	return 0;
}

static void children(void)
{
	struct service service;
	pid_t pid;

	begin();
	write_policy("p", "[Match]\\nName=parent\\n[Rules]\\nDeny=connect to anyone\\n");
	write_policy("q", "[Match]\\nCgroup=/nowhere/*\\n[Rules]\\nDeny=bind port 1\\n");
	start(&service);
	pid = fork();
	if (!pid)
		_exit(child_of_new());
	tap_ok(wait_command(pid) == 0, "what a new one makes gets the policy that it gets");
	take_name("parent");
	end(&service);
}

/* Many that come at once do not keep the service from those that come then. */
static void many(void)
{
	struct service service;
	struct timespec from, to;
	struct ns victim;
	int waited, i;

	begin();
	start(&service);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < MANY; i++)
		move_to_new();
	move_back();
	clock_gettime(CLOCK_MONOTONIC, &to);
	make(&victim, "p");
	tap_ok(reach(&victim, &b) == ECONNRESET, "after %d in %ld s one that is named is closed",
	       MANY, to.tv_sec - from.tv_sec);
	ns_remove(&victim);
	make(&victim, "free");
	waited = settles(&victim, &b, 0);
	tap_ok(waited >= 0, "and another let go: %d ms", waited);
	ns_remove(&victim);
	end(&service);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "at_once", at_once }, { "not_at_all", not_at_all },
	{ "audit", audit },	{ "let_go", let_go },
	{ "killed", killed },	{ "children", children },
	{ "many", many },	{ "beside_guests", beside_guests },
};

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc == 1 && strcmp(name, "many");
}

/* With names of cases: those alone; "many" only so. */
int main(int argc, char **argv)
{
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	must(BPFD " --detach 2>/dev/null");
	must("ip netns add first && ip netns del first");
	if (ns_init(&init))
		tap_bail("workers");
	make(&b, "b");
	start_acceptor();
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!is_wanted(cases[i].name, argc, argv))
			continue;
		tap_diag("%s", cases[i].name);
		cases[i].run();
	}
	stop(acceptor);
	must(BPFD " --detach 2>/dev/null");
	return tap_end();
}
