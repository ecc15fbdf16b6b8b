// SPDX-License-Identifier: GPL-2.0-only
/*
 * CIDs=own: a local namespace knows a guest of its own by an alias. The kernel has one table of
 * CIDs, and knows nothing of aliases. So these programs put the real CID in place of the alias in
 * the address that a process gives to connect(), and the alias in place of the real CID in the
 * address that it gets from accept() and getpeername(). They are an object of their own, which that
 * key alone attaches.
 *
 * Programs cannot write kernel memory. These write the caller's memory while it waits in its call.
 * Other threads of the process can write there, too: the kernel then reads an address that the
 * process could have given itself. The gates run after this and judge the real CID. So nothing here
 * is part of a decision.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "alias-map.h"
#include "kernel.h"
#include "namespaces-map.h"
#include "socket-files.h"

#define MAX_NOTES 8192

/* The beginning of struct sockaddr_vm, the same on all kernels. */
struct name {
	__u16 family, reserved;
	__u32 port, cid;
};

enum note_kind {
	REWRITTEN = 0,
	TOO_SHORT = 1, /* the caller has no room for the CID, so the kernel writes none */
};

/* What the entry of a call leaves for its exit. */
struct note {
	__u64 address;
	__u32 alias, real;
	enum note_kind kind;
	__u32 unused;
};

/* CIDs that are reserved. Pinned, and made by loader/layer/aliases.c. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ALIASES);
	__type(key, struct alias_key);
	__type(value, struct alias);
} aliases SEC(".maps");

/* By task. When it is full the oldest goes: the address of that call is not put back. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_NOTES);
	__type(key, __u32);
	__type(value, struct note);
} notes SEC(".maps");

/* The namespace in which a vsock socket was made; NETNS_NONE for other files. */
static __always_inline netns_id netns_of_vsock(__s64 descriptor)
{
	__u64 socket = socket_of_file(file_of_descriptor(descriptor), AF_VSOCK);

	return socket ? identity_at((const struct net *)net_of_socket(socket)) : NETNS_NONE;
}

/* NULL also if it is the real CID itself, or of an earlier namespace with the same identity. */
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

/* Writes the real CID, before the kernel copies the address. */
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

/* Puts the alias back, unless the process has changed the address meanwhile. */
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

/* --- accept() and getpeername() --- */

/* Where the caller says how much room it has. 5.10 refuses arguments that point to a number. */
static __always_inline const int *room_of(const unsigned long long *arguments)
{
	const int *room = NULL;

	bpf_probe_read_kernel(&room, sizeof(room), &arguments[2]);
	return room;
}

/* At entry, as the kernel then overwrites the size of the room with that of the whole address. */
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

/* Writes the alias for the peer of the socket `fd`, which is below 0 if the call has failed. */
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

/* Notes a room that is too short. */
SEC("fentry/__sys_getpeername")
int BPF_PROG(own_cid_peer, int fd)
{
	note_room(fd, ctx);
	return 0;
}

/* Writes the alias where the kernel has written the real CID. */
SEC("fexit/__sys_getpeername")
int BPF_PROG(own_cid_peer_told, int fd, void *address, int *room, int ret)
{
	show_alias(ret ? -1 : fd, address);
	return 0;
}

/* Notes a room that is too short. */
SEC("fentry/__sys_accept4")
int BPF_PROG(own_cid_accept, int fd)
{
	note_room(fd, ctx);
	return 0;
}

/* Writes the alias where the kernel has written the real CID. */
SEC("fexit/__sys_accept4")
int BPF_PROG(own_cid_accepted, int fd, void *address, int *room, int flags, int ret)
{
	show_alias(ret, address);
	return 0;
}

char _license[] SEC("license") = "GPL";
