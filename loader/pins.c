// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "report.h"

void pin_generation(char *path, size_t size, __u32 generation)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u", generation);
}

void pin_in_generation(char *path, size_t size, __u32 generation, const char *name)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u/%s", generation, name);
}

int pin_check_bpffs(void)
{
	struct statfs fs;

	if (!statfs(BPFFS, &fs) && fs.f_type == BPF_FS_MAGIC)
		return 0;
	return fail(ENOENT, "%s: no BPF file system there; 'mount -t bpf bpf %s' mounts it", BPFFS,
		    BPFFS);
}

/* The second is for those who do not see bpffs where it is mounted. */
static const char *const roots[] = { "", "/proc/1/root" };

int pin_open_map(const char *name)
{
	char path[PATH_MAX];
	int fd = -ENOENT;
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(path, sizeof(path), "%s" PIN_DIR "/%s", roots[i], name);
		fd = bpf_obj_get(path);
		if (fd != -ENOENT)
			break;
	}
	return fd;
}

FILE *pin_open_file(const char *name)
{
	char path[PATH_MAX];
	FILE *file = NULL;
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(path, sizeof(path), "%s" PIN_DIR "/%s", roots[i], name);
		file = fopen(path, "re");
		if (file || errno != ENOENT)
			break;
	}
	return file;
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
