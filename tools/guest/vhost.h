/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One device of /dev/vhost-vsock, driven as a hypervisor drives it, with the guest's
 * memory and rings in this process. Every step is a function of its own, so that
 * tests can leave one out, repeat it, or do it in another process. All return 0 or
 * -errno unless they say otherwise.
 */
#ifndef GUEST_VHOST_H
#define GUEST_VHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>

/* The header's fields are read and written as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio is little-endian");

#define VHOST_DEVICE	"/dev/vhost-vsock"
#define VHOST_RING_SIZE 64
#define PACKET_DATA_MAX 4096

struct packet {
	struct virtio_vsock_hdr hdr;
	unsigned char data[PACKET_DATA_MAX];
} __attribute__((packed));

struct vhost_ring {
	struct vring vring;
	struct packet *buffers; /* one for each descriptor */
	uint16_t added;		/* to avail, as a counter that wraps */
	uint16_t taken;		/* from used */
	int kick;
};

struct vhost_pending;

struct vhost {
	int fd;
	int call; /* both rings' eventfd: poll this for POLLIN */
	uint64_t features;
	void *memory; /* shared: a forked child can go on driving the rings */
	struct vhost_ring rx, tx;
	struct vhost_pending *first_pending, *last_pending;
};

/* Takes a descriptor of a device from elsewhere, or opens VHOST_DEVICE for -1. */
int vhost_open(struct vhost *vhost, int fd);
/* Closes the device and frees the rest; may be repeated. */
void vhost_close(struct vhost *vhost);

/* The memory the device sees is that of the caller from here on. */
int vhost_set_owner(struct vhost *vhost);
/* Features, memory table, rings; wants an owner. */
int vhost_set_up(struct vhost *vhost);
int vhost_set_cid(struct vhost *vhost, uint64_t cid);
/* The same, but the kernel reads the CID where the caller says. */
int vhost_set_cid_at(struct vhost *vhost, const volatile uint64_t *cid);
int vhost_set_running(struct vhost *vhost, bool running);

/*
 * Sends a header as it is, with size bytes of data behind it (hdr->len may say something
 * else). What finds no room in the ring waits for a later vhost_send() or vhost_flush().
 */
int vhost_send(struct vhost *vhost, const struct virtio_vsock_hdr *hdr, const void *data,
	       size_t size);
void vhost_flush(struct vhost *vhost);
/* The next packet, if one is there. */
bool vhost_receive(struct vhost *vhost, struct packet *packet);
/* Waits until the device reports something: 1, 0 for a timeout (ms, -1 is for ever), -errno. */
int vhost_wait(struct vhost *vhost, int timeout);

#endif
