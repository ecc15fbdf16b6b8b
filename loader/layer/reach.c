// SPDX-License-Identifier: GPL-2.0-only
#include "layer/reach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "layer/pins.h"
#include "layer/programs.h"
#include "lib/log.h"

/* The id of the map that is pinned under a name, 0 without one. */
static __u32 pinned_id(const char *name)
{
	char path[PATH_MAX];
	__u32 id;
	int fd;

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	fd = bpf_obj_get(path);
	id = link_set_map_id(fd);
	if (fd >= 0)
		close(fd);
	return id;
}

/* Whether a pinned link is of the set. */
static bool leads_to(const struct link_set *set)
{
	const struct program *program;
	struct pinned_link link;
	char path[PATH_MAX];

	for (program = programs; program->name; program++) {
		pin_in_generation(path, sizeof(path), set->generation, program->name);
		if (!link_set_read(path, set, &link) && link.of_set)
			return true;
	}
	return false;
}

int reach_find(struct reach *reach)
{
	__u32 state = pinned_id(PIN_STATE);
	int ret = 0;

	memset(reach, 0, sizeof(*reach));
	if (state)
		ret = link_set_find(&reach->own, state);
	if (!ret)
		ret = link_set_find_other(&reach->hidden, state);
	if (ret)
		return log_errno(-ret, "looking for programs in force");
	/* The map `state` alone has lost its pin, or has that of another in its place. */
	if (!reach->own.links && reach->hidden.state && leads_to(&reach->hidden)) {
		reach->own = reach->hidden;
		memset(&reach->hidden, 0, sizeof(reach->hidden));
	}
	return 0;
}

static int mounts_on_bpffs(void)
{
	FILE *file = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	int count = 0;

	if (!file)
		return 0;
	while ((entry = getmntent(file)))
		count += !strcmp(entry->mnt_dir, BPFFS);
	endmntent(file);
	return count;
}

const char *reach_why_hidden(void)
{
	if (mounts_on_bpffs() > 1)
		return "the layer is in force, and its pins are beneath another file system that "
		       "was mounted on " BPFFS "; 'umount " BPFFS "' uncovers them";
	return "the layer is in force, and its pins are not in the BPF file system that is mounted "
	       "on " BPFFS ": mount that one there again, or reboot";
}

int reach_refuse_hidden(void)
{
	struct reach reach;
	int ret = reach_find(&reach);

	if (ret || !reach.hidden.state)
		return ret;
	return log_error(EBUSY, "%s", reach_why_hidden());
}

bool reach_has_map(const struct reach *reach, const char *name)
{
	__u32 used = link_set_map_named(&reach->own, name), pinned = pinned_id(name);

	return used ? pinned == used : pinned != 0;
}

static int pin_again(const char *name, __u32 id)
{
	char path[PATH_MAX];
	int fd = bpf_map_get_fd_by_id(id), ret;

	snprintf(path, sizeof(path), PIN_DIR "/%s", name);
	if (fd < 0)
		return log_errno(-fd, "%s", path);
	unlink(path);
	ret = bpf_obj_pin(fd, path);
	close(fd);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

int reach_repair(const struct reach *reach)
{
	int i, ret, repaired = 0;
	__u32 used;

	for (i = 0; pinned_maps[i]; i++) {
		used = link_set_map_named(&reach->own, pinned_maps[i]);
		if (!used || reach_has_map(reach, pinned_maps[i]))
			continue;
		ret = pin_again(pinned_maps[i], used);
		if (ret)
			return ret;
		log_info("map %s: pinned again", pinned_maps[i]);
		repaired++;
	}
	return repaired;
}
