// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>

#include "vsock.h"

int new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(EXIT_FAILURE, "socket");
	return fd;
}

int new_listener(unsigned int port)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = port };
	int fd = new_socket(AF_VSOCK);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8))
		err(EXIT_FAILURE, "listen on port %u", port);
	return fd;
}

int try_connect(int fd, unsigned int cid, unsigned int port)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
}

void pass(int from, int to, size_t size)
{
	static char buffer[MAX_SIZE];
	size_t done = 0;
	ssize_t got;

	if (send(from, buffer, size, 0) != (ssize_t)size)
		err(EXIT_FAILURE, "send");
	while (done < size) {
		got = recv(to, buffer, size - done, 0);
		if (got <= 0)
			err(EXIT_FAILURE, "recv");
		done += got;
	}
}
