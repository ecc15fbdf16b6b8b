// SPDX-License-Identifier: GPL-2.0-only
/* Neighbours: sockets that are none of ours, but pass some of the same hooks. */
#include <err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "vsock.h"

static int ends[2];

static cost time_socket(int family)
{
	cost start = now(), end;
	int fd = new_socket(family);

	close(fd);
	end = now();
	return end - start;
}

static cost time_tcp(void)
{
	return time_socket(AF_INET);
}

static cost time_unix(void)
{
	return time_socket(AF_UNIX);
}

static void make_pair(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		err(EXIT_FAILURE, "socketpair");
}

static void close_pair(void)
{
	close(ends[0]);
	close(ends[1]);
}

static cost time_message(size_t size)
{
	cost start = now();

	pass(ends[0], ends[1], size);
	pass(ends[1], ends[0], size);
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

/* clang-format off */
const struct operation socket_operations[] = {
	{ "tcp-socket",		2500, time_tcp },
	{ "unix-socket",	2500, time_unix },
	{ "unix-message-1",	2500, time_message_1,	make_pair,	close_pair },
	{ "unix-message-4k",	2500, time_message_4k,	make_pair,	close_pair },
	{ NULL },
};
/* clang-format on */
