/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps that outlive an upgrade, which is why they are pinned (loader/layer/pins.c). All others
 * belong to one set of programs and stand beside the code that uses them: they are created with
 * the set, so that an old and a new one that overlap do not consume each other's records.
 */
#ifndef MAPS_H
#define MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "namespaces-map.h"
#include "vsock-bpfd.h"

/*
 * Values have no padding. A program that passes a value from its stack has not written the padding,
 * and verifiers before 6.3 refuse to read it.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/*
 * The state of the layer as a whole. User space maps it, so each field is written by one store. It
 * is the map of a data section: programs know its address and need no look-up.
 */
struct layer_state state SEC(".data.state");

/* Open vhost devices by address. Written when a device is opened, removed when it is closed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64);
	__type(value, struct device);
} devices SEC(".maps");

/*
 * The slots of tenants that are taken, with the address of the device. Taken by one update, so that
 * opens on several CPUs cannot take more than there are; free again when the device is closed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_DEVICES);
	__type(key, struct tenant_slot);
	__type(value, __u64);
} device_slots SEC(".maps");

/*
 * Sealed sockets by address: their answer came from an end that they may not talk to. Removed with
 * the socket. One namespace can fill only a part of the map.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED);
	__type(key, __u64);
	__type(value, struct sealed_socket);
} sealed SEC(".maps");

/*
 * Namespaces that had more sealed sockets than their part of that map, or found it full: all of
 * their sockets are sealed. Removed with the namespace.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED_NETNS);
	__type(key, netns_id);
	__type(value, __u64); /* when, in nanoseconds of CLOCK_BOOTTIME */
} sealed_netns SEC(".maps");

/* Lingering sockets by address, and their ports: bpf/lingering.h. Removed with the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u64);
	__type(value, struct lingering_socket);
} lingering_sockets SEC(".maps");

/* Their ports. Removed once no socket counts on one, when its slot is used again. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, struct lingering_port);
} lingering_ports SEC(".maps");

/* All recorded ports, to find those that can be removed; 0: unused slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_slots SEC(".maps");

/* Numbers of slots that can be used again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_reclaimed SEC(".maps");

/*
 * For ports that find no room above: the namespace that has lingered at one of a class of ports,
 * NETNS_UNKNOWN for several. Never removed, as the socket is not known.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORT_CLASSES);
	__type(key, __u32);
	__type(value, netns_id);
} lingering_classes SEC(".maps");

/*
 * Sockets that have called a port over loopback and are not connected, and the ports: bpf/calls.h.
 * Only where the kernel does not check sources. A call that finds no room is refused. Removed when
 * the socket is connected or freed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_CALLING);
	__type(key, __u64);
	__type(value, struct called_ports);
} calling SEC(".maps");

/* The slots of tenants that are taken by those sockets, like `device_slots`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_CALLING);
	__type(key, struct tenant_slot);
	__type(value, __u64);
} caller_slots SEC(".maps");

/* How many sockets have called the ports of a slot, and of which namespace they are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CALL_SLOTS);
	__type(key, __u32);
	__type(value, struct call_slot);
} call_slots SEC(".maps");

/*
 * Policies, in two halves; user space writes the half that is not in force. See struct rule_cell.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * RULE_CELLS);
	__type(key, __u32);
	__type(value, struct rule_cell);
} rules SEC(".maps");

/* Events, for the service to read. When it is full, the counters say how many are missing. */
#define EVENTS_SIZE (256 * 1024)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_SIZE);
} events SEC(".maps");

/* Connections for the log: bpf/access-log.h. By the address of a socket, and removed with it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ACCEPTED);
	__type(key, __u64);
	__type(value, struct accepted);
} accepted SEC(".maps");

/*
 * Counters by namespace: bpf/counters.h. Removed with the namespace. Calls of a namespace for which
 * there is no room are refused all the same.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct counters);
} counters SEC(".maps");

/*
 * Tenants by number. A container's is removed with its last namespace. A user's stays, so that its
 * token bucket is not full again with the next namespace; there are as many as users.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_TENANTS);
	__type(key, __u64);
	__type(value, struct tenant);
} tenants SEC(".maps");

#pragma GCC diagnostic pop

#endif
