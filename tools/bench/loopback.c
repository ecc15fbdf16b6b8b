// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections of one thread with itself. "connect" is the call, until the worker that
 * delivers has answered; "connection" is the whole life of one, and has in it what workers
 * do after close() too, when the thread waits the next time.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

#include "bench.h"
#include "vsock.h"

static int listener, out, in;

static void listen_here(void)
{
	listener = new_listener(PORT);
}

static void close_listener(void)
{
	close(listener);
}

static void must_connect(int fd)
{
	int ret = try_connect(fd, VMADDR_CID_LOCAL, PORT);

	if (ret)
		errx(EXIT_FAILURE, "connect: %s", strerror(-ret));
}

static cost time_connect(void)
{
	cost start, end;
	int fd = new_socket(AF_VSOCK);

	rest();
	start = now();
	must_connect(fd);
	end = now();
	close(accept(listener, NULL, NULL));
	close(fd);
	return end - start;
}

static cost time_accept(void)
{
	cost start, end;
	int fd = new_socket(AF_VSOCK), child;

	must_connect(fd);
	rest();
	start = now();
	child = accept(listener, NULL, NULL);
	end = now();
	close(child);
	close(fd);
	return end - start;
}

static cost time_connection(void)
{
	cost start = now();
	int fd = new_socket(AF_VSOCK);

	must_connect(fd);
	close(accept(listener, NULL, NULL));
	close(fd);
	return now() - start;
}

static cost time_refusal(unsigned int port)
{
	cost start, end;
	int fd = new_socket(AF_VSOCK), ret;

	rest();
	start = now();
	ret = try_connect(fd, VMADDR_CID_LOCAL, port);
	end = now();
	if (ret != -ECONNRESET)
		errx(EXIT_FAILURE, "port %u: %s", port, strerror(-ret));
	close(fd);
	return end - start;
}

static cost time_nobody(void)
{
	return time_refusal(PORT_NOBODY);
}

static cost time_refused(void)
{
	return time_refusal(PORT_STRANGER);
}

static cost time_socket(void)
{
	cost start = now(), end;
	int fd = new_socket(AF_VSOCK);

	end = now();
	close(fd);
	return end - start;
}

static cost time_bind(void)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = VMADDR_PORT_ANY };
	cost start, end;
	int fd = new_socket(AF_VSOCK);

	start = now();
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		err(EXIT_FAILURE, "bind");
	end = now();
	close(fd);
	return end - start;
}

static void connect_pair(void)
{
	listen_here();
	out = new_socket(AF_VSOCK);
	must_connect(out);
	in = accept(listener, NULL, NULL);
	if (in < 0)
		err(EXIT_FAILURE, "accept");
}

static void close_pair(void)
{
	close(in);
	close(out);
	close_listener();
}

static cost time_message(size_t size)
{
	cost start = now();

	pass(out, in, size);
	pass(in, out, size);
	return now() - start;
}

static cost time_message_1(void)
{
	return time_message(1);
}

static cost time_message_4k(void)
{
	return time_message(4096);
}

static cost time_message_64k(void)
{
	return time_message(65536);
}

/* clang-format off */
const struct operation loopback_operations[] = {
	{ "connect",		1000, time_connect,	listen_here,	close_listener },
	{ "connection",		1000, time_connection,	listen_here,	close_listener },
	{ "accept",		1000, time_accept,	listen_here,	close_listener },
	{ "nobody",		1000, time_nobody },
	{ "refused",		1000, time_refused,	NULL,		NULL,	true },
	{ "socket",		2500, time_socket },
	{ "bind",		2500, time_bind },
	{ "message-1",		1000, time_message_1,	connect_pair,	close_pair },
	{ "message-4k",		1000, time_message_4k,	connect_pair,	close_pair },
	{ "message-64k",	250, time_message_64k,	connect_pair,	close_pair },
	{ NULL },
};
/* clang-format on */
