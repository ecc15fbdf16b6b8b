// SPDX-License-Identifier: GPL-2.0-only
/*
 * CIDs of one's own (CIDs=own): a local namespace knows a guest of its own by an alias. The kernel
 * has one table of CIDs, so the alias is replaced where it comes from a process, in the address
 * that connect() is called with, and the real CID where a process is told of its peer. An object by
 * itself, which is attached by the key alone.
 *
 * No program may write kernel memory, so these write the caller's, while it waits in its call. Its
 * other threads can write there, too: what the kernel then reads is an address that the process
 * could have given by itself. The gates judge it, after this, by the real CID. Nothing here is part
 * of a decision.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "alias-map.h"
#include "kernel.h"
#include "socket-files.h"

#define MAX_NOTES 8192

/* The beginning of struct sockaddr_vm, which is the same for all. */
struct name {
	__u16 family, reserved;
	__u32 port, cid;
};

enum note_kind {
	REWRITTEN = 0,
	TOO_SHORT = 1, /* the kernel does not write a CID there */
};

/* What a task's call begins with, for its end. */
struct note {
	__u64 address;
	__u32 alias, real;
	enum note_kind kind;
	__u32 unused;
};

/* Both are pinned, and made by others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ALIASES);
	__type(key, struct alias_key);
	__type(value, struct alias);
} aliases SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NAMESPACES);
	__type(key, netns_id);
	__type(value, struct netns_record);
} namespaces SEC(".maps");

/* By task. The oldest goes first: an address of that call is not put back. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_NOTES);
	__type(key, __u32);
	__type(value, struct note);
} notes SEC(".maps");

/* A socket stays in the namespace that it was made in. NETNS_NONE for other files. */
static __always_inline netns_id netns_of_vsock(__s64 descriptor)
{
	__u64 socket = socket_of_file(file_of_descriptor(descriptor), AF_VSOCK);

	return socket ? identity_at((const struct net *)net_of_socket(socket)) : NETNS_NONE;
}

/* NULL also if it is another namespace's that had the same identity, or changes nothing. */
static __always_inline struct alias *find_alias(netns_id netns, __u32 cid, enum alias_way way)
{
	struct alias_key key = { .netns = netns, .cid = cid, .way = way };
	struct alias *alias = bpf_map_lookup_elem(&aliases, &key);
	struct netns_record *record;

	if (!alias || alias->cid == cid)
		return NULL;
	record = bpf_map_lookup_elem(&namespaces, &netns);
	return record && record->created_ns == alias->netns_created_ns ? alias : NULL;
}

static __always_inline bool read_name(struct name *name, const void *address)
{
	return !bpf_probe_read_user(name, sizeof(*name), address) && name->family == AF_VSOCK;
}

static __always_inline bool write_cid(void *address, __u32 cid)
{
	return !bpf_probe_write_user(address + offsetof(struct name, cid), &cid, sizeof(cid));
}

/* --- connect() --- */

static __always_inline void rewrite(void *address, __u32 cid, struct alias *alias)
{
	struct note note = { .address = (__u64)address, .alias = cid, .real = alias->cid };
	__u32 tid = current_tid();

	if (!bpf_map_update_elem(&notes, &tid, &note, BPF_ANY) && write_cid(address, alias->cid))
		return;
	bpf_map_delete_elem(&notes, &tid);
	__sync_fetch_and_add(&alias->unwritten, 1);
}

SEC("fentry/__sys_connect")
int BPF_PROG(own_cid_connect, int fd, void *address, int size)
{
	struct alias *alias;
	struct name name;

	if (size < (int)sizeof(name) || !read_name(&name, address))
		return 0;
	alias = find_alias(netns_of_vsock(fd), name.cid, TO_REAL);
	if (alias)
		rewrite(address, name.cid, alias);
	return 0;
}

SEC("fexit/__sys_connect")
int BPF_PROG(own_cid_connected, int fd, void *address, int size)
{
	__u32 tid = current_tid();
	struct note *note = bpf_map_lookup_elem(&notes, &tid);
	struct name name;

	if (!note)
		return 0;
	if (note->address == (__u64)address && read_name(&name, address) && name.cid == note->real)
		write_cid(address, note->alias);
	bpf_map_delete_elem(&notes, &tid);
	return 0;
}

/* --- What a process is told --- */

/* Where the caller says how much room it has; 5.10 gives programs no pointers to numbers. */
static __always_inline const int *room_of(const unsigned long long *arguments)
{
	const int *room = NULL;

	bpf_probe_read_kernel(&room, sizeof(room), &arguments[2]);
	return room;
}

/* The kernel writes how long the whole is, so that its room is known before the call alone. */
static __always_inline void note_room(int fd, const unsigned long long *arguments)
{
	struct note note = { .kind = TOO_SHORT };
	__u32 tid = current_tid();
	int size = 0;

	if (bpf_probe_read_user(&size, sizeof(size), room_of(arguments)) ||
	    size >= (int)sizeof(struct name) || netns_of_vsock(fd) == NETNS_NONE)
		return;
	bpf_map_update_elem(&notes, &tid, &note, BPF_ANY);
}

/* Of the socket `fd`; below 0 if the call has failed. */
static __always_inline void show_alias(int fd, void *address)
{
	__u32 tid = current_tid();
	bool is_short = !bpf_map_delete_elem(&notes, &tid);
	struct alias *alias;
	struct name name;

	if (is_short || fd < 0 || !address || !read_name(&name, address))
		return;
	alias = find_alias(netns_of_vsock(fd), name.cid, TO_ALIAS);
	if (alias)
		write_cid(address, alias->cid);
}

SEC("fentry/__sys_getpeername")
int BPF_PROG(own_cid_peer, int fd)
{
	note_room(fd, ctx);
	return 0;
}

SEC("fexit/__sys_getpeername")
int BPF_PROG(own_cid_peer_told, int fd, void *address, int *room, int ret)
{
	show_alias(ret ? -1 : fd, address);
	return 0;
}

SEC("fentry/__sys_accept4")
int BPF_PROG(own_cid_accept, int fd)
{
	note_room(fd, ctx);
	return 0;
}

SEC("fexit/__sys_accept4")
int BPF_PROG(own_cid_accepted, int fd, void *address, int *room, int flags, int ret)
{
	show_alias(ret, address);
	return 0;
}

char _license[] SEC("license") = "GPL";
