// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "report.h"

void pin_generation(char *path, size_t size, __u32 generation)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u", generation);
}

void pin_in_generation(char *path, size_t size, __u32 generation, const char *name)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u/%s", generation, name);
}

static bool sees_bpffs(void)
{
	struct statfs fs;

	return !statfs(BPFFS, &fs) && fs.f_type == BPF_FS_MAGIC;
}

void pin_find(void)
{
	int fd;

	if (sees_bpffs())
		return;
	fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* If it cannot be entered, what follows says what is missing. */
	if (setns(fd, CLONE_NEWNS))
		errno = 0;
	close(fd);
}

int pin_check_bpffs(void)
{
	if (sees_bpffs())
		return 0;
	return fail(ENOENT, "%s: no BPF file system there; 'mount -t bpf bpf %s' mounts it", BPFFS,
		    BPFFS);
}

int pin_open_map(const char *name)
{
	char path[PATH_MAX];

	pin_find();
	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	return bpf_obj_get(path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path) ? -errno : 0;
}

int pin_remove(const char *path)
{
	int ret = nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	if (ret == -1)
		return errno == ENOENT ? 0 : -errno;
	return ret;
}
