// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that talks over AF_VSOCK, in one static file for a guest that has no
 * libraries, and the same for its host.
 *
 *	talk listen PORT LOG	stays in the background once it listens; sends back what
 *				comes, and writes a byte to LOG for each connection
 *	talk connect CID PORT	says "ok" if what it sends comes back, else the errno's name
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#define LIMIT_S 10 /* emulated twice, two seconds are short */
#define HELLO	"hello"

static int fail(const char *what)
{
	fprintf(stderr, "talk: %s: %m\n", what);
	return 1;
}

static void echo(int fd)
{
	char data[64];
	ssize_t size;

	while ((size = recv(fd, data, sizeof(data), 0)) > 0)
		if (send(fd, data, size, MSG_NOSIGNAL) != size)
			break;
	close(fd);
}

static void serve(int listener, int log)
{
	int fd;

	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (write(log, ".", 1) != 1)
			_exit(1);
		if (fork()) {
			close(fd);
			continue;
		}
		echo(fd);
		_exit(0);
	}
	_exit(1);
}

static int do_listen(unsigned int port, const char *path)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = port };
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0), null = open("/dev/null", O_RDWR);
	int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	if (listener < 0 || null < 0 || log < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
		return fail("listen");
	if (fork())
		return 0;
	/* Whoever waits for the end of our output shall not wait for this. */
	setsid();
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	serve(listener, log);
	return 1;
}

static int say_hello(int fd)
{
	char data[sizeof(HELLO)];

	if (send(fd, HELLO, sizeof(HELLO), MSG_NOSIGNAL) != sizeof(HELLO))
		return errno;
	if (recv(fd, data, sizeof(data), MSG_WAITALL) != sizeof(data))
		return errno ?: EPIPE;
	return memcmp(data, HELLO, sizeof(data)) ? EBADMSG : 0;
}

static int do_connect(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	struct timeval limit = { .tv_sec = LIMIT_S };
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0), err;

	if (fd < 0 ||
	    setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return fail("socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		puts(strerrorname_np(errno));
		return 0;
	}
	errno = 0;
	err = say_hello(fd);
	if (err)
		printf("connected,%s\n", strerrorname_np(err));
	else
		puts("ok");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "listen"))
		return do_listen(strtoul(argv[2], NULL, 0), argv[3]);
	if (argc == 4 && !strcmp(argv[1], "connect"))
		return do_connect(strtoul(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
	fputs("usage: talk listen PORT LOG | talk connect CID PORT\n", stderr);
	return 2;
}
