// SPDX-License-Identifier: GPL-2.0-only
#include "layer/pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "layer/map-walk.h"
#include "lib/log.h"

const char *const pinned_maps[PINNED_MAPS + 1] = {
	PIN_NAMESPACES,
	PIN_DEVICES,
	PIN_DEVICE_SLOTS,
	PIN_SEALED,
	PIN_SEALED_NETNS,
	PIN_LINGERING_SOCKETS,
	PIN_LINGERING_PORTS,
	PIN_LINGERING_SLOTS,
	PIN_LINGERING_RECLAIMED,
	PIN_LINGERING_CLASSES,
	PIN_CALLING,
	PIN_CALLER_SLOTS,
	PIN_CALL_SLOTS,
	PIN_RULES,
	PIN_EVENTS,
	PIN_ACCEPTED,
	PIN_COUNTERS,
	PIN_TENANTS,
	PIN_STATE,
	NULL,
};

void pin_generation(char *path, size_t size, __u32 generation)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u", generation);
}

void pin_in_generation(char *path, size_t size, __u32 generation, const char *name)
{
	snprintf(path, size, PIN_DIR "/" PIN_GENERATION "%u/%s", generation, name);
}

bool pin_sees_bpffs(void)
{
	struct statfs fs;

	return !statfs(BPFFS, &fs) && fs.f_type == BPF_FS_MAGIC;
}

void enter_bpffs_mount_namespace(void)
{
	int fd;

	if (pin_sees_bpffs())
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
	if (pin_sees_bpffs())
		return 0;
	return log_error(ENOENT, "%s: no BPF file system there; '%s' mounts it", BPFFS,
			 BPFFS_MOUNT);
}

/* Of the folder itself, wherever a link of that name leads. */
static bool is_dir_ours(int dir, struct stat *st)
{
	return !fstat(dir, st) && st->st_uid == 0 && (st->st_mode & 07777) == 0700;
}

int pin_check_dir(void)
{
	int dir = open(PIN_DIR, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	struct stat st = {};
	bool ours;

	if (dir < 0)
		return errno == ENOENT ? 0 : log_errno(errno, PIN_DIR);
	ours = is_dir_ours(dir, &st);
	close(dir);
	if (ours)
		return 0;
	return log_error(
		EPERM,
		"%s is of user %u with mode %03o, not root's alone (0700): what is in it is "
		"not trusted; 'rm -r %s' removes it",
		PIN_DIR, st.st_uid, st.st_mode & 07777, PIN_DIR);
}

int pin_check_caller(void)
{
	if (geteuid())
		return log_errno(EPERM, "needs root");
	enter_bpffs_mount_namespace();
	return pin_check_dir();
}

int pin_open_map(const char *name)
{
	char path[PATH_MAX];

	enter_bpffs_mount_namespace();
	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	return bpf_obj_get(path);
}

unsigned int pin_count_entries(const char *name, unsigned int most)
{
	int map = pin_open_map(name);
	struct map_keys keys;
	unsigned int count;

	if (map < 0)
		return 0;
	map_walk(&keys, map, most);
	count = keys.count;
	map_walk_free(&keys);
	close(map);
	return count;
}

void pin_each_value(const char *name, unsigned int most, void *value,
		    void (*each)(const void *value, void *arg), void *arg)
{
	int map = pin_open_map(name);
	struct map_keys keys;
	size_t i;

	if (map < 0)
		return;
	map_walk(&keys, map, most);
	for (i = 0; i < keys.count; i++)
		if (!bpf_map_lookup_elem(map, &keys.key[i], value))
			each(value, arg);
	map_walk_free(&keys);
	close(map);
}
