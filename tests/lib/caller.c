// SPDX-License-Identifier: GPL-2.0-only
#include "lib/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY	 65534
#define STRANGER 1000
#define LAST_CAP 63

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

/* Once; the kernel refuses it after that. */
static int map_ids(pid_t pid, unsigned int id)
{
	char line[32];
	int err;

	snprintf(line, sizeof(line), "0 %u 1", id);
	err = write_file(pid, "gid_map", line);
	if (!err)
		err = write_file(pid, "uid_map", line);
	return err == EPERM ? 0 : err;
}

static int become_uid(unsigned int id)
{
	return setresgid(id, id, id) || setresuid(id, id, id) ? errno : 0;
}

static int enter_user_namespace(pid_t pid)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = setns(fd, CLONE_NEWUSER) ? errno : 0;
	close(fd);
	return err;
}

static int become_owner(const struct ns *ns)
{
	int err = map_ids(ns->listener.pid, NOBODY);

	if (!err)
		err = enter_user_namespace(ns->listener.pid);
	if (!err)
		err = setns(ns->fd, CLONE_NEWNET) ? errno : 0;
	return err ?: become_uid(0);
}

static int drop_capabilities(void)
{
	int cap;

	for (cap = 0; cap <= LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EINVAL)
			return errno;
	return 0;
}

static int become_user(const struct ns *ns, unsigned int id)
{
	return setns(ns->fd, CLONE_NEWNET) ? errno : become_uid(id);
}

static int become_other(const struct ns *ns)
{
	int err = become_user(ns, STRANGER);

	if (!err && (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER)))
		err = errno;
	if (!err)
		err = write_file(getpid(), "setgroups", "deny");
	return err ?: map_ids(getpid(), STRANGER);
}

int caller_become(const struct ns *ns, const char *who)
{
	int err;

	if (setgroups(0, NULL))
		return errno;
	if (!strcmp(who, "user"))
		return become_user(ns, NOBODY);
	if (!strcmp(who, "stranger"))
		return become_user(ns, STRANGER);
	if (!strcmp(who, "other"))
		return become_other(ns);
	if (strcmp(who, "owner") && strcmp(who, "capless"))
		return EINVAL;
	err = become_owner(ns);
	return err || !strcmp(who, "owner") ? err : drop_capabilities();
}
