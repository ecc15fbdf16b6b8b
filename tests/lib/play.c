// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/play.h"
#include "lib/tap.h"

#define LIMIT_MS 60000

struct ns init_ns;

uint64_t new_cid(void)
{
	static uint64_t cid = 30000;

	return cid++;
}

void enter(const struct ns *ns)
{
	if (setns(ns->fd, CLONE_NEWNET))
		tap_bail("setns: %m");
}

int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int socket_in(const struct ns *ns)
{
	int fd;

	enter(ns);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	enter(&init_ns);
	if (fd < 0)
		tap_bail("socket: %m");
	return fd;
}

int listener_in(const struct ns *ns, unsigned int port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = port };
	int fd = socket_in(ns);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK))
		tap_bail("listen: %m");
	return fd;
}

void open_guest(struct guest *guest, const struct ns *ns)
{
	enter(ns);
	if (guest_open(guest, -1) || guest_set_owner(guest) || guest_set_up(guest))
		tap_bail("device: %m");
	enter(&init_ns);
}

int try_start(struct guest *guest, const struct ns *ns, uint64_t cid)
{
	int ret;

	open_guest(guest, ns);
	ret = guest_set_cid(guest, cid);
	ret = ret ?: guest_start(guest);
	ret = ret ?: guest_listen(guest, PORT, GUEST_HOLD);
	if (ret)
		guest_close(guest);
	return ret;
}

void start_guest(struct guest *guest, const struct ns *ns, uint64_t cid)
{
	int ret = try_start(guest, ns, cid);

	if (ret)
		tap_bail("guest %llu: %s", (unsigned long long)cid, strerror(-ret));
}

static int do_connect(void *arg)
{
	struct connecting *this = arg;
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = this->cid,
				       .svm_port = PORT };

	return connect(this->fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
}

void connect_begin(struct connecting *this, int fd, uint64_t cid)
{
	this->fd = fd;
	this->cid = cid;
	call_begin(&this->call, do_connect, this);
}

int connect_end(struct connecting *this, struct guest *guest)
{
	while (!this->call.done)
		if (guest)
			guest_pump(guest, 10);
		else
			usleep(1000);
	return call_end(&this->call);
}

int connect_to(int fd, uint64_t cid, struct guest *guest)
{
	struct connecting this;

	connect_begin(&this, fd, cid);
	return connect_end(&this, guest);
}

const char *reach(const struct ns *ns, uint64_t cid, struct guest *guest)
{
	int fd = socket_in(ns), err = connect_to(fd, cid, guest);

	close(fd);
	return err ? strerrorname_np(err) : "ok";
}

void inject(struct guest *guest, unsigned int op, unsigned int from, unsigned int to,
	    const char *data)
{
	struct virtio_vsock_hdr hdr = guest_header(guest, op, from, to);

	hdr.len = data ? strlen(data) + 1 : 0;
	if (guest_inject(guest, &hdr, data, hdr.len))
		tap_bail("inject");
}

/* Until the kernel has taken all that the guest has injected. */
void settle(struct guest *guest)
{
	struct vhost_ring *ring = &guest->vhost.tx;
	int tries;

	for (tries = 0; tries < LIMIT_MS; tries++) {
		if (__atomic_load_n(&ring->vring.used->idx, __ATOMIC_ACQUIRE) == ring->added)
			return;
		usleep(1000);
	}
	tap_bail("the kernel does not take the guest's packets");
}

unsigned int port_of(int fd)
{
	struct sockaddr_vm address = {};
	socklen_t size = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &size);
	return address.svm_port;
}
