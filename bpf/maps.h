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

#include "vsock-bpfd.h"

/*
 * Values may not have holes: a program that hands the kernel one from its stack has not written
 * what is in them, and verifiers before 6.3 refuse to read that.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/*
 * Modes by namespace. Written by user space (set) and when a namespace is made;
 * removed when its last reference goes, before its identity can be used again. Not
 * asked by raw tracepoints, which may not meet a map that allocates.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct netns_record);
} namespaces SEC(".maps");

/*
 * Facts about the layer as a whole. Mapped by user space, hence single stores. The map is that of
 * a section, an array of one: programs know where it is and need not look it up.
 */
struct layer_state state SEC(".data.state");

/*
 * Open vhost devices by address. Written when one is opened, removed when it is closed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u64);
	__type(value, struct device);
} devices SEC(".maps");

/*
 * Sockets whose answer came from somebody whom they may not talk to, by address. Removed with the
 * socket. One namespace fills a part of it at most.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED);
	__type(key, __u64);
	__type(value, struct sealed_socket);
} sealed SEC(".maps");

/* Namespaces that have had more than their part of it, or found it full. Removed with them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_SEALED_NETNS);
	__type(key, netns_id);
	__type(value, __u64); /* when, in nanoseconds of CLOCK_BOOTTIME */
} sealed_netns SEC(".maps");

/*
 * Sockets whose peer has left, by address, and the ports of their connections: bpf/lingering.h.
 * One that finds no room is not noted. Removed with the socket.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u64);
	__type(value, struct lingering_socket);
} lingering_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, struct lingering_port);
} lingering_ports SEC(".maps");

/* All ports that are noted, to look for those that can be forgotten; 0 is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_slots SEC(".maps");

/* Places of that list that were given up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_LINGERING);
	__type(key, __u32);
	__type(value, __u32);
} lingering_reclaimed SEC(".maps");

/* Policies, in two halves; user space writes the one that is not in force. See struct rule_cell. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * RULE_CELLS);
	__type(key, __u32);
	__type(value, struct rule_cell);
} rules SEC(".maps");

/* What was refused, for who reads it; when it is full, the counters tell how much is missing. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/*
 * Refusals by namespace of who was refused. Written with the first one, removed with the
 * namespace; one that finds no room is refused all the same.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct counters);
} counters SEC(".maps");

/*
 * By number. That of a container goes with its last namespace. A user's stays, as what he has told
 * must not be forgotten when he begins anew; there are as many as there are users.
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
