// SPDX-License-Identifier: GPL-2.0-only
#include "layer/vhost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vhost.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "layer/map-walk.h"
#include "layer/netns-records.h"
#include "layer/pins.h"
#include "lib/log.h"
#include "vsock-bpfd.skel.h"

#define VHOST_DEVICE "/dev/vhost-vsock"

/* Our pid as the kernel has it: in a container ours is another. */
static int kernel_pid(struct vsock_bpfd *skel, __u32 *pid)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int ret = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.own_pid), &opts);

	*pid = opts.retval;
	return ret;
}

/* The record that our own open() has made. */
static __u64 own_device(int devices, __u32 pid)
{
	struct map_keys addresses;
	struct device device;
	__u64 own = 0;
	size_t i;

	map_walk(&addresses, devices, MAX_DEVICES);
	for (i = 0; !own && i < addresses.count; i++)
		if (!bpf_map_lookup_elem(devices, &addresses.key[i], &device) && device.pid == pid)
			own = addresses.key[i];
	map_walk_free(&addresses);
	return own;
}

static int run_find_offsets(struct vsock_bpfd *skel, __u64 device, __u64 cid)
{
	__u64 args[2] = { device, cid };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));
	int ret = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.find_offsets), &opts);

	if (ret)
		return ret;
	return opts.retval ? 0 : -ENXIO;
}

/*
 * By a CID that nobody has and that stands nowhere else in the device by chance. Another one if
 * somebody has it, or if a guest has come before it in the kernel's table.
 */
static int find_by_rare_cid(struct vsock_bpfd *skel, int fd, __u64 device)
{
	int tries, ret = -ENXIO;
	__u32 random;
	__u64 cid;

	for (tries = 0; tries < 16 && ret; tries++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		cid = random | 0x40000000;
		ret = ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid)
			      ? -errno
			      : run_find_offsets(skel, device, cid);
	}
	return ret;
}

int vhost_find_offsets(struct vsock_bpfd *skel, struct layer_state *state)
{
	int fd, ret;
	__u32 pid;

	if (!state->addresses.guest_table)
		return 0;
	fd = open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : log_errno(errno, VHOST_DEVICE);
	ret = kernel_pid(skel, &pid);
	if (!ret)
		ret = find_by_rare_cid(skel, fd, own_device(bpf_map__fd(skel->maps.devices), pid));
	close(fd);
	return ret ? log_errno(-ret, "layout of the module vhost_vsock") : 0;
}

/* Reading an iterator is what runs it. */
static int drain(int fd)
{
	char buffer[4096];
	ssize_t size;

	do {
		size = read(fd, buffer, sizeof(buffer));
	} while (size > 0 || (size < 0 && errno == EAGAIN));
	return size < 0 ? -errno : 0;
}

int vhost_adopt_devices(struct vsock_bpfd *skel)
{
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.adopt_devices, NULL);
	int ret = libbpf_get_error(link), fd;

	if (ret)
		return log_errno(-ret, "looking for open devices");
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : drain(fd);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return ret ? log_errno(-ret, "looking for open devices") : 0;
}

__u32 vhost_local_cid(void)
{
	unsigned int cid = VMADDR_CID_ANY;
	int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return VMADDR_CID_ANY;
	if (ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid))
		cid = VMADDR_CID_ANY;
	close(fd);
	return cid;
}

int vhost_pin_cids(struct vsock_bpfd *skel, const char *path)
{
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(skel->maps.devices) };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.cids, &opts);
	int ret = libbpf_get_error(link);

	if (ret)
		return log_errno(-ret, "attaching cids");
	ret = bpf_obj_pin(bpf_link__fd(link), path);
	bpf_link__destroy(link);
	return ret ? log_errno(-ret, "%s", path) : 0;
}

int vhost_each_cid_of(__u32 generation, void (*each)(const struct cid_line *line, void *arg),
		      void *arg)
{
	struct cid_line line;
	char path[PATH_MAX];
	FILE *file;
	int ret;

	pin_in_generation(path, sizeof(path), generation, PIN_CIDS);
	file = fopen(path, "re");
	/* A kernel without vhost_vsock has no guests. */
	if (!file)
		return errno == ENOENT ? 0 : log_errno(errno, "%s", path);
	while (fread(&line, sizeof(line), 1, file) == 1)
		each(&line, arg);
	ret = ferror(file) ? log_errno(errno, "%s", path) : 0;
	fclose(file);
	return ret;
}

int vhost_each_cid(void (*each)(const struct cid_line *line, void *arg), void *arg)
{
	struct netns_records records;
	__u32 generation;
	int ret;

	ret = netns_records_open(&records);
	if (ret)
		return ret;
	generation = records.state->generation;
	netns_records_close(&records);
	return vhost_each_cid_of(generation, each, arg);
}
