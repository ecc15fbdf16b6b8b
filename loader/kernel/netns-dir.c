// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns-dir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/log.h"

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

int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	const struct names names = { .each = each, .arg = arg };

	return walk_names(&names);
}

int netns_dir_each_of(const struct netns *ns,
		      void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	const struct names names = { .inode = ns->inode, .each = each, .arg = arg };

	return walk_names(&names);
}
