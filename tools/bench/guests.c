// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest and its host in one thread (tools/guest): what the guest does in user space is
 * in the figures, with and without the layer.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>
#include <unistd.h>

#include "bench.h"
#include "virtio-vsock.h"
#include "vsock.h"

static struct guest guest;
static int listener;

static void must(int ret, const char *what)
{
	if (ret)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-ret));
}

static void start_guest(void)
{
	must(guest_up(&guest, -1, CID_GUEST), "guest");
	must(guest_listen(&guest, PORT, GUEST_ECHO), "guest's listener");
	listener = new_listener(PORT);
}

static void stop_guest(void)
{
	close(listener);
	guest_close(&guest);
}

/* What the end of a connection sends to and fro, so that the next finds none of it. */
static void settle(void)
{
	while (guest_pump(&guest, 5) > 0)
		;
}

/* From connect() until the connection is there, the guest's share included. */
static cost time_guest_connect(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;
	struct pollfd ends[] = { { .fd = fd, .events = POLLOUT },
				 { .fd = guest_fd(&guest), .events = POLLIN } };
	cost start = now(), end;

	ret = try_connect(fd, CID_GUEST, PORT);
	if (ret != -EINPROGRESS)
		errx(EXIT_FAILURE, "connect to the guest: %s", strerror(-ret));
	while (poll(ends, 2, 2000) > 0 && !ends[0].revents)
		guest_pump(&guest, 0);
	end = now();
	if (!(ends[0].revents & POLLOUT))
		errx(EXIT_FAILURE, "no connection with the guest");
	close(fd);
	settle();
	return end - start;
}

static cost time_guest_request(void)
{
	struct guest_conn *conn;
	cost start = now(), end;

	must(guest_connect(&guest, PORT, 2000, &conn), "the guest's connect");
	end = now();
	close(accept(listener, NULL, NULL));
	guest_disconnect(conn, 2000);
	settle();
	return end - start;
}

static cost time_guest_nobody(void)
{
	int fd = new_socket(AF_VSOCK), ret;
	cost start = now(), end;

	ret = try_connect(fd, CID_NOBODY, PORT);
	end = now();
	if (ret != -ENODEV)
		errx(EXIT_FAILURE, "a guest that is not there: %s", strerror(-ret));
	close(fd);
	return end - start;
}

/* clang-format off */
const struct operation guest_operations[] = {
	{ "guest-connect",	500, time_guest_connect, start_guest, stop_guest },
	{ "guest-request",	500, time_guest_request, start_guest, stop_guest },
	{ "guest-nobody",	1000, time_guest_nobody },
	{ NULL },
};
/* clang-format on */
