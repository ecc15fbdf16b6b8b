// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns.h"

#include <ctype.h>
#include <dirent.h>
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

#define MAX_LINKS 40

/* A walk to a file along folders that only root can change. */
struct walk {
	int fd;		     /* of where it has come to */
	char rest[PATH_MAX]; /* what is still to go */
	int links;
};

static int check_folder(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

static int go_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int go_to_root(struct walk *walk)
{
	return go_to(walk, open("/", O_PATH | O_CLOEXEC));
}

/* What it says comes before the rest. The link at `fd` is in a folder of root's, so its own. */
static int follow_link(struct walk *walk, int fd)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	strcpy(rest, walk->rest);
	if (snprintf(walk->rest, sizeof(walk->rest), "%s/%s", target, rest) >=
	    (int)sizeof(walk->rest))
		return -ENAMETOOLONG;
	return *target == '/' ? go_to_root(walk) : 0;
}

/* The next word of the rest; none is left if it is empty. */
static void cut_word(struct walk *walk, char word[PATH_MAX])
{
	char *begin = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(begin, "/");

	memcpy(word, begin, length);
	word[length] = '\0';
	memmove(walk->rest, begin + length, strlen(begin + length) + 1);
}

static int step(struct walk *walk, const char *word)
{
	struct stat st;
	int ret = check_folder(walk->fd), fd;

	if (ret)
		return ret;
	fd = openat(walk->fd, word, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && !S_ISLNK(st.st_mode))
		return go_to(walk, fd);
	ret = follow_link(walk, fd);
	close(fd);
	return ret;
}

/* A descriptor that names the file and no more, or -errno. */
static int walk_to(const char *path)
{
	struct walk walk = { .fd = -1 };
	char word[PATH_MAX];
	int ret;

	if (*path != '/' || strlen(path) >= sizeof(walk.rest))
		return -EINVAL;
	strcpy(walk.rest, path);
	ret = go_to_root(&walk);
	for (cut_word(&walk, word); !ret && *word; cut_word(&walk, word))
		ret = step(&walk, word);
	if (!ret)
		return walk.fd;
	if (walk.fd >= 0)
		close(walk.fd);
	return ret;
}

int netns_check_folder(const char *path)
{
	int fd = walk_to(path), ret;

	if (fd < 0)
		return fd;
	ret = check_folder(fd);
	close(fd);
	return ret;
}

int netns_try_trusted(struct netns *ns, const char *path)
{
	int fd = walk_to(path), ret;
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

/* What a walk over /run/netns calls each() for: this inode, or all if it is 0. */
struct names {
	__u32 inode;
	void (*each)(const char *name, const struct netns *ns, void *arg);
	void *arg;
};

/* What cannot be looked at is for netns_open_named() to judge. */
static bool is_another(const struct names *names, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	return names->inode && !stat(path, &st) && st.st_ino != names->inode;
}

/*
 * Skips a name that is gone meanwhile, or that nothing is mounted on. One that cannot be read is an
 * error: skipped, it would be without its policy.
 */
static int try_name(const struct names *names, const char *name)
{
	struct netns ns;
	int ret;

	if (*name == '.' || is_another(names, name))
		return 0;
	ret = netns_open_named(&ns, name);
	if (ret == -ENOENT || ret == -EINVAL || ret == -EACCES)
		return 0;
	if (ret)
		return log_errno(-ret, NETNS_DIR "/%s", name);
	names->each(name, &ns, names->arg);
	netns_close(&ns);
	return 0;
}

static int walk_names(const struct names *names)
{
	struct dirent **entries;
	int count, i, ret = 0;

	count = scandir(NETNS_DIR, &entries, NULL, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : log_errno(errno, NETNS_DIR);
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = try_name(names, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int netns_each_name(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	const struct names names = { .each = each, .arg = arg };

	return walk_names(&names);
}

int netns_each_name_of(const struct netns *ns,
		       void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	const struct names names = { .inode = ns->inode, .each = each, .arg = arg };

	return walk_names(&names);
}
