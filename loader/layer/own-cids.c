// SPDX-License-Identifier: GPL-2.0-only
#include "layer/own-cids.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/kernel-probe.h"
#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"
#include "layer/aliases.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "lib/hash.h"
#include "lib/libbpf-log.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/rmtree.h"
#include "own-cids.skel.h"

/* Links by the names of their programs, and an empty folder whose name is the hash of the build. */
#define PIN_OWN_CIDS PIN_DIR "/own-cids"

static void build_path(char *path, size_t size)
{
	const void *bytes;
	size_t length;

	bytes = own_cids__elf_bytes(&length);
	snprintf(path, size, PIN_OWN_CIDS "/%016llx",
		 (unsigned long long)hash_bytes(HASH_START, bytes, length));
}

bool own_cids_in_force(void)
{
	enter_bpffs_mount_namespace();
	return !access(PIN_OWN_CIDS, F_OK);
}

static bool is_this_build(void)
{
	char path[PATH_MAX];

	build_path(path, sizeof(path));
	return !access(path, F_OK);
}

static int remove_pins(void)
{
	int ret = rmtree(PIN_OWN_CIDS);

	return ret ? log_errno(-ret, PIN_OWN_CIDS) : 0;
}

static int reuse(struct bpf_map *map, int fd)
{
	int ret;

	if (fd < 0)
		return fd;
	ret = bpf_map__reuse_fd(map, fd);
	close(fd);
	return ret;
}

/* What libbpf passes on of the kernel, as "unknown func", does not say why. */
static int explain_failure(int error)
{
	const char *lockdown = kernel_lockdown();

	if (strcmp(lockdown, "none"))
		return log_error(EPERM,
				 "CIDs=own: the kernel is locked down (%s), and no program may "
				 "rewrite an address; guests are called by their real CIDs",
				 lockdown);
	return log_errno(error, "CIDs=own: loading what rewrites addresses (--verbose tells more); "
				"guests are called by their real CIDs");
}

static int load(struct own_cids **skel)
{
	int ret;

	libbpf_log_start();
	*skel = own_cids__open();
	if (!*skel)
		return log_errno(errno, "BPF object");
	(*skel)->rodata->netns_has_cookie = netns_has_cookie();
	ret = reuse((*skel)->maps.aliases, aliases_open());
	if (!ret)
		ret = reuse((*skel)->maps.namespaces, pin_open_map(PIN_NAMESPACES));
	if (ret)
		return ret;
	ret = own_cids__load(*skel);
	if (!ret)
		ret = own_cids__attach(*skel);
	return ret ? explain_failure(-ret) : 0;
}

static int pin_link(struct bpf_link *link, const char *name)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), PIN_OWN_CIDS "/%s", name);
	ret = bpf_link__pin(link, path);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

static int pin_links(const struct own_cids *skel)
{
	const struct bpf_object_skeleton *all = skel->skeleton;
	const struct bpf_prog_skeleton *prog;
	int i, ret = 0;

	for (i = 0; !ret && i < all->prog_cnt; i++) {
		prog = (const void *)((const char *)all->progs + i * all->prog_skel_sz);
		ret = pin_link(*prog->link, prog->name);
	}
	return ret;
}

/* Makes the folder of the build last: it says that all links are there. */
static int pin_all(const struct own_cids *skel)
{
	char path[PATH_MAX];
	int ret;

	if (mkdir(PIN_OWN_CIDS, 0700))
		return log_errno(errno, PIN_OWN_CIDS);
	ret = pin_links(skel);
	build_path(path, sizeof(path));
	if (!ret && mkdir(path, 0700))
		ret = log_errno(errno, "%s", path);
	if (ret)
		remove_pins();
	return ret;
}

/*
 * The new programs are attached before the old ones go. Meanwhile both look at an address, and the
 * second ones find no alias in it any more.
 */
static int attach(void)
{
	struct own_cids *skel = NULL;
	int ret = load(&skel);

	if (!ret)
		ret = remove_pins();
	if (!ret)
		ret = pin_all(skel);
	own_cids__destroy(skel);
	return ret;
}

static int follow_locked(bool wanted)
{
	if (!wanted)
		return remove_pins();
	return is_this_build() ? 0 : attach();
}

int own_cids_follow(bool wanted)
{
	int lock, ret;

	if (kernel_has_modes() || !netns_records_exist() || (!wanted && !own_cids_in_force()))
		return 0;
	lock = lock_take();
	if (lock < 0)
		return lock;
	ret = follow_locked(wanted);
	lock_release(lock);
	return ret;
}
