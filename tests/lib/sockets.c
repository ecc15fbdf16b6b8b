// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/tap.h"

static void enter(int netns)
{
	if (setns(netns, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
}

int socket_in(const struct ns *ns, int flags)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	if (ns)
		enter(ns->fd);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		tap_bail("socket: %s", strerror(errno));
	enter(own);
	close(own);
	return fd;
}

int bind_to(int fd, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

int listen_in(const struct ns *ns, unsigned int port)
{
	int fd = socket_in(ns, SOCK_NONBLOCK), err = bind_to(fd, VMADDR_CID_ANY, port);

	if (err || listen(fd, 128))
		tap_bail("port %u: %s", port, strerror(err ?: errno));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

int dial(int fd, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	return connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

/* By descriptor: what a gate said at once, which the socket itself does not know. */
static int refused[1024];

void dial_on(int fd, unsigned int port)
{
	int err;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	err = dial(fd, VMADDR_CID_LOCAL, port);
	if ((err != EINPROGRESS && err != ECONNRESET) ||
	    fd >= (int)(sizeof(refused) / sizeof(*refused)))
		tap_bail("connect to port %u: %s", port, strerror(err));
	refused[fd] = err == ECONNRESET ? err : 0;
}

int outcome(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int err;

	if (fd < (int)(sizeof(refused) / sizeof(*refused)) && refused[fd])
		return refused[fd];
	if (poll(&wait, 1, 30000) != 1)
		return ETIME;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) ? errno : err;
}

void await_cancelled(int fd)
{
	struct sockaddr_vm address;
	socklen_t size = sizeof(address);
	int err = outcome(fd);

	if (err != ETIMEDOUT)
		tap_bail("connect() does not give up: %s", strerror(err));
	/* Takes the lock under which both happen. */
	getsockname(fd, (struct sockaddr *)&address, &size);
}

void await_end(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLRDHUP };

	if (poll(&wait, 1, 60000) != 1)
		tap_bail("the other end does not close");
}

int accepted_by(int listener)
{
	struct pollfd wait = { .fd = listener, .events = POLLIN };
	int count = 0;

	for (; poll(&wait, 1, 100) == 1; count++)
		close(accept(listener, NULL, NULL));
	close(listener);
	return count;
}

void set_patience(int fd, int ms)
{
	struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &time, sizeof(time)))
		tap_bail("SO_VM_SOCKETS_CONNECT_TIMEOUT: %s", strerror(errno));
}
