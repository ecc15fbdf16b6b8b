/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet that a task delivers now. Everything from its arrival to the gate that judges it runs
 * in that task, so it is recorded by task.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "devices.h"
#include "kernel.h"
#include "netns.h"
#include "state.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded" /* see bpf/maps.h */

/* A packet that a task delivers: a request, or the answer to one. */
struct packet {
	struct end origin; /* its sender */
	netns_id listener; /* that a request has found, NETNS_NONE until then */
	__u64 sender;	   /* tells answers apart: their socket, on 5.10 see origin-by-address.h */
	__u64 device;	   /* of the guest that sent it, or 0: the origin is the device's owner */
	__u64 ports;	   /* address of its ports while they have not been read, else 0 */
	__u32 port;	   /* destination */
	enum packet_kind {
		REQUEST = 1,
		ANSWER = 2,
		UNDETERMINED = REQUEST | ANSWER, /* the next hook tells */
		CONSUMED = 4,			 /* a gate has judged it */
		LEAVING = 8,			 /* the end of a connection */
	} kind;
};

/*
 * The last request that was judged: its origin, the epoch of its verdict, and the sender of its
 * answer.
 */
struct judged_request {
	netns_id caller;
	__u64 child;
	__u32 verdict_epoch;
	__u32 unused;
};

/* What is not written with each packet. */
struct delivering_task {
	__u64 device;	  /* that a vhost worker works for, all of its life; 0 until it was found */
	__u32 tid;	  /* 0 in task storage, which cannot be another task's */
	__u32 lost_epoch; /* value of lost_epoch when the packet was recorded */
};

/* Three lifetimes: the packet, the last judged request, the task. */
struct delivery {
	struct packet packet;
	struct judged_request judged;
	struct delivering_task task;
};

#pragma GCC diagnostic pop

/* Deliveries in storage of the tasks, freed with them. Where packets carry sockets. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct delivery);
} delivery_storage SEC(".maps");

/*
 * Deliveries where tasks have no storage (5.10), and of tasks that could not get any. LRU removes
 * the oldest, which are those of tasks that have exited; a request whose record is lost is refused.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct delivery);
} delivery_by_tid SEC(".maps");

/*
 * The delivery of a loopback packet. One is enough: from 5.10 to 7.3 all loopback packets of a
 * machine pass through one work item, which the kernel never runs twice at a time. Only its task
 * writes here.
 */
static __u64 loopback_task;
static struct delivery loopback;

static __always_inline bool is_delivering_loopback(void)
{
	return bpf_get_current_task() == loopback_task;
}

/* Counts packets that could not be recorded. Each makes all earlier records void. */
static __u32 lost_epoch;

/* Whether storage was ever refused to a task. From 7.0 on that can happen at any time. */
static bool storage_failed;

/* Kernels whose packets carry sockets have task storage, too. */
static __always_inline struct delivery *storage_of_task(__u64 flags)
{
	return bpf_task_storage_get(&delivery_storage, bpf_get_current_task_btf(), NULL, flags);
}

static __always_inline struct delivery *delivery_of_guest(void)
{
	struct delivery *delivery;
	__u32 tid;

	if (packets_carry_socket) {
		delivery = storage_of_task(0);
		if (delivery || !storage_failed)
			return delivery;
	}
	tid = current_tid();
	return bpf_map_lookup_elem(&delivery_by_tid, &tid);
}

static __always_inline struct delivery *map_delivery(void)
{
	static const struct delivery none;
	struct delivery *delivery;
	__u32 tid = current_tid();

	bpf_map_update_elem(&delivery_by_tid, &tid, &none, BPF_ANY);
	delivery = bpf_map_lookup_elem(&delivery_by_tid, &tid);
	if (delivery)
		delivery->task.tid = tid;
	return delivery;
}

static __always_inline struct delivery *make_delivery(void)
{
	struct delivery *delivery;

	if (packets_carry_socket) {
		delivery = storage_of_task(BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (delivery)
			return delivery;
		storage_failed = true;
	}
	return map_delivery();
}

/* The argument of a vhost kernel thread leads to the device that it works for. */
static __always_inline __u64 device_of_thread(void)
{
	void *data = kthread_data();
	struct vhost_worker *worker = data;

	if (bpf_core_field_exists(worker->dev))
		data = BPF_CORE_READ(worker, dev);
	return (__u64)data;
}

/*
 * A worker that is a thread of the VMM has no such argument. The device with the CID is its own if
 * the device names this thread as its worker.
 */
static __always_inline __u64 device_of_worker(__u32 cid)
{
	__u64 address = first_device_of(cid);
	struct vhost_vsock *vsock = (void *)address;
	struct task_struct *worker;

	if (!vsock || !bpf_core_field_exists(vsock->vqs[0].worker))
		return 0;
	worker = BPF_CORE_READ(vsock, vqs[0].worker, vtsk, task);
	return worker == (void *)bpf_get_current_task() ? address : 0;
}

/* The device of the current task, which is a vhost worker. */
static __always_inline __u64 find_own_device(__u32 cid)
{
	return is_user_worker() ? device_of_worker(cid) : device_of_thread();
}

/*
 * The device of the guest that sent the current packet. The CID does not identify it: another
 * device can take the CID while packets are on their way and while the first device closes.
 */
static __always_inline __u64 device_of_sender(struct delivery *delivery, __u32 cid)
{
	/* A record in the map may have been another task's. */
	if (delivery->task.tid)
		return find_own_device(cid);
	if (!delivery->task.device)
		delivery->task.device = find_own_device(cid);
	return delivery->task.device;
}

/* `kind` is written last: an incomplete record has no listener. */
static __always_inline void begin_delivery(struct delivery *delivery, enum packet_kind kind,
					   const struct end *origin, __u32 port)
{
	delivery->packet.origin = *origin;
	delivery->packet.listener = NETNS_NONE;
	delivery->packet.ports = 0;
	delivery->packet.port = port;
	delivery->packet.kind = kind;
}

static __always_inline void loopback_arrives(enum packet_kind kind, netns_id origin, __u32 from,
					     __u32 to)
{
	loopback_task = bpf_get_current_task();
	loopback.packet.origin.netns = origin;
	loopback.packet.origin.port = from;
	loopback.packet.listener = NETNS_NONE;
	loopback.packet.port = to;
	loopback.packet.kind = kind;
}

/*
 * A packet that carries its socket. Its ports are read later, and only if the namespaces do not
 * decide.
 */
static __always_inline void loopback_packet(enum packet_kind kind, struct sock *sk,
					    const void *header)
{
	loopback_task = bpf_get_current_task();
	loopback.packet.origin.netns = netns_of_sock(sk);
	loopback.packet.sender = (__u64)sk;
	loopback.packet.listener = NETNS_NONE;
	loopback.packet.ports = (__u64)header + offsetof(struct virtio_vsock_hdr, ports);
	loopback.packet.kind = kind;
}

/*
 * A reset in the name of no socket, because its receiver's peer has gone. It carries none, like the
 * packet of a guest, but no guest can claim to be CID LOCAL.
 */
static __always_inline void loopback_resets(void)
{
	loopback_task = bpf_get_current_task();
	loopback.packet.origin.netns = NETNS_UNKNOWN;
	loopback.packet.sender = 0;
	loopback.packet.listener = NETNS_NONE;
	loopback.packet.ports = 0;
	loopback.packet.kind = LEAVING;
}

/*
 * A packet from a guest, or from the host of this machine. The record is written in place, as only
 * its task uses it. If LRU gives the record to another task meanwhile, that task sees that the tid
 * is not its own.
 */
static __always_inline void guest_arrives(enum packet_kind kind, const struct end *origin,
					  __u32 port)
{
	struct delivery *delivery = delivery_of_guest();

	/* An exited task at the same address may have delivered over loopback. */
	if (is_delivering_loopback())
		loopback_task = 0;
	if (!delivery)
		delivery = make_delivery();
	if (!delivery) {
		/* The record of an earlier request must not be taken for this one's. */
		__sync_fetch_and_add(&lost_epoch, 1);
		return;
	}
	if (delivery->task.tid)
		delivery->task.tid = current_tid();
	delivery->task.lost_epoch = lost_epoch;
	delivery->packet.device = 0;
	if (origin->netns == NETNS_UNKNOWN && origin->cid)
		delivery->packet.device = device_of_sender(delivery, origin->cid);
	begin_delivery(delivery, kind, origin, port);
}

static __always_inline bool is_own(const struct delivery *delivery)
{
	if (delivery->task.tid && delivery->task.tid != current_tid())
		return false;
	return delivery->task.lost_epoch == lost_epoch;
}

static __always_inline struct delivery *own_delivery_of_guest(void)
{
	struct delivery *delivery = delivery_of_guest();

	return delivery && is_own(delivery) ? delivery : NULL;
}

static __always_inline struct delivery *delivery_of_task(bool over_loopback)
{
	return over_loopback ? &loopback : own_delivery_of_guest();
}

static __always_inline struct delivery *current_delivery(enum packet_kind kind)
{
	struct delivery *delivery = delivery_of_task(is_delivering_loopback());

	return delivery && (delivery->packet.kind & kind) ? delivery : NULL;
}

/* The packet is not freed before its delivery is over. */
static __always_inline bool read_ports(struct delivery *delivery)
{
	struct virtio_vsock_ports ports;

	if (!delivery->packet.ports)
		return true;
	if (bpf_probe_read_kernel(&ports, sizeof(ports), (void *)delivery->packet.ports))
		return false;
	delivery->packet.origin.port = le32_to_cpu(ports.src);
	delivery->packet.port = le32_to_cpu(ports.dst);
	delivery->packet.ports = 0;
	return true;
}

/*
 * The owner of a guest is looked up here and not on arrival, because raw tracepoints may not use
 * the map `namespaces`.
 */
static __always_inline struct end origin_of(const struct delivery *delivery)
{
	struct end origin = delivery->packet.origin;

	if (delivery->packet.device)
		origin.netns = owner_of_device(delivery->packet.device);
	return origin;
}

/*
 * Whether an answer comes from the child of the last judged request and goes to that request's
 * origin. The packet carries its socket, so it is that child and no later one. On 5.10 an answer
 * has a sender only if it was the only one on its way.
 */
static __always_inline bool is_judged_already(const struct delivery *delivery, netns_id receiver,
					      const struct layer_state *layer)
{
	return delivery->judged.child && delivery->judged.child == delivery->packet.sender &&
	       delivery->judged.caller == receiver &&
	       delivery->judged.verdict_epoch == current_epoch(layer) &&
	       delivery->judged.verdict_epoch % 2 == 0;
}

/* The namespace that ends a connection by the loopback packet at hand, or NETNS_UNKNOWN. */
static __always_inline netns_id leaving_peer(void)
{
	return loopback.packet.kind == CONSUMED ? NETNS_UNKNOWN : loopback.packet.origin.netns;
}

static __always_inline enum packet_kind kind_of(__u16 op)
{
	if (op == VIRTIO_VSOCK_OP_REQUEST)
		return REQUEST;
	if (op == VIRTIO_VSOCK_OP_RST || op == VIRTIO_VSOCK_OP_SHUTDOWN)
		return LEAVING;
	return op == VIRTIO_VSOCK_OP_RESPONSE ? ANSWER : CONSUMED;
}

static __always_inline enum packet_kind kind_of_packet(const void *header)
{
	__le16 op = 0;

	bpf_probe_read_kernel(&op, sizeof(op), header + offsetof(struct virtio_vsock_hdr, op));
	return kind_of(le16_to_cpu(op));
}

#endif
