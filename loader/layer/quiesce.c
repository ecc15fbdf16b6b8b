// SPDX-License-Identifier: GPL-2.0-only
#include "layer/quiesce.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/types.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "kernel/kmod.h"
#include "lib/log.h"

#ifndef VMADDR_CID_LOCAL
#define VMADDR_CID_LOCAL 1
#endif

/* Long enough for a busy machine; whoever blocks the worker must not block the loader. */
#define LOOPBACK_SEC 10

/* For it where it cannot be asked, as no such socket may be made. */
#define LOOPBACK_USEC 100000

/* A map of maps: an update returns only when no program uses the old value (since 4.19). */
int quiesce_open(struct quiesce *quiesce)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);

	quiesce->outer = -1;
	quiesce->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "quiesce_inner", 4, 4, 1, NULL);
	if (quiesce->inner >= 0) {
		options.inner_map_fd = quiesce->inner;
		quiesce->outer =
			bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "quiesce", 4, 4, 1, &options);
	}
	return quiesce->outer < 0 ? log_errno(errno, "a BPF map to wait with") : 0;
}

void quiesce_close(struct quiesce *quiesce)
{
	if (quiesce->outer >= 0)
		close(quiesce->outer);
	if (quiesce->inner >= 0)
		close(quiesce->inner);
}

int quiesce_programs(const struct quiesce *quiesce)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(quiesce->outer, &zero, &quiesce->inner, BPF_ANY))
		return log_errno(errno, "waiting for BPF programs");
	return 0;
}

/* A port of our own, at which nobody listens. */
static bool hold_port(int fd, struct sockaddr_vm *own)
{
	socklen_t size = sizeof(*own);

	*own = (struct sockaddr_vm){
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_LOCAL,
		.svm_port = VMADDR_PORT_ANY,
	};
	return !bind(fd, (const struct sockaddr *)own, size) &&
	       !getsockname(fd, (struct sockaddr *)own, &size);
}

static bool call_own(int holder, int fd)
{
	const struct timeval limit = { .tv_sec = LOOPBACK_SEC };
	struct sockaddr_vm own;

	if (holder < 0 || fd < 0 || !hold_port(holder, &own))
		return false;
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit));
	(void)connect(fd, (const struct sockaddr *)&own, sizeof(own));
	return true;
}

/*
 * One worker of the kernel delivers all of it, in order: when it says that nobody listens, it has
 * delivered what was before that. A call to a port that nobody holds may not get as far.
 */
void quiesce_loopback(void)
{
	int holder, fd;

	if (!module_present("vsock_loopback"))
		return;
	holder = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!call_own(holder, fd))
		usleep(LOOPBACK_USEC);
	if (fd >= 0)
		close(fd);
	if (holder >= 0)
		close(holder);
}
