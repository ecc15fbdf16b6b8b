// SPDX-License-Identifier: GPL-2.0-only
#include "layer/probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer/programs.h"
#include "lib/array.h"

#ifndef VMADDR_CID_LOCAL
#define VMADDR_CID_LOCAL 1
#endif

/* Long enough for a busy machine; a program that has not run by then does not run. */
#define ANSWER_MSEC 2000
#define LOOK_MSEC   5

static const struct {
	const char *start; /* of the program's name; the first that fits */
	enum probe probe;
} answers[] = {
	{ "namespace_made", PROBE_NAMESPACE },	 { "device_opened", PROBE_NODE },
	{ "device_closed", PROBE_DEVICE },	 { "device_file_freed", PROBE_SOCKET },
	{ "send_seal_", PROBE_SOCKET },		 { "receive_seal_", PROBE_SOCKET },
	{ "option_seal_", PROBE_SOCKET },	 { "shutdown_seal_", PROBE_SOCKET },
	{ "socket_gone_", PROBE_SOCKET },	 { "delivery_gate_", PROBE_SOCKET },
	{ "bind_gate_", PROBE_SOCKET },		 { "connect_gate_", PROBE_SOCKET },
	{ "peer_left_any", PROBE_CONNECTION },	 { "peer_left", PROBE_SOCKET },
	{ "packet_made", PROBE_ARRIVAL },	 { "packet_arrives_", PROBE_ARRIVAL },
	{ "listener_found_", PROBE_CONNECTION }, { "answer_accepted", PROBE_CONNECTION },
};

enum probe probe_of(const char *program)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(answers); i++)
		if (!strncmp(answers[i].start, program, strlen(answers[i].start)))
			return answers[i].probe;
	return 0;
}

/* --- What is done; each says whether it was done so that it must be seen --- */

static bool open_and_close(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int make_socket(void)
{
	/* The kernel would load the module. */
	if (access("/sys/module/vsock", F_OK))
		return -1;
	return socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static struct sockaddr_vm address_of(unsigned int cid, unsigned int port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
}

static int connect_to(int fd, unsigned int port)
{
	const struct sockaddr_vm to = address_of(VMADDR_CID_LOCAL, port);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	if (!connect(fd, (const struct sockaddr *)&to, sizeof(to)))
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&wait, 1, ANSWER_MSEC) != 1)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
		return -errno;
	return -error;
}

/* Nobody waits for data here, and none is sent: the socket is not connected. */
static void use_socket(int fd)
{
	const struct sockaddr_vm any = address_of(VMADDR_CID_LOCAL, VMADDR_PORT_ANY);
	const struct timeval limit = { .tv_sec = ANSWER_MSEC / 1000 };
	char byte = 0;

	(void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit));
	(void)bind(fd, (const struct sockaddr *)&any, sizeof(any));
	(void)send(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);
	(void)shutdown(fd, SHUT_RDWR);
}

/*
 * An answer that nobody listens shows that the request was seen. A port that nobody holds would not
 * do: on some kernels the gate answers by itself.
 */
static bool arrives_at(int holder, int client)
{
	struct sockaddr_vm own = {};
	socklen_t size = sizeof(own);

	return !getsockname(holder, (struct sockaddr *)&own, &size) &&
	       own.svm_port != VMADDR_PORT_ANY && connect_to(client, own.svm_port) == -ECONNRESET;
}

static enum probe probe_socket(void)
{
	int holder = make_socket(), client = make_socket();
	enum probe done = 0;

	if (holder >= 0 && client >= 0) {
		use_socket(holder);
		done = PROBE_SOCKET;
		use_socket(client);
		if (arrives_at(holder, client))
			done |= PROBE_ARRIVAL;
	}
	if (client >= 0)
		close(client);
	if (holder >= 0)
		close(holder);
	return done;
}

static bool connect_pair(int listener, int client)
{
	struct sockaddr_vm own = address_of(VMADDR_CID_LOCAL, VMADDR_PORT_ANY);
	socklen_t size = sizeof(own);

	if (bind(listener, (struct sockaddr *)&own, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&own, &size))
		return false;
	return !connect_to(client, own.svm_port);
}

static bool probe_connection(void)
{
	int listener = make_socket(), client = make_socket();
	bool connected = listener >= 0 && client >= 0 && connect_pair(listener, client);

	if (listener >= 0)
		close(listener);
	if (client >= 0)
		close(client);
	return connected;
}

static bool probe_namespace(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(unshare(CLONE_NEWNET) ? 1 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static enum probe probe(enum probe how)
{
	enum probe done = 0;

	if ((how & PROBE_NODE) && open_and_close("/dev/vsock"))
		done |= PROBE_NODE;
	if (how & PROBE_SOCKET)
		done |= probe_socket();
	if ((how & PROBE_DEVICE) && open_and_close("/dev/vhost-vsock"))
		done |= PROBE_DEVICE;
	if ((how & PROBE_CONNECTION) && probe_connection())
		done |= PROBE_CONNECTION;
	if ((how & PROBE_NAMESPACE) && probe_namespace())
		done |= PROBE_NAMESPACE;
	return done;
}

/* --- Which programs have run --- */

static __u64 runs_of(int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.run_cnt;
}

static int count_silent(struct probed *programs, size_t count, const __u64 *before, enum probe done)
{
	int silent = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		programs[i].silent =
			(probe_of(programs[i].name) & done) && runs_of(programs[i].fd) == before[i];
		silent += programs[i].silent;
	}
	return silent;
}

/* Some run a moment later, as a packet or the end of a socket does. */
static int wait_for_answers(struct probed *programs, size_t count, const __u64 *before,
			    enum probe done)
{
	int silent, waited;

	for (waited = 0; waited < ANSWER_MSEC; waited += LOOK_MSEC) {
		silent = count_silent(programs, count, before, done);
		if (!silent)
			return 0;
		poll(NULL, 0, LOOK_MSEC);
	}
	return count_silent(programs, count, before, done);
}

int probe_ask(struct probed *programs, size_t count, enum probe how)
{
	__u64 before[MAX_PROGRAMS];
	int stats, silent;
	size_t i;

	if (count > MAX_PROGRAMS)
		return -E2BIG;
	/* The kernel counts while somebody holds this. */
	stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (stats < 0)
		return stats;
	for (i = 0; i < count; i++)
		before[i] = runs_of(programs[i].fd);
	silent = wait_for_answers(programs, count, before, probe(how));
	close(stats);
	return silent;
}
