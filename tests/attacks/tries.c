// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sockets.h"
#include "lib/tap.h"
#include "tries.h"

#define MAX_OPEN 64

struct ns ours[1], theirs[1];

/* Sockets of one try: all are closed behind it. */
static int opened[MAX_OPEN], count;

int keep(int fd)
{
	if (count == MAX_OPEN)
		tap_bail("too many sockets in a try");
	return opened[count++] = fd;
}

void close_all(void)
{
	while (count)
		close(opened[--count]);
}

/* Closed before the others are. */
void close_now(int fd)
{
	int i;

	for (i = 0; i < count; i++)
		if (opened[i] == fd)
			opened[i] = -1;
	close(fd);
}

/* Ports that no try before has had. */
unsigned int new_ports(unsigned int number)
{
	static unsigned int next = 100000;

	next += number;
	return next - number;
}

/* A pair over loopback, of nobody's namespace; its bytes come behind all that is on its way. */
static int ping[2];

void tries_prepare(void)
{
	unsigned int port = new_ports(1);
	int door = listen_in(NULL, port);

	ping[0] = socket_in(NULL, 0);
	set_patience(ping[0], 60000);
	if (dial(ping[0], VMADDR_CID_LOCAL, port))
		tap_bail("a pair over loopback: %s", strerror(errno));
	ping[1] = accept(door, NULL, NULL);
	close(door);
}

void tries_end(void)
{
	close(ping[0]);
	close(ping[1]);
}

/* The answers to what was on its way may have sent something, too. */
void settle(void)
{
	char byte = 0;
	int i;

	for (i = 0; i < 4; i++)
		if (send(ping[0], &byte, 1, MSG_NOSIGNAL) != 1 || recv(ping[1], &byte, 1, 0) != 1)
			tap_bail("the pair that waits: %s", strerror(errno));
}

/* -1 if the port is refused, which is an end of the attack. */
int bound(const struct ns *ns, unsigned int cid, unsigned int port)
{
	int fd = keep(socket_in(ns, SOCK_NONBLOCK));

	return bind_to(fd, cid, port) ? -1 : fd;
}

int listener(const struct ns *ns, unsigned int cid, unsigned int port)
{
	int fd = bound(ns, cid, port);

	return fd < 0 || listen(fd, 8) ? -1 : fd;
}

bool becomes(int fd, short events, int ms)
{
	struct pollfd wait = { .fd = fd, .events = events };

	if (ms == SOON)
		settle();
	return poll(&wait, 1, ms) == 1 && (wait.revents & events);
}

int accepted(int listener, int ms)
{
	if (!becomes(listener, POLLIN, ms))
		return -1;
	return keep(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
}

/* Begun, and whether it was refused at once. */
bool dials(int fd, unsigned int cid, unsigned int port)
{
	int err = dial(fd, cid, port);

	return !err || err == EINPROGRESS;
}

bool sends(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

bool receives(int fd, const char *text, int ms)
{
	char got[64] = "";

	if (!becomes(fd, POLLIN, ms))
		return false;
	return recv(fd, got, sizeof(got) - 1, 0) > 0 && strstr(got, text);
}

void connect_pair(struct pair *pair, const struct ns *ns)
{
	pair->server_port = new_ports(2);
	pair->client_port = pair->server_port + 1;
	pair->listener = listener(ns, VMADDR_CID_ANY, pair->server_port);
	pair->client = bound(ns, VMADDR_CID_LOCAL, pair->client_port);
	if (pair->listener < 0 || pair->client < 0 ||
	    !dials(pair->client, VMADDR_CID_LOCAL, pair->server_port))
		tap_bail("a connection within a namespace is refused");
	pair->server = accepted(pair->listener, SURE_MS);
	if (pair->server < 0 || !becomes(pair->client, POLLOUT, SURE_MS))
		tap_bail("a connection within a namespace comes to nothing");
}

/* Whether its two ends read what the other has sent and nothing else, in both directions. */
bool is_unharmed(const struct pair *pair)
{
	static const char text[] = "good";
	char got[2][64] = { "", "" };
	bool sent = sends(pair->client, text) && sends(pair->server, text);

	if (!sent || !becomes(pair->server, POLLIN, SURE_MS) ||
	    !becomes(pair->client, POLLIN, SURE_MS))
		return false;
	return recv(pair->server, got[0], sizeof(got[0]) - 1, 0) > 0 &&
	       recv(pair->client, got[1], sizeof(got[1]) - 1, 0) > 0 && !strcmp(got[0], text) &&
	       !strcmp(got[1], text);
}
