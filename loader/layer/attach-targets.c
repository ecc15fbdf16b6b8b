// SPDX-License-Identifier: GPL-2.0-only
/*
 * libbpf would find them, too: it reads through the types of module after module, and before
 * those of each through all of the kernel's. That takes 6 ms a loaded module and function.
 */
#include "layer/attach-targets.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"

#define PREFIX "fentry/"

static const struct target {
	const char *section, *module;
} targets[] = {
	{ PREFIX "vhost_vsock_dev_release", "vhost_vsock" },
	{ PREFIX "virtio_transport_recv_pkt", "vmw_vsock_virtio_transport_common" },
	{ PREFIX "vsock_create_connected", "vsock" },
	{ PREFIX "vsock_insert_connected", "vsock" },
	{ PREFIX "vsock_remove_sock", "vsock" },
	{ PREFIX "vsock_sk_destruct", "vsock" },
	{ PREFIX "vsock_stream_has_data", "vsock" },
};

#define TARGETS ARRAY_SIZE(targets)

static struct btf *vmlinux;
static int fds[TARGETS]; /* BTF of the module, or 0 */

static bool is_module(int fd, const char *name)
{
	char text[64] = "";
	struct bpf_btf_info info = { .name = (__u64)(unsigned long)text, .name_len = sizeof(text) };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.kernel_btf && !strcmp(text, name);
}

/* 0 if there is no such module. */
static int open_module(const char *name)
{
	__u32 id = 0;
	int fd;

	while (!bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd >= 0 && is_module(fd, name))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* Of the module's own. */
static int find_function(const struct btf *module, const char *name)
{
	const struct btf_type *type;
	__u32 id;

	for (id = btf__type_cnt(vmlinux); id < btf__type_cnt(module); id++) {
		type = btf__type_by_id(module, id);
		if (btf_is_func(type) && !strcmp(btf__name_by_offset(module, type->name_off), name))
			return id;
	}
	return -ESRCH;
}

static int find_in_module(const char *function, const char *name)
{
	struct btf *module = btf__load_module_btf(name, vmlinux);
	int id = module ? find_function(module, function) : -errno;

	btf__free(module);
	return id;
}

static int find(struct bpf_program *prog, struct bpf_prog_load_opts *options, long index)
{
	const struct target *target = &targets[index];
	const char *function = target->section + strlen(PREFIX);
	int id;

	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	if (!vmlinux)
		return -errno;
	if (!fds[index])
		fds[index] = open_module(target->module);
	/* 0 if it is built in. */
	if (fds[index])
		id = find_in_module(function, target->module);
	else
		id = btf__find_by_name_kind(vmlinux, function, BTF_KIND_FUNC);
	options->attach_btf_obj_fd = fds[index];
	options->attach_btf_id = id;
	return id < 0 ? id : 0;
}

static int attach(const struct bpf_program *prog, long index, struct bpf_link **link)
{
	*link = bpf_program__attach_trace(prog);
	return *link ? 0 : -errno;
}

int attach_targets_offer(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = find,
		    .prog_attach_fn = attach);
	static bool offered;
	size_t i;
	int ret;

	for (i = 0; !offered && i < TARGETS; i++) {
		options.cookie = i;
		ret = libbpf_register_prog_handler(targets[i].section, BPF_PROG_TYPE_TRACING,
						   BPF_TRACE_FENTRY, &options);
		if (ret < 0)
			return ret;
	}
	offered = true;
	return 0;
}

void attach_targets_forget(void)
{
	size_t i;

	btf__free(vmlinux);
	vmlinux = NULL;
	for (i = 0; i < TARGETS; i++) {
		if (fds[i])
			close(fds[i]);
		fds[i] = 0;
	}
}
