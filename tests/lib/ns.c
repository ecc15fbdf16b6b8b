// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/ns.h"

#define NOBODY 65534
#define NAMES  "/run/netns"

static int open_net(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int ns_init(struct ns *ns)
{
	int err;

	memset(ns, 0, sizeof(*ns));
	strcpy(ns->name, "init");
	ns->fd = open_net(getpid());
	if (ns->fd < 0)
		return errno;
	err = worker_start(&ns->listener);
	return err ?: worker_start(&ns->connector);
}

/* As `ip netns add` does it. */
static int give_name(const struct ns *ns)
{
	char source[64], target[64 + NS_NAME_MAX];
	int fd;

	mkdir(NAMES, 0755);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", ns->fd);
	snprintf(target, sizeof(target), NAMES "/%s", ns->name);
	fd = open(target, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	close(fd);
	return mount(source, target, NULL, MS_BIND, NULL) ? errno : 0;
}

static int become_nobody(void)
{
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return errno;
	/* Changing the user made /proc/self root's; the runner needs ns/net. */
	return prctl(PR_SET_DUMPABLE, 1) ? errno : 0;
}

static int enter_new(int parent, enum ns_maker maker)
{
	int flags = CLONE_NEWNET, err;

	if (setns(parent, CLONE_NEWNET))
		return errno;
	if (maker == NS_BY_NOBODY) {
		err = become_nobody();
		if (err)
			return err;
		flags |= CLONE_NEWUSER;
	}
	return unshare(flags) ? errno : 0;
}

struct birth {
	int err;
	pid_t second;
};

/*
 * The second worker is forked inside, so that it is there as the same user with
 * the same rights; CLONE_PARENT makes it the runner's child all the same.
 */
static pid_t fork_sibling(void)
{
	return syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
}

/* In the first worker's process: make the namespace, then serve in it. */
static void settle(int parent, enum ns_maker maker, const int channels[2])
{
	struct birth birth = { .err = enter_new(parent, maker) };

	if (!birth.err) {
		birth.second = fork_sibling();
		if (!birth.second)
			worker_serve(channels[1]);
		if (birth.second < 0)
			birth.err = errno;
	}
	send(channels[0], &birth, sizeof(birth), MSG_NOSIGNAL);
	if (birth.err)
		_exit(1);
	worker_serve(channels[0]);
}

static int open_channels(struct ns *ns, int theirs[2])
{
	int pair[2][2], i;

	for (i = 0; i < 2; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair[i]))
			return errno;
		theirs[i] = pair[i][1];
	}
	ns->listener.channel = pair[0][0];
	ns->connector.channel = pair[1][0];
	return 0;
}

static int start_workers(struct ns *ns, int parent, enum ns_maker maker)
{
	struct birth birth = {};
	int theirs[2] = { -1, -1 }, err;

	err = open_channels(ns, theirs);
	if (err)
		return err;
	ns->listener.pid = fork();
	if (ns->listener.pid < 0)
		return errno;
	if (!ns->listener.pid) {
		close(ns->listener.channel);
		close(ns->connector.channel);
		settle(parent, maker, theirs);
	}
	close(theirs[0]);
	close(theirs[1]);
	if (recv(ns->listener.channel, &birth, sizeof(birth), 0) != sizeof(birth))
		return EPIPE;
	ns->connector.pid = birth.second;
	return birth.err;
}

int ns_make(struct ns *ns, const char *name, const struct ns *parent, enum ns_maker maker)
{
	int err;

	memset(ns, 0, sizeof(*ns));
	ns->fd = -1;
	snprintf(ns->name, sizeof(ns->name), "%s", name);
	err = start_workers(ns, parent->fd, maker);
	if (err)
		return err;
	ns->fd = open_net(ns->listener.pid);
	if (ns->fd < 0)
		return errno;
	return give_name(ns);
}

void ns_remove(struct ns *ns)
{
	char path[64 + NS_NAME_MAX];

	worker_stop(&ns->listener);
	worker_stop(&ns->connector);
	if (ns->fd >= 0)
		close(ns->fd);
	ns->fd = -1;
	snprintf(path, sizeof(path), NAMES "/%s", ns->name);
	umount2(path, MNT_DETACH);
	unlink(path);
}
