// SPDX-License-Identifier: GPL-2.0-only
/* `vsockctl sockets` shows all sockets, each once, with the processes that have them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/tap.h"

#define SOCKETS	   "build/vsockctl sockets"
#define PORT	   3000
#define CHURN_PORT 40000
#define READS	   40
#define MANY_TIMES 15 /* as long as with few */

#define CGROUPS "/sys/fs/cgroup"
#define SSH	"ssh -F /tmp/vsock-bpfd/ssh_config.conf -o BatchMode=yes"

static struct said said;
static bool native;

static int shown(const char *pattern)
{
	command(&said, SOCKETS " | grep -Ec -- '%s'", pattern);
	return atoi(said.out);
}

static void shows(const char *pattern, int count, const char *what)
{
	int found = shown(pattern);

	if (tap_ok(found == count, "%s", what))
		return;
	command(&said, SOCKETS);
	tap_said(&said);
}

static void enter(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		tap_bail("%s: %s", name, strerror(errno));
	close(fd);
}

static int bound(int type, unsigned int port)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = port };
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		tap_bail("port %u: %s", port, strerror(errno));
	return fd;
}

static int listening(unsigned int port)
{
	int fd = bound(SOCK_STREAM, port);

	if (listen(fd, 128))
		tap_bail("listen: %s", strerror(errno));
	return fd;
}

static int dial(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | (cid > 2 ? SOCK_NONBLOCK : 0), 0);
	struct timeval limit = { .tv_sec = 600 };

	/* A guest that never answers is still asked when somebody looks. */
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS && cid < 3)
		tap_bail("connect: %s", strerror(errno));
	return fd;
}

/* --- Each kind --- */

static void connections(void)
{
	int listener = listening(PORT), first = dial(VMADDR_CID_LOCAL, PORT);
	int accepted = accept(listener, NULL, NULL), waiting;

	waiting = dial(VMADDR_CID_LOCAL, PORT);
	shows("^stream +listening +one +[*]:3000 +- +1 ", 1,
	      "a listener, and how many it has not accepted");
	shows("^stream +connected +one +1:3000 +1:[0-9]+ .* sockets[(][0-9]+[)]$", 1, "a child");
	shows("^stream +not accepted +one +1:3000 +1:[0-9]+ .* - +-$", 1,
	      "one that nobody has accepted, which no file has");
	shows("^stream +connected +one +[*1]:[0-9]+ +1:3000 ", 2, "their peers");
	if (write(first, "12345", 5) != 5)
		tap_bail("write");
	command(&said, "uname -r | grep -q '^5[.]10'");
	if (!said.status)
		shows(" one +[*1]:[0-9]+ +1:3000 +- +- +- ", 2, "no bytes where none are known");
	else
		shows(" one +[*1]:[0-9]+ +1:3000 +- +5 +0 ", 1, "bytes, as the kernel counts them");
	close(accepted);
	close(first);
	close(waiting);
	close(listener);
}

static void kinds(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), other = bound(SOCK_STREAM, 3001);

	shows("^stream +unbound +one +- +- +- ", 1, "a socket without a port");
	shows("^stream +bound +one +[*]:3001 +- +- ", 1, "one that is bound");
	close(fd);
	close(other);
	other = socket(AF_VSOCK, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	shows("^seqpacket ", other >= 0, "SOCK_SEQPACKET, where there is that");
	if (other >= 0)
		close(other);
}

/* A second process, of another user, and a descriptor that is on its way to a third. */
static void holders(void)
{
	int fd = bound(SOCK_STREAM, 3002), pair[2], there[2], zero = 0;
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	pid_t pid;

	if (pipe2(there, O_CLOEXEC))
		tap_bail("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		if (setuid(65534))
			_exit(1);
		listening(3003);
		if (write(there[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(zero);
	}
	if (read(there[0], &byte, 1) != 1)
		tap_bail("a process of another user ends");
	shows(" one +[*]:3002 +- .* 0 +sockets[(][0-9]+[)] sockets[(][0-9]+[)]$", 1,
	      "each process that has it");
	shows(" listening +one +[*]:3003 .* 65534 +sockets[(][0-9]+[)]$", 1, "the user");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(there[0]);
	close(there[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		tap_bail("socketpair");
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	if (sendmsg(pair[0], &message, 0) != 1)
		tap_bail("sendmsg");
	close(fd);
	shows(" one +[*]:3002 +- .* -$", 1, "one that is on its way between processes");
	close(pair[0]);
	close(pair[1]);
	shows("[*]:3002 ", 0, "and not once it is closed");
}

static void guests(void)
{
	int device = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC), fd;
	__u64 cid = 60;

	if (device < 0 || ioctl(device, VHOST_VSOCK_SET_GUEST_CID, &cid))
		tap_bail("guest: %s", strerror(errno));
	fd = dial(60, 9);
	shows(native ? "^stream +connecting +one +[0-9*]+:[0-9]+ +60:9 [(]guest "
		       "sockets[[][0-9]+\\][)] "
		     : "^stream +connecting +one +[0-9*]+:[0-9]+ +60:9 "
		       "[(]guest sockets[[][0-9]+\\] of one[)] ",
	      1, "a guest, by its process, and whose where that is known");
	close(fd);
	close(device);
}

/* --- What guests are called --- */

static void says(int status, const char *words, const char *line, const char *what)
{
	command(&said, "%s", line);
	if (tap_ok(said.status == status && (strstr(said.out, words) || strstr(said.err, words)),
		   "%s", what))
		return;
	tap_said(&said);
}

static void join(pid_t pid, const char *cgroup)
{
	must("mkdir -p '" CGROUPS "/%s' && echo %d >'" CGROUPS "/%s/cgroup.procs'", cgroup, pid,
	     cgroup);
}

static pid_t start_guest(unsigned int cid)
{
	pid_t pid = start_command(
		"build/guest --cid %u --netns one listen 22 --echo >/tmp/guest-%u", cid, cid);

	must("for i in $(seq 600); do grep -q READY /tmp/guest-%u && exit; sleep 0.1; done; exit 1",
	     cid);
	return pid;
}

static void shown_by_name(void)
{
	says(0, "42\n", "build/vsockctl resolve web", "a domain's name becomes a CID");
	says(0, "\"guest_kind\": \"domain\"", "build/vsockctl --json resolve web", "as JSON");
	says(1, "no guest has this name", "build/vsockctl resolve 'w\neb'", "not another one");
	command(&said, "build/vsockctl resolve 'a\033[2Jb'");
	tap_ok(said.status == 1 && !strchr(said.err, '\033'), "which is printed without harm");
	if (native) {
		says(1, "the first policy", "build/vsockctl cids", "cids says what it needs");
		return;
	}
	says(0, "42 web one ", "build/vsockctl cids | tr -s ' '", "cids shows it");
	says(0, "\"guest\": \"web\"", "build/vsockctl --json cids", "as JSON");
	says(0, "to guest web (42) of one port 22", "build/vsockctl explain one guest web 22",
	     "explain takes it, and shows it");
	says(0, "to guest web (42) of one port 22", "build/vsockctl explain one guest 42 22",
	     "which a CID gets, too");
	says(0, "\"guest\": \"web\"", "build/vsockctl --json explain one guest 42 22", "as JSON");
	says(1, "no guest has this name", "build/vsockctl explain one guest wob 22",
	     "not any name");
}

/* The guest echoes what ssh says of itself; after that they wait for each other. */
static void by_ssh(void)
{
	must("for f in ssh_config.conf ssh-proxy; do sed -e s,@datadir@,/tmp, "
	     "-e s,@sbindir@,$PWD/build, packaging/ssh/$f.in >/tmp/vsock-bpfd/$f || exit; done; "
	     "chmod +x /tmp/vsock-bpfd/ssh-proxy");
	says(0, "remote software version OpenSSH",
	     SSH
	     " -v guest-web.vsock true 2>/tmp/ssh & pid=$!; "
	     "for i in $(seq 600); do grep 'remote software' /tmp/ssh && break; sleep 0.1; done; "
	     "kill $pid; wait $pid; :",
	     "ssh reaches it by its name");
	says(255, "no guest has this name", SSH " guest-wob.vsock true",
	     "or says that there is none");
}

/* As libvirt's daemon, which opens the device, and QEMU, which has the guest in its memory. */
static void handed_over(void)
{
	int device = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC), go[2];
	__u64 cid = 61;
	pid_t pid;
	char byte;

	if (device < 0 || ioctl(device, VHOST_VSOCK_SET_GUEST_CID, &cid) || pipe2(go, O_CLOEXEC))
		tap_bail("guest: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		if (read(go[0], &byte, 1) != 1 || ioctl(device, VHOST_SET_OWNER) ||
		    open("/tmp/owner", O_CREAT | O_CLOEXEC, 0600) < 0)
			_exit(1);
		pause();
	}
	join(getpid(), "system.slice/daemon.service");
	join(pid, "system.slice/vm.service");
	says(1, "no guest", "build/vsockctl resolve vm.service",
	     "two could run it: it has no name");
	says(1, "no guest", "build/vsockctl resolve daemon.service", "neither one's");
	if (write(go[1], "", 1) != 1)
		tap_bail("pipe");
	must("for i in $(seq 600); do [ -e /tmp/owner ] && exit; sleep 0.1; done; exit 1");
	says(0, "61\n", "build/vsockctl resolve vm.service", "it has that of the one that does");
	must("echo %d >" CGROUPS "/cgroup.procs", getpid());
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(device);
	close(go[0]);
	close(go[1]);
}

static void names(void)
{
	pid_t web = start_guest(42), other = start_guest(43);

	join(web, "machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator");
	shown_by_name();
	by_ssh();
	handed_over();
	join(other, "machine.slice/machine-qemu\\x2d2\\x2dweb.scope");
	says(1, "2 guests have this name, with the CIDs 42, 43", "build/vsockctl resolve web",
	     "a name of two is not resolved");
	kill(web, SIGKILL);
	wait_command(web);
	says(0, "43\n", "build/vsockctl resolve web", "it is once one has gone");
	kill(other, SIGKILL);
	wait_command(other);
	says(1, "no guest has this name", "build/vsockctl resolve web", "and not after the other");
	says(2, "usage", "build/vsockctl resolve", "it takes a name");
}

static void options(void)
{
	int fd = listening(3004), other = bound(SOCK_STREAM, 3005);

	command(&said, "build/vsockctl sockets --listening | grep -c :300");
	tap_ok(atoi(said.out) == 1, "listeners alone");
	command(&said, "build/vsockctl -n two sockets | grep -c :300");
	tap_ok(atoi(said.out) == 0, "those of another namespace alone");
	command(&said, "build/vsockctl -n one sockets --json | tr -d ' \\n'");
	tap_ok(strstr(said.out, "\"state\":\"listening\",\"namespace\":\"one\"") &&
		       strstr(said.out, "\"cid\":null,\"port\":3004,\"peer_cid\":null"),
	       "as JSON");
	command(&said, "setpriv --reuid 65534 --clear-groups build/vsockctl sockets");
	tap_ok(said.status == 1 && count_lines(said.err) == 1, "not without root");
	close(fd);
	close(other);
}

/* --- While others come and go --- */

/* With a pause, as whoever never sleeps leaves nothing of the processors to those who look. */
static void churn(void)
{
	unsigned int port = CHURN_PORT;
	int fds[16] = {}, i = 0, client;

	for (;; i = (i + 1) % 8) {
		if (fds[2 * i] > 0) {
			close(fds[2 * i]);
			close(fds[2 * i + 1]);
		}
		fds[2 * i] = listening(port);
		client = dial(VMADDR_CID_LOCAL, port);
		fds[2 * i + 1] = client;
		port = port == CHURN_PORT + 999 ? CHURN_PORT : port + 1;
		usleep(2000);
	}
}

/* What stays is there each time, once; no line has what no socket had. */
static void meanwhile(void)
{
	int fd = listening(PORT), client = dial(VMADDR_CID_LOCAL, PORT), i, good = 0;
	pid_t pid = fork();

	if (!pid) {
		enter("two");
		churn();
	}
	for (i = 0; i < READS; i++) {
		command(&said, SOCKETS " >/tmp/all || exit 1; "
				       "[ $(grep -c ' one ' /tmp/all) = 3 ] && "
				       "! grep -v -e '^TYPE' -e ' one ' /tmp/all | "
				       "grep -vE '^stream +[a-z ]+ two +([*1]:[0-9]+|-) "
				       "+(1:40[0-9]{3}|1:[0-9]+|-) '");
		good += !said.status;
		if (said.status)
			tap_said(&said);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tap_ok(good == READS, "%d of %d times all of what stays and nothing that never was", good,
	       READS);
	close(fd);
	close(client);
}

/* --- Many --- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* How many are shown, and how long it takes: the best of some, of a processor that others use, too.
 */
static int look(double *took)
{
	double begin;
	int i;

	*took = 1e9;
	for (i = 0; i < 3; i++) {
		begin = now();
		command(&said, SOCKETS " >/tmp/all; grep -c ' one ' /tmp/all");
		begin = now() - begin;
		*took = begin < *took ? begin : *took;
	}
	return atoi(said.out);
}

static void many(int wanted)
{
	struct rlimit limit = { 65536, 65536 };
	double few, took;
	int i, fd, found;
	pid_t pid;

	look(&few);
	pid = fork();
	if (!pid) {
		setrlimit(RLIMIT_NOFILE, &limit);
		fd = listening(PORT);
		for (i = 1; i < wanted / 2; i++)
			bound(SOCK_STREAM, 10000 + i);
		for (i = 0; i < wanted / 4; i++) {
			dial(VMADDR_CID_LOCAL, PORT);
			if (accept(fd, NULL, NULL) < 0)
				tap_bail("accept: %s", strerror(errno));
		}
		must("touch /tmp/there");
		pause();
	}
	for (i = 0; i < 600 && access("/tmp/there", F_OK); i++)
		usleep(100000);
	found = look(&took);
	tap_ok(found == wanted && took < MANY_TIMES * few,
	       "%d of %d sockets, in %.2f s; few in %.2f s", found, wanted, took, few);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* HOW MANY. */
int main(int argc, char **argv)
{
	must("modprobe -a vhost_vsock vsock_loopback");
	must("ip netns add one && ip netns add two && mkdir /tmp/vsock-bpfd");
	native = !access("/proc/sys/net/vsock/ns_mode", F_OK);
	enter("one");
	connections();
	kinds();
	holders();
	guests();
	names();
	options();
	meanwhile();
	many(argc > 1 ? atoi(argv[1]) : 10000);
	return tap_end();
}
