// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by who holds a socket, who makes a call, and when: a listener of theirs gets what a
 * socket of ours has sent. All but one are honest calls from the wrong side.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/sockets.h"
#include "lib/stall.h"
#include "lib/tap.h"
#include "tries.h"

#define KNOWN_FD 900
#define OLD	 64

struct door {
	int fd;
	unsigned int port;
};

static struct door their_door(void)
{
	struct door door = { .port = new_ports(1) };

	door.fd = listener(theirs, VMADDR_CID_ANY, door.port);
	if (door.fd < 0)
		tap_bail("a listener: %s", strerror(errno));
	return door;
}

static bool somebody_came(const struct door *door)
{
	return accepted(door->fd, SOON) >= 0;
}

static void enter(const struct ns *ns)
{
	if (setns(ns->fd, CLONE_NEWNET))
		_exit(1);
}

/* Runs in a process of its own, to its end. */
static void in_process(void (*work)(int fd, unsigned int port), int fd, unsigned int port)
{
	pid_t pid = fork();

	if (!pid) {
		work(fd, port);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void call_and_leave(int fd, unsigned int port)
{
	dial(fd, VMADDR_CID_LOCAL, port);
}

/* The port of the caller is not known any more when the request is judged. */
static bool connect_and_close(void)
{
	struct door door = their_door();
	int fd = keep(socket_in(ours, SOCK_NONBLOCK));

	call_and_leave(fd, door.port);
	close_now(fd);
	return somebody_came(&door);
}

/* More calls than a listener takes. */
static bool backlog_overflow(void)
{
	struct door door = their_door();
	int i;

	for (i = 0; i < 32; i++)
		call_and_leave(keep(socket_in(ours, SOCK_NONBLOCK)), door.port);
	return somebody_came(&door);
}

/* One of theirs calls from the same port at another CID, and ours gets the answer. */
static bool same_source(void)
{
	struct door door = their_door();
	unsigned int port = new_ports(1);
	int own = bound(ours, VMADDR_CID_LOCAL, port);
	int helper = bound(theirs, VMADDR_CID_HOST, port), child;
	struct stall stall;

	stall_begin(&stall);
	if (helper >= 0)
		dials(helper, VMADDR_CID_LOCAL, door.port);
	dials(own, VMADDR_CID_LOCAL, door.port);
	stall_end(&stall);
	child = accepted(door.fd, SOON);
	return child >= 0 && sends(child, "across") && receives(own, "across", SOON);
}

/* A listener that comes after the connect gate. */
static bool late_listener(void)
{
	struct door door = { .port = new_ports(1) };
	int fd = keep(socket_in(ours, SOCK_NONBLOCK));
	struct stall stall;

	stall_begin(&stall);
	call_and_leave(fd, door.port);
	door.fd = listener(theirs, VMADDR_CID_ANY, door.port);
	stall_end(&stall);
	return door.fd >= 0 && somebody_came(&door);
}

static void call_from_theirs(int fd, unsigned int port)
{
	enter(theirs);
	call_and_leave(fd, port);
}

/* The process moves, its socket does not. */
static bool by_setns(void)
{
	struct door door = their_door();

	in_process(call_from_theirs, keep(socket_in(ours, 0)), door.port);
	return somebody_came(&door);
}

static void make_and_leave(int channel, unsigned int port)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd;

	(void)port;
	enter(ours);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	sendmsg(channel, &message, 0);
}

static int receive_socket(int channel)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(channel, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		tap_bail("SCM_RIGHTS: %s", strerror(errno));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Made by a process of ours that has gone, and used by one of theirs. */
static bool by_scm_rights(void)
{
	struct door door = their_door();
	int channel[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel))
		tap_bail("socketpair: %s", strerror(errno));
	in_process(make_and_leave, channel[0], 0);
	in_process(call_from_theirs, keep(receive_socket(channel[1])), door.port);
	close(channel[0]);
	close(channel[1]);
	return somebody_came(&door);
}

static pid_t process_with_socket(void)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	if (pipe(ready))
		tap_bail("pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		enter(ours);
		fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
		_exit(dup2(fd, KNOWN_FD) != KNOWN_FD || write(ready[1], "", 1) != 1 || pause());
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		tap_bail("a process with a socket");
	close(ready[0]);
	return pid;
}

/* Taken out of a process of ours. */
static bool by_pidfd_getfd(void)
{
	struct door door = their_door();
	pid_t pid = process_with_socket();
	int process = syscall(SYS_pidfd_open, pid, 0);
	int fd = syscall(SYS_pidfd_getfd, process, KNOWN_FD, 0);

	if (fd < 0)
		tap_bail("pidfd_getfd: %s", strerror(errno));
	in_process(call_from_theirs, keep(fd), door.port);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(process);
	return somebody_came(&door);
}

static void call_in_grandchild(int fd, unsigned int port)
{
	if (!fork()) {
		call_from_theirs(fd, port);
		_exit(0);
	}
	wait(NULL);
}

/* Inherited over two processes. */
static bool by_fork(void)
{
	struct door door = their_door();
	int fd = keep(socket_in(ours, 0));

	in_process(call_in_grandchild, fd, door.port);
	return somebody_came(&door);
}

/* By a worker of io_uring, which is no process of either. */
static bool by_io_uring(void)
{
	struct door door = their_door();
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = door.port };
	struct io_uring_cqe *done;
	struct io_uring_sqe *entry;
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		tap_bail("io_uring: %s", strerror(errno));
	entry = io_uring_get_sqe(&ring);
	io_uring_prep_connect(entry, keep(socket_in(ours, 0)), (void *)&to, sizeof(to));
	entry->flags = IOSQE_ASYNC;
	io_uring_submit(&ring);
	io_uring_wait_cqe(&ring, &done);
	io_uring_queue_exit(&ring);
	return somebody_came(&door);
}

static void exec_call32(int unused, unsigned int port)
{
	char text[16];

	(void)unused;
	snprintf(text, sizeof(text), "%u", port);
	enter(ours);
	execl("build/tests/attacks/call32", "call32", text, NULL);
	_exit(1);
}

/* A static program of 32 bits, by the calls of i386. */
static bool by_call32(void)
{
	struct door door = their_door();

	in_process(exec_call32, -1, door.port);
	return somebody_came(&door);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(1);
	close(fd);
}

/* A user that has no number there makes no other one in it. */
static void become_root_of_new(void)
{
	if (unshare(CLONE_NEWUSER))
		_exit(1);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/uid_map", "0 0 1");
	write_to("/proc/self/gid_map", "0 0 1");
}

static void call_from_new(int namespaces, unsigned int port)
{
	int i;

	enter(ours);
	for (i = 0; i < namespaces; i++)
		become_root_of_new();
	if (unshare(CLONE_NEWNET))
		_exit(1);
	call_and_leave(socket(AF_VSOCK, SOCK_STREAM, 0), port);
}

/* From a namespace that is made for it: its identity was another's before, on 5.10. */
static bool by_new_namespace(void)
{
	struct door door = their_door();

	in_process(call_from_new, 0, door.port);
	return somebody_came(&door);
}

static bool by_nested_users(void)
{
	struct door door = their_door();

	in_process(call_from_new, 4, door.port);
	return somebody_came(&door);
}

static int old_callers[OLD], old_door = -1, old_count;
static unsigned int old_port;

void make_old_sockets(void)
{
	int i;

	old_port = new_ports(1);
	old_door = listen_in(theirs, old_port);
	fcntl(old_door, F_SETFL, O_NONBLOCK);
	for (i = 0; i < OLD; i++)
		old_callers[i] = socket_in(ours, SOCK_NONBLOCK);
}

/* Both ends are from before the layer knew their namespaces. */
static bool by_old_sockets(void)
{
	int fd = keep(old_callers[old_count++ % OLD]);

	call_and_leave(fd, old_port);
	return accepted(old_door, SOON) >= 0;
}

/* Modules that go and come back are other code at another place. */
static bool module_reload(void)
{
	struct door door;
	struct said said;

	tries_end();
	command(&said, "modprobe -r vhost_vsock; modprobe -r vsock_loopback; "
		       "modprobe -a vsock_loopback vhost_vsock");
	tries_prepare();
	door = their_door();
	call_and_leave(keep(socket_in(ours, SOCK_NONBLOCK)), door.port);
	return somebody_came(&door);
}

const struct attack handovers[] = {
	{ "connect-and-close", connect_and_close, "a caller that is gone", 0 },
	{ "backlog-overflow", backlog_overflow, "more calls than a listener takes", 0 },
	{ "same-source", same_source, "two calls with the same addresses", 300 },
	{ "late-listener", late_listener, "a listener behind the connect gate", 300 },
	{ "by-setns", by_setns, "a process that moves", 20000 },
	{ "by-scm-rights", by_scm_rights, "a socket that is passed", 20000 },
	{ "by-pidfd-getfd", by_pidfd_getfd, "a socket that is taken", 20000 },
	{ "by-fork", by_fork, "a socket that is inherited", 20000 },
	{ "by-io-uring", by_io_uring, "a worker that calls", 20000 },
	{ "by-32-bit-call", by_call32, "a program of 32 bits", 10000 },
	{ "by-new-namespace", by_new_namespace, "an identity that comes again", 20000 },
	{ "by-nested-users", by_nested_users, "root of nested user namespaces", 10000 },
	{ "by-old-sockets", by_old_sockets, "sockets from before", OLD },
	{ "module-reload", module_reload, "modules that come back", 10 },
	{ NULL, NULL, NULL, 0 },
};
