// SPDX-License-Identifier: GPL-2.0-only
/*
 * What strangers do at the service's public socket: claims, floods, silence, and descriptors that
 * are slow to close. Begins with nothing attached.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/caller.h"
#include "lib/command.h"
#include "lib/control-protocol.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define CTL	 "build/vsockctl"
#define STRANGER 1000
#define BY_UID	 "setpriv --reuid=%u --regid=%u --clear-groups "

static struct ns init, old, mine, yours;
static struct service service;
static struct said said;
static char heard[PUBLIC_ANSWER_MAX + 1];

/* --- One who asks --- */

static int dial_with(int fd)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = PUBLIC_SOCKET };
	const struct timeval patience = { .tv_sec = 120 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) ? -1 : fd;
}

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static const char *hear(int fd)
{
	ssize_t size = recv(fd, heard, sizeof(heard) - 1, 0);

	if (size < 0 && errno == EAGAIN)
		tap_bail("the socket gives neither an answer nor an end");
	heard[size > 0 ? size : 0] = '\0';
	return heard;
}

static const char *ask(int fd, const char *request)
{
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	return hear(fd);
}

/* In a process of its own; what is false there is false here. */
static bool in_process(bool (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(work() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static pid_t start_process(void (*work)(void))
{
	pid_t pid = fork();

	if (!pid) {
		work();
		_exit(0);
	}
	return pid;
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool become_stranger(void)
{
	return !caller_become(&init, "stranger");
}

static bool is_child_mode(const char *netns, const char *mode)
{
	command(&said, CTL " -n %s get child_ns_mode", netns);
	return !said.status && !strncmp(said.out, mode, strlen(mode));
}

/* Another user is answered, and root by the control socket. */
static void check_others(const char *when)
{
	command(&said, BY_UID CTL " get ns_mode", 1001, 1001);
	if (!tap_ok(!said.status && !strcmp(said.out, "global\n"), "%s: another user is answered",
		    when))
		tap_said(&said);
	command(&said, CTL " reload");
	tap_ok(!said.status, "%s: so is root", when);
}

/* --- Claims --- */

/* The kernel has the credentials of connect(); those of later do not count. */
static bool grows_after_connect(void)
{
	int fd, ret = setns(yours.fd, CLONE_NEWNET) || seteuid(STRANGER);

	fd = ret ? -1 : dial_with(new_socket());
	if (fd < 0 || seteuid(0) ||
	    !strstr(ask(fd, "set child_ns_mode local"), "Permission denied"))
		return false;
	return !strcmp(ask(dial_with(new_socket()), "set child_ns_mode local"), CONTROL_OK);
}

/* A socket from inside a namespace gives no right over it. */
static bool has_a_socket(void)
{
	int fd = setns(mine.fd, CLONE_NEWNET) ? -1 : new_socket();

	if (fd < 0 || setns(init.fd, CLONE_NEWNET) || !become_stranger() || dial_with(fd) < 0)
		return false;
	return !!strstr(ask(fd, "set child_ns_mode local"), "Permission denied");
}

/* It is about the namespace of the socket, whichever its maker is in. */
static bool sets_where_he_may(void)
{
	int fd = caller_become(&mine, "owner") ? -1 : new_socket();

	if (fd < 0 || unshare(CLONE_NEWNET) || dial_with(fd) < 0)
		return false;
	return !strcmp(ask(fd, "set child_ns_mode global"), CONTROL_OK);
}

static void claims(void)
{
	tap_ok(in_process(grows_after_connect),
	       "who had no right when he connected has none later");
	tap_ok(in_process(has_a_socket), "who has a socket of a namespace has no right over it");
	tap_ok(is_child_mode("mine", "global") && is_child_mode("yours", "local"),
	       "and nothing was set but where it was allowed");
	tap_ok(in_process(sets_where_he_may), "an owner sets by a socket of his namespace");
	command(&said, CTL " list | grep -q 'mine .*(set)'");
	tap_ok(!said.status, "and sets that one");
}

/* The kernel does not count it, so its record would be one that nothing limits. */
static bool owner_of_old(void)
{
	int fd = caller_become(&old, "owner") ? -1 : dial_with(new_socket());

	return fd >= 0 && strstr(ask(fd, "set child_ns_mode local"), "root has to set it");
}

static void uncounted(void)
{
	int before = map_entries("namespaces");

	tap_ok(in_process(owner_of_old), "one that is older than the layer is root's to set");
	tap_ok(map_entries("namespaces") == before, "and has no record");
	command(&said, CTL " -n old set child_ns_mode local");
	tap_ok(!said.status && is_child_mode("old", "local"), "root does");
}

/* --- Floods --- */

#define MANY 100

static int pipe_of_flood[2];

/* Says nothing on any of them; hears who is turned away. */
static void silence(void)
{
	int fd[MANY], i, refused = 0;

	if (!become_stranger())
		return;
	for (i = 0; i < MANY; i++)
		fd[i] = dial_with(new_socket());
	for (i = 0; i < MANY; i++)
		if (fd[i] >= 0 && strstr(hear(fd[i]), "too many requests"))
			refused++;
	write(pipe_of_flood[1], &refused, sizeof(refused));
	for (i = 0; i < MANY; i++)
		fd[i] = dial_with(new_socket());
	pause();
}

static void never_reads(void)
{
	int i;

	if (!become_stranger())
		return;
	for (i = 0; i < MANY; i++)
		send(dial_with(new_socket()), "get ns_mode", 11, MSG_NOSIGNAL);
	write(pipe_of_flood[1], &i, sizeof(i));
	pause();
}

static void flood(void (*work)(void), const char *what)
{
	pid_t pid;
	int count = 0;

	if (pipe(pipe_of_flood))
		tap_bail("pipe: %s", strerror(errno));
	pid = start_process(work);
	check_others(what);
	close(pipe_of_flood[1]);
	tap_ok(read(pipe_of_flood[0], &count, sizeof(count)) == sizeof(count) && count > 0,
	       "%s: it went on as far as it was let", what);
	check_others(what);
	close(pipe_of_flood[0]);
	end_process(pid);
}

static bool says_anything(void)
{
	static const char much[4000] = "set child_ns_mode local";
	int fd = dial_with(new_socket());

	send(fd, much, sizeof(much), MSG_NOSIGNAL);
	if (strncmp(hear(fd), CONTROL_FAILED, strlen(CONTROL_FAILED)))
		return false;
	fd = dial_with(new_socket());
	send(fd, "", 0, MSG_NOSIGNAL);
	if (*hear(fd))
		return false;
	return !!strstr(ask(dial_with(new_socket()), "se"), "the service knows");
}

static bool stranger_says_anything(void)
{
	return become_stranger() && says_anything();
}

/* --- Descriptors --- */

static struct sockaddr_in sink; /* takes connections and reads nothing */

static void open_sink(void)
{
	socklen_t size = sizeof(sink);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sink = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)&sink, size) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&sink, &size))
		tap_bail("sink: %s", strerror(errno));
}

/* A socket with data that nobody reads: its last close waits for as long as it says. */
static int slow_to_close(void)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 1000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static char data[65536];

	if (connect(fd, (struct sockaddr *)&sink, sizeof(sink)))
		return -1;
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ? -1 : fd;
}

static bool send_descriptor(int to, int fd)
{
	struct iovec word = { .iov_base = "get ns_mode", .iov_len = 11 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {};
	struct msghdr message = { .msg_iov = &word,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 11;
}

/* More than it may have connections, so that also one is turned away with it. */
#define HANDED 12

/* Its end closes the socket without waiting, and leaves the last descriptor in the message. */
static bool hands_over(void)
{
	int i, fd;

	if (!become_stranger())
		return false;
	for (i = 0; i < HANDED; i++) {
		fd = slow_to_close();
		if (fd < 0 || !send_descriptor(dial_with(new_socket()), fd))
			return false;
	}
	return true;
}

static bool is_answered(unsigned int uid)
{
	int tries;

	for (tries = 0; tries < 600; tries++) {
		command(&said, BY_UID CTL " get ns_mode", uid, uid);
		if (!said.status)
			return true;
		sleep_ms(200);
	}
	return false;
}

/* The service sees none of it before the cheat has gone, so that it is the one who closes. */
static void linger(void)
{
	open_sink();
	must("pkill -STOP -P %d", service.pid);
	tap_ok(in_process(hands_over), "sockets that linger are handed over");
	must("pkill -CONT -P %d", service.pid);
	check_others("sockets that linger");
	tap_ok(is_answered(STRANGER), "and they are given up in time");
}

/* --- No socket --- */

#define CONF "/etc/vsock-bpfd/vsock-bpfd.conf"

static void check_nobody(const char *when)
{
	command(&said, BY_UID CTL " get ns_mode", 1001, 1001);
	if (!tap_ok(said.status == 1 && count_lines(said.err) == 1 &&
			    strstr(said.err, PUBLIC_SOCKET ": the service does not run"),
		    "%s there is one line that says so", when))
		tap_said(&said);
}

static void turned_off(void)
{
	must("mkdir -p /etc/vsock-bpfd && printf '[Service]\nPublicSocket=no\n' >" CONF);
	must(CTL " reload");
	check_nobody("with PublicSocket=no");
	must("rm " CONF " && " CTL " reload");
	tap_ok(is_answered(1001), "without it there is an answer again");
}

/* --- Processes that do not die --- */

#define FREEZER "/tmp/freezer"
#define FRONT	"$(pgrep -P %d)"

/*
 * A file of the stranger's own file system, sent along, keeps the process that closes it from dying
 * for as long as he likes. So does this cgroup.
 */
static void freeze(void)
{
	must("mkdir -p " FREEZER " && mount -t cgroup -o freezer none " FREEZER " && mkdir " FREEZER
	     "/it && for pid in $(pgrep -P " FRONT "); do echo $pid >" FREEZER
	     "/it/cgroup.procs; done && echo FROZEN >" FREEZER "/it/freezer.state",
	     service.pid);
}

static void thaw(void)
{
	must("echo THAWED >" FREEZER "/it/freezer.state && until rmdir " FREEZER
	     "/it; do sleep 0.2; done 2>/dev/null && umount " FREEZER);
}

static bool are_frozen(void)
{
	command(&said, "[ $(pgrep -c -P " FRONT ") -ge 8 ]", service.pid);
	return !said.status;
}

static void holds(void)
{
	int i;

	if (!become_stranger())
		return;
	for (i = 0; i < 8; i++)
		dial_with(new_socket());
	write(pipe_of_flood[1], &i, sizeof(i));
	pause();
}

static void undying(void)
{
	pid_t pid;
	int count;

	if (pipe(pipe_of_flood))
		tap_bail("pipe: %s", strerror(errno));
	pid = start_process(holds);
	close(pipe_of_flood[1]);
	if (read(pipe_of_flood[0], &count, sizeof(count)) != sizeof(count))
		tap_bail("the stranger has gone");
	close(pipe_of_flood[0]);
	check_others("before they are frozen");
	freeze();
	end_process(pid);
	flood(silence, "processes that do not die");
	tap_ok(are_frozen(), "they are there still");
	must("printf '[Service]\\nPublicSocket=no\\n' >" CONF " && timeout 60 " CTL " reload");
	thaw();
	must("rm " CONF " && " CTL " reload");
	tap_ok(is_answered(STRANGER), "and count no longer once they have died");
}

/* --- The processes of the service --- */

static void deaths(void)
{
	must("pkill -KILL -P %d", service.pid);
	tap_ok(is_answered(1001), "another process answers for one that was killed");
	tap_ok(service_end(&service, SIGKILL) == 128 + SIGKILL, "the service is killed");
	command(&said, "until ! " BY_UID CTL " get ns_mode; do sleep 0.2; done 2>/dev/null", 1001,
		1001);
	check_nobody("without the service");
}

static void make(struct ns *ns, const char *name)
{
	int err = ns_make(ns, name, &init, NS_BY_NOBODY);

	if (err)
		tap_bail("no namespace %s: %s", name, strerror(err));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("build/vsock-bpfd --detach && ip link set lo up");
	if (ns_init(&init))
		tap_bail("no workers");
	make(&old, "old");
	if (!service_start(&service))
		tap_bail("no service");
	make(&mine, "mine");
	make(&yours, "yours");
	if (!is_answered(1001))
		tap_bail("nobody answers: %s", said.err);
	claims();
	uncounted();
	tap_ok(in_process(stranger_says_anything), "what is no request is refused");
	flood(silence, "silence");
	flood(never_reads, "unread answers");
	linger();
	turned_off();
	undying();
	deaths();
	ns_remove(&old);
	ns_remove(&mine);
	ns_remove(&yours);
	return tap_end();
}
