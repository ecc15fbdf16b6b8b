/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel keeps the layer:
 *
 *	/sys/fs/bpf/vsock-bpfd/namespaces		modes, outlive an upgrade
 *	/sys/fs/bpf/vsock-bpfd/devices			open vhost devices, their owners
 *	/sys/fs/bpf/vsock-bpfd/device_slots		how many each tenant has open
 *	/sys/fs/bpf/vsock-bpfd/sealed			sockets that are cut off
 *	/sys/fs/bpf/vsock-bpfd/sealed_netns		namespaces that had too many of those
 *	/sys/fs/bpf/vsock-bpfd/lingering_*		sockets whose peer has left, and their ports
 *	/sys/fs/bpf/vsock-bpfd/calling, call_slots	sockets that have called, and the ports
 *	/sys/fs/bpf/vsock-bpfd/caller_slots		how many of them each tenant has
 *	/sys/fs/bpf/vsock-bpfd/rules			policies
 *	/sys/fs/bpf/vsock-bpfd/accepted			connections for the log
 *	/sys/fs/bpf/vsock-bpfd/events			refusals, and connections that have ended
 *	/sys/fs/bpf/vsock-bpfd/counters			refusals, as numbers
 *	/sys/fs/bpf/vsock-bpfd/tenants			users and containers, and how many they make
 *	/sys/fs/bpf/vsock-bpfd/state			header of all of it
 *	/sys/fs/bpf/vsock-bpfd/generation-N/PROGRAM	links, the programs in force
 *	/sys/fs/bpf/vsock-bpfd/generation-N/MAP		records of those programs
 */
#ifndef PINS_H
#define PINS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define BPFFS			"/sys/fs/bpf"
#define PIN_DIR			BPFFS "/vsock-bpfd"
#define PIN_NAMESPACES		"namespaces"
#define PIN_STATE		"state"
#define PIN_DEVICES		"devices"
#define PIN_DEVICE_SLOTS	"device_slots"
#define PIN_SEALED		"sealed"
#define PIN_LINGERING_SOCKETS	"lingering_sockets"
#define PIN_LINGERING_PORTS	"lingering_ports"
#define PIN_LINGERING_SLOTS	"lingering_slots"
#define PIN_LINGERING_RECLAIMED "lingering_reclaimed"
#define PIN_LINGERING_CLASSES	"lingering_classes"
#define PIN_CALLING		"calling"
#define PIN_CALLER_SLOTS	"caller_slots"
#define PIN_CALL_SLOTS		"call_slots"
#define PIN_SEALED_NETNS	"sealed_netns"
#define PIN_RULES		"rules"
#define PIN_EVENTS		"events"
#define PIN_ACCEPTED		"accepted"
#define PIN_COUNTERS		"counters"
#define PIN_TENANTS		"tenants"

#define PINNED_MAPS 19 /* one more that is listed does not compile */

/* The maps that outlive an upgrade: all above but those of a generation. Ends with NULL. */
extern const char *const pinned_maps[PINNED_MAPS + 1];

/* As the kernel mounts it by itself anybody may make folders there. */
#define BPFFS_MOUNT "mount -t bpf -o mode=700 bpf " BPFFS

/* "DIR/generation-N" and what lies in it. */
#define PIN_GENERATION "generation-"
void pin_generation(char *path, size_t size, __u32 generation);
void pin_in_generation(char *path, size_t size, __u32 generation, const char *name);

/*
 * Where bpffs is hidden, as below `ip netns exec`, which mounts a fresh /sys, the caller
 * enters the mount namespace of process 1 and stays there.
 */
void enter_bpffs_mount_namespace(void);

/* Whether a BPF file system is mounted where it belongs. */
bool pin_sees_bpffs(void);

/* Says what to do and returns -ENOENT if no BPF file system is mounted. */
int pin_check_bpffs(void);

/*
 * Whether PIN_DIR, if it is there, is root's alone. Where anybody may make folders in bpffs, as is
 * the kernel's default, somebody else can have made it first. Says what to do and returns -EPERM.
 */
int pin_check_dir(void);

/*
 * Whether the caller is root and sees the pins, which are root's own; enters the mount namespace
 * that has them. Says what is wrong.
 */
int pin_check_caller(void);

/* Opens the pinned map `name` of the layer: a descriptor or -errno. */
int pin_open_map(const char *name);

/* How many entries the map `name` has, whose keys have 8 bytes; `most` at most, 0 without it. */
unsigned int pin_count_entries(const char *name, unsigned int most);

/* Calls each() for each value of such a map, read into `value`, which has room for one. */
void pin_each_value(const char *name, unsigned int most, void *value,
		    void (*each)(const void *value, void *arg), void *arg);

#endif
