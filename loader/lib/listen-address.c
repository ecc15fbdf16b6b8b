// SPDX-License-Identifier: GPL-2.0-only
#include "lib/listen-address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- As it is written --- */

static int take_path(struct listen_address *address, const char *path)
{
	address->local.sun_family = AF_UNIX;
	strcpy(address->local.sun_path, path);
	address->size = sizeof(address->local);
	return path[1] && path[strlen(path) - 1] != '/' ? 0 : -EINVAL;
}

static int take_v4(struct listen_address *address, const char *host, in_port_t port)
{
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = port;
	address->size = sizeof(address->v4);
	return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static int take_v6(struct listen_address *address, const char *host, in_port_t port)
{
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = port;
	address->size = sizeof(address->v6);
	return inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1 ? 0 : -EINVAL;
}

static int read_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end || number > UINT16_MAX)
		return -EINVAL;
	*port = htons(number);
	return 0;
}

static int take_host(struct listen_address *address, const char *text)
{
	char host[sizeof(address->text)];
	char *colon, *bracket;
	in_port_t port;

	strcpy(host, text);
	colon = strrchr(host, ':');
	if (!colon || read_port(colon + 1, &port))
		return -EINVAL;
	*colon = '\0';
	if (*host != '[')
		return take_v4(address, host, port);
	bracket = strchr(host, ']');
	if (!bracket || bracket[1])
		return -EINVAL;
	*bracket = '\0';
	return take_v6(address, host + 1, port);
}

int listen_address_parse(struct listen_address *address, const char *text)
{
	memset(address, 0, sizeof(*address));
	if (!*text || strlen(text) >= sizeof(address->text))
		return -EINVAL;
	strcpy(address->text, text);
	return *text == '/' ? take_path(address, text) : take_host(address, text);
}

/* --- To listen --- */

static bool is_path(const struct listen_address *address)
{
	return address->any.sa_family == AF_UNIX;
}

static int new_socket(const struct listen_address *address)
{
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* Whether somebody listens at a path that is there: a killed service leaves its own. */
static int ask_path(const struct listen_address *address)
{
	int fd = new_socket(address), ret = 0;

	if (fd < 0)
		return fd;
	if (connect(fd, &address->any, address->size))
		ret = -errno;
	close(fd);
	return ret;
}

/* What is no socket, or somebody's, stays. */
static int clear_path(const struct listen_address *address)
{
	struct stat st;

	if (lstat(address->text, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (ask_path(address) != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->text) ? -errno : 0;
}

/* Everybody's, as a port is: the folder of a path says who comes to it. */
static int bind_path(int fd, const struct listen_address *address)
{
	int ret = clear_path(address);
	mode_t mask;

	if (ret)
		return ret;
	mask = umask(0111);
	ret = bind(fd, &address->any, address->size) ? -errno : 0;
	umask(mask);
	return ret;
}

/* Connections that a service of before has ended are in nobody's way. */
static int bind_port(int fd, const struct listen_address *address)
{
	int yes = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)))
		return -errno;
	return bind(fd, &address->any, address->size) ? -errno : 0;
}

int listen_address_open(const struct listen_address *address, int backlog)
{
	int fd = new_socket(address), ret;

	if (fd < 0)
		return fd;
	ret = is_path(address) ? bind_path(fd, address) : bind_port(fd, address);
	if (!ret && listen(fd, backlog))
		ret = -errno;
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

void listen_address_leave(const struct listen_address *address)
{
	if (is_path(address))
		unlink(address->text);
}
