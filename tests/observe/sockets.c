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

static struct said said;

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
	if (access("/proc/sys/net/vsock/ns_mode", F_OK))
		shows("^stream +connecting +one +[0-9*]+:[0-9]+ +60:9 [(]guest of one[)] ", 1,
		      "a guest, and whose");
	close(fd);
	close(device);
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
	must("ip netns add one && ip netns add two");
	enter("one");
	connections();
	kinds();
	holders();
	guests();
	options();
	meanwhile();
	many(argc > 1 ? atoi(argv[1]) : 10000);
	return tap_end();
}
