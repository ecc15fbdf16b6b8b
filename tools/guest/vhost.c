// SPDX-License-Identifier: GPL-2.0-only
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	RX,
	TX
}; /* numbers of the rings, as the specification has them */

#define PAGE	       4096
#define ROUND_UP(size) (((size) + PAGE - 1) & ~(size_t)(PAGE - 1))

/* Where things lie in the guest's memory, which begins at its address 0. */
#define VRING_BYTES  ROUND_UP(vring_size(VHOST_RING_SIZE, PAGE))
#define BUFFER_BYTES ROUND_UP(VHOST_RING_SIZE * sizeof(struct packet))
#define RING_BYTES   (VRING_BYTES + BUFFER_BYTES)
#define MEMORY_BYTES (2 * RING_BYTES)

/* A packet that found no room in the ring. */
struct vhost_pending {
	struct vhost_pending *next;
	size_t size;
	struct packet packet;
};

/* The argument is not const, though many requests only read: some write. */
static int control(struct vhost *vhost, unsigned long request, volatile void *argument)
{
	return ioctl(vhost->fd, request, argument) ? -errno : 0;
}

int vhost_open(struct vhost *vhost, int fd)
{
	memset(vhost, 0, sizeof(*vhost));
	vhost->call = vhost->rx.kick = vhost->tx.kick = -1;
	vhost->fd = fd >= 0 ? fd : open(VHOST_DEVICE, O_RDWR | O_CLOEXEC);
	return vhost->fd < 0 ? -errno : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void drop_first_pending(struct vhost *vhost)
{
	struct vhost_pending *first = vhost->first_pending;

	vhost->first_pending = first->next;
	if (!vhost->first_pending)
		vhost->last_pending = NULL;
	free(first);
}

void vhost_close(struct vhost *vhost)
{
	/* The device first: its worker must not use what goes next. */
	close_fd(&vhost->fd);
	close_fd(&vhost->call);
	close_fd(&vhost->rx.kick);
	close_fd(&vhost->tx.kick);
	while (vhost->first_pending)
		drop_first_pending(vhost);
	if (vhost->memory)
		munmap(vhost->memory, MEMORY_BYTES);
	vhost->memory = NULL;
}

int vhost_set_owner(struct vhost *vhost)
{
	return control(vhost, VHOST_SET_OWNER, NULL);
}

static int set_features(struct vhost *vhost)
{
	const uint64_t version_1 = 1ULL << VIRTIO_F_VERSION_1;
	const uint64_t wanted = version_1 | 1ULL << VIRTIO_VSOCK_F_SEQPACKET;
	uint64_t offered = 0;
	int ret;

	ret = control(vhost, VHOST_GET_FEATURES, &offered);
	if (ret)
		return ret;
	if (!(offered & version_1))
		return -EOPNOTSUPP;
	vhost->features = offered & wanted;
	return control(vhost, VHOST_SET_FEATURES, &vhost->features);
}

static int set_memory(struct vhost *vhost)
{
	union {
		struct vhost_memory table;
		char room[sizeof(struct vhost_memory) + sizeof(struct vhost_memory_region)];
	} memory = { .table.nregions = 1 };

	vhost->memory =
		mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (vhost->memory == MAP_FAILED) {
		vhost->memory = NULL;
		return -errno;
	}
	memory.table.regions[0].memory_size = MEMORY_BYTES;
	memory.table.regions[0].userspace_addr = (uintptr_t)vhost->memory;
	return control(vhost, VHOST_SET_MEM_TABLE, &memory.table);
}

static uint64_t guest_address(const struct vhost *vhost, const void *pointer)
{
	return (const char *)pointer - (const char *)vhost->memory;
}

static void offer_descriptor(struct vhost_ring *ring, uint16_t descriptor)
{
	ring->vring.avail->ring[ring->added % VHOST_RING_SIZE] = descriptor;
	ring->added++;
	__atomic_store_n(&ring->vring.avail->idx, ring->added, __ATOMIC_RELEASE);
}

static void kick(const struct vhost_ring *ring)
{
	eventfd_write(ring->kick, 1);
}

/* Kicks unless the device is looking anyway. */
static void notify(const struct vhost_ring *ring)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&ring->vring.used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY))
		kick(ring);
}

static void lay_out_ring(struct vhost *vhost, struct vhost_ring *ring, int number)
{
	char *start = (char *)vhost->memory + number * RING_BYTES;
	int i;

	vring_init(&ring->vring, VHOST_RING_SIZE, start, PAGE);
	ring->buffers = (struct packet *)(start + VRING_BYTES);
	for (i = 0; i < VHOST_RING_SIZE; i++) {
		ring->vring.desc[i].addr = guest_address(vhost, &ring->buffers[i]);
		ring->vring.desc[i].len = sizeof(struct packet);
		if (number == RX)
			ring->vring.desc[i].flags = VRING_DESC_F_WRITE;
	}
	for (i = 0; number == RX && i < VHOST_RING_SIZE; i++)
		offer_descriptor(ring, i);
}

static int tell_ring(struct vhost *vhost, const struct vhost_ring *ring, unsigned int number)
{
	struct vhost_vring_state size = { .index = number, .num = VHOST_RING_SIZE };
	struct vhost_vring_state base = { .index = number };
	struct vhost_vring_file call = { .index = number, .fd = vhost->call };
	struct vhost_vring_file kicks = { .index = number, .fd = ring->kick };
	struct vhost_vring_addr address = {
		.index = number,
		.desc_user_addr = (uintptr_t)ring->vring.desc,
		.avail_user_addr = (uintptr_t)ring->vring.avail,
		.used_user_addr = (uintptr_t)ring->vring.used,
	};
	int ret;

	ret = control(vhost, VHOST_SET_VRING_NUM, &size);
	ret = ret ?: control(vhost, VHOST_SET_VRING_BASE, &base);
	ret = ret ?: control(vhost, VHOST_SET_VRING_ADDR, &address);
	ret = ret ?: control(vhost, VHOST_SET_VRING_CALL, &call);
	return ret ?: control(vhost, VHOST_SET_VRING_KICK, &kicks);
}

static int set_ring(struct vhost *vhost, struct vhost_ring *ring, int number)
{
	ring->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->kick < 0)
		return -errno;
	lay_out_ring(vhost, ring, number);
	return tell_ring(vhost, ring, number);
}

int vhost_set_up(struct vhost *vhost)
{
	int ret;

	if (vhost->memory)
		return -EBUSY;
	vhost->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vhost->call < 0)
		return -errno;
	ret = set_features(vhost);
	ret = ret ?: set_memory(vhost);
	ret = ret ?: set_ring(vhost, &vhost->rx, RX);
	return ret ?: set_ring(vhost, &vhost->tx, TX);
}

int vhost_set_cid(struct vhost *vhost, uint64_t cid)
{
	return vhost_set_cid_at(vhost, &cid);
}

int vhost_set_cid_at(struct vhost *vhost, const volatile uint64_t *cid)
{
	return control(vhost, VHOST_VSOCK_SET_GUEST_CID, (volatile void *)cid);
}

int vhost_set_running(struct vhost *vhost, bool running)
{
	int argument = running, ret;

	ret = control(vhost, VHOST_VSOCK_SET_RUNNING, &argument);
	if (ret || !running)
		return ret;
	/* A device that does not run yet swallows kicks. */
	kick(&vhost->rx);
	kick(&vhost->tx);
	return 0;
}

/* Descriptors come back in the order in which they went: counting suffices. */
static bool has_room(struct vhost_ring *ring)
{
	ring->taken = __atomic_load_n(&ring->vring.used->idx, __ATOMIC_ACQUIRE);
	return (uint16_t)(ring->added - ring->taken) < VHOST_RING_SIZE;
}

static void put(struct vhost_ring *ring, const struct packet *packet, size_t size)
{
	uint16_t descriptor = ring->added % VHOST_RING_SIZE;

	memcpy(&ring->buffers[descriptor], packet, sizeof(packet->hdr) + size);
	ring->vring.desc[descriptor].len = sizeof(packet->hdr) + size;
	offer_descriptor(ring, descriptor);
}

void vhost_flush(struct vhost *vhost)
{
	bool any = false;

	while (vhost->first_pending && has_room(&vhost->tx)) {
		put(&vhost->tx, &vhost->first_pending->packet, vhost->first_pending->size);
		drop_first_pending(vhost);
		any = true;
	}
	if (any)
		notify(&vhost->tx);
}

static void append_pending(struct vhost *vhost, struct vhost_pending *pending)
{
	pending->next = NULL;
	if (vhost->last_pending)
		vhost->last_pending->next = pending;
	else
		vhost->first_pending = pending;
	vhost->last_pending = pending;
}

/*
 * Never waits for room: a device whose replies found no room in the rx ring stops
 * reading the tx ring, and this process is the one to empty the rx ring.
 */
int vhost_send(struct vhost *vhost, const struct virtio_vsock_hdr *hdr, const void *data,
	       size_t size)
{
	struct vhost_pending *pending;

	if (size > PACKET_DATA_MAX)
		return -EMSGSIZE;
	if (!vhost->memory)
		return -ENOTCONN;
	pending = malloc(sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	pending->packet.hdr = *hdr;
	if (size)
		memcpy(pending->packet.data, data, size);
	pending->size = size;
	append_pending(vhost, pending);
	vhost_flush(vhost);
	return 0;
}

bool vhost_receive(struct vhost *vhost, struct packet *packet)
{
	struct vhost_ring *ring = &vhost->rx;
	const struct vring_used_elem *used;
	uint32_t length;

	if (!vhost->memory ||
	    ring->taken == __atomic_load_n(&ring->vring.used->idx, __ATOMIC_ACQUIRE))
		return false;
	used = &ring->vring.used->ring[ring->taken % VHOST_RING_SIZE];
	length = used->len <= sizeof(*packet) ? used->len : sizeof(*packet);
	memset(&packet->hdr, 0, sizeof(packet->hdr));
	memcpy(packet, &ring->buffers[used->id % VHOST_RING_SIZE], length);
	if (packet->hdr.len > PACKET_DATA_MAX)
		packet->hdr.len = PACKET_DATA_MAX;
	ring->taken++;
	offer_descriptor(ring, used->id);
	notify(ring);
	return true;
}

int vhost_wait(struct vhost *vhost, int timeout)
{
	struct pollfd call = { .fd = vhost->call, .events = POLLIN };
	eventfd_t count;
	int ret;

	if (vhost->call < 0)
		return -ENOTCONN;
	ret = poll(&call, 1, timeout);
	if (ret <= 0)
		return ret ? -errno : 0;
	eventfd_read(vhost->call, &count);
	return 1;
}
