// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "../../tools/guest/virtio-vsock.h"
#include "plan.h"
#include "tap.h"
#include "vms.h"

#define LIMIT_MS     20000
#define NOBODYS_PORT 0x90000000

static struct guest guests[NAMESPACES];
static bool active[NAMESPACES], answered[NAMESPACES];
static uint32_t asked = NOBODYS_PORT;
static vms_heard *hear;

static void heard(struct guest *guest, const struct packet *packet)
{
	int op = packet->hdr.op;

	if (packet->hdr.src_port == NOBODYS_PORT) {
		answered[guest - guests] = packet->hdr.dst_port == asked;
		return;
	}
	hear(guest - guests, op, packet->data, op == VIRTIO_VSOCK_OP_RW ? packet->hdr.len : 0);
}

void vms_start(int ns, vms_heard *function)
{
	int ret = guest_up(&guests[ns], -1, GUEST_CID + ns);

	if (ret)
		tap_bail("guest: %s", strerror(-ret));
	hear = function;
	guests[ns].on_packet = heard;
}

void vms_take_part(int ns, bool part)
{
	active[ns] = part;
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

/* A request to a port where nobody listens: its answer comes behind all that the host sent before.
 */
static void ask(int ns)
{
	struct virtio_vsock_hdr hdr;
	int waited;

	hdr = guest_header(&guests[ns], VIRTIO_VSOCK_OP_REQUEST, ++asked, NOBODYS_PORT);
	answered[ns] = false;
	if (guest_inject(&guests[ns], &hdr, NULL, 0))
		tap_bail("inject: %m");
	for (waited = 0; !answered[ns] && waited < LIMIT_MS; waited += 10)
		guest_pump(&guests[ns], 10);
	if (!answered[ns])
		tap_bail("the host does not answer a guest");
}

/* Twice, as what they hear of the host may have made them send something. */
void vms_settle(void)
{
	int round, ns;

	for (round = 0; round < 2; round++)
		for (ns = 0; ns < NAMESPACES; ns++)
			if (active[ns])
				ask(ns);
}

void vms_forget(int ns)
{
	struct guest *guest = &guests[ns];

	while (guest->conns)
		guest_reset(guest->conns);
	while (guest->listeners)
		guest_unlisten(guest, guest->listeners->port);
}
