// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <unistd.h>

#include "../../tools/guest/virtio-vsock.h"
#include "plan.h"
#include "tap.h"
#include "vms.h"

#define LIMIT_MS 5000

static struct guest guests[NAMESPACES];
static bool started[NAMESPACES];
static vms_heard *hear;

static void heard(struct guest *guest, const struct packet *packet)
{
	int op = packet->hdr.op;

	hear(guest - guests, op, packet->data, op == VIRTIO_VSOCK_OP_RW ? packet->hdr.len : 0);
}

void vms_start(int ns, vms_heard *function)
{
	int ret = guest_up(&guests[ns], -1, GUEST_CID + ns);

	if (ret)
		tap_bail("guest: %s", strerror(-ret));
	hear = function;
	guests[ns].on_packet = heard;
	started[ns] = true;
}

int vms_serve(int ns, unsigned int port)
{
	return guest_listen(&guests[ns], port, GUEST_HOLD);
}

int vms_inject(int ns, int op, unsigned int from, unsigned int to, const void *data, size_t size)
{
	struct virtio_vsock_hdr hdr = guest_header(&guests[ns], op, from, to);

	hdr.len = op == VIRTIO_VSOCK_OP_RW ? size : 0;
	hdr.flags = op == VIRTIO_VSOCK_OP_SHUTDOWN
			    ? VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND
			    : 0;
	return guest_inject(&guests[ns], &hdr, data, hdr.len);
}

int vms_send(int ns, const void *data, size_t size)
{
	struct guest_conn *conn;
	int count = 0;

	for (conn = guests[ns].conns; conn; conn = conn->next)
		count += conn->state == CONN_OPEN && !guest_send(conn, data, size, 0);
	return count;
}

static bool is_taken(struct guest *guest)
{
	struct vhost_ring *ring = &guest->vhost.tx;

	return __atomic_load_n(&ring->vring.used->idx, __ATOMIC_ACQUIRE) == ring->added &&
	       !guest->vhost.first_pending;
}

static bool settle_one(struct guest *guest)
{
	bool came = guest_pump(guest, 0) > 0;

	vhost_flush(&guest->vhost);
	return !came && is_taken(guest);
}

/* Twice quiet, with time between for the thread that serves the device. */
void vms_settle(void)
{
	int quiet = 0, tries, ns;

	for (tries = 0; quiet < 2 * NAMESPACES; tries++) {
		if (tries > LIMIT_MS * 5)
			tap_bail("guests do not come to rest");
		usleep(100);
		for (ns = 0; ns < NAMESPACES; ns++)
			quiet = !started[ns] || settle_one(&guests[ns]) ? quiet + 1 : 0;
	}
}

void vms_forget(int ns)
{
	struct guest *guest = &guests[ns];

	while (guest->conns)
		guest_reset(guest->conns);
	while (guest->listeners)
		guest_unlisten(guest, guest->listeners->port);
}
