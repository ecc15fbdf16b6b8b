// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/trusted-path.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define OWN_NETNS "/proc/self/ns/net"

/* The cookie of the namespace the caller is in; -ENOPROTOOPT where the kernel tells none. */
static int own_cookie(netns_id *cookie)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;
	socklen_t size = sizeof(*cookie);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &size))
		ret = -errno;
	close(fd);
	return ret;
}

/* Fatal if unknown: with the wrong kind of identity no record would be found, and all be open. */
bool netns_has_cookie(void)
{
	static int known = -1;
	netns_id cookie;
	int ret;

	if (known >= 0)
		return known;
	ret = own_cookie(&cookie);
	if (ret && ret != -ENOPROTOOPT) {
		errno = -ret;
		err(EXIT_FAILURE, "identity of the network namespace");
	}
	known = !ret;
	return known;
}

int netns_run(const struct netns *ns, int (*work)(void *arg), void *arg)
{
	int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC), ret;

	if (own < 0)
		return -errno;
	if (setns(ns->fd, CLONE_NEWNET)) {
		ret = -errno;
		close(own);
		return ret;
	}
	ret = work(arg);
	/* Going on in a foreign namespace would be worse than ending here. */
	if (setns(own, CLONE_NEWNET))
		err(EXIT_FAILURE, "coming back from another network namespace");
	close(own);
	return ret;
}

static int learn_cookie(void *cookie)
{
	return own_cookie(cookie);
}

static int learn_identity(struct netns *ns)
{
	struct stat st;

	if (fstat(ns->fd, &st))
		return -errno;
	ns->inode = st.st_ino;
	ns->id = st.st_ino;
	if (!netns_has_cookie())
		return 0;
	return netns_run(ns, learn_cookie, &ns->id);
}

/* 1, 0 if it is something else, or -errno. */
static int is_netns(int fd)
{
	struct statfs fs;
	int type;

	if (fstatfs(fd, &fs))
		return -errno;
	if (fs.f_type != NSFS_MAGIC)
		return 0;
	type = ioctl(fd, NS_GET_NSTYPE);
	return type < 0 ? -errno : type == CLONE_NEWNET;
}

int netns_try(struct netns *ns, const char *path)
{
	int ret;

	ns->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (ns->fd < 0)
		return -errno;
	ret = is_netns(ns->fd);
	if (ret >= 0)
		ret = ret ? learn_identity(ns) : -EINVAL;
	if (ret)
		netns_close(ns);
	return ret;
}

int netns_try_trusted(struct netns *ns, const char *path)
{
	int fd = trusted_path_open(path), ret;
	char file[64];

	if (fd < 0)
		return fd;
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	ret = netns_try(ns, file);
	close(fd);
	return ret;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static int open_pid(struct netns *ns, const char *pid)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	ret = netns_try(ns, path);
	if (ret == -ENOENT)
		return log_errno(ESRCH, "pid %s", pid);
	return ret ? log_errno(-ret, "pid %s", pid) : 0;
}

static int open_file(struct netns *ns, const char *path)
{
	int ret = netns_try(ns, path);

	if (ret == -EINVAL)
		return log_error(EINVAL, "%s: not a network namespace", path);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

static int open_name(struct netns *ns, const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	ret = netns_try(ns, path);
	if (ret == -ENOENT && is_number(name))
		return open_pid(ns, name);
	if (ret == -ENOENT)
		return log_error(ENOENT,
				 "%s: no such network namespace ('ip netns list' shows the names)",
				 name);
	if (ret == -EINVAL)
		return log_error(EINVAL, "%s: not a network namespace", path);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

int netns_open(struct netns *ns, const char *what)
{
	if (!what)
		return open_file(ns, OWN_NETNS);
	if (strchr(what, '/'))
		return open_file(ns, what);
	if (!*what || !strcmp(what, ".") || !strcmp(what, ".."))
		return log_error(EINVAL, "'%s': not a name of a network namespace", what);
	return open_name(ns, what);
}

int netns_open_named(struct netns *ns, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	return netns_try(ns, path);
}

int netns_open_init(struct netns *ns)
{
	return open_file(ns, "/proc/1/ns/net");
}

void netns_close(struct netns *ns)
{
	if (ns->fd >= 0)
		close(ns->fd);
	ns->fd = -1;
}
