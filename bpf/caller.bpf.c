// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is at the other end of a connection of AF_UNIX, for the service's public socket. An object by
 * itself, which runs when the service asks and is attached to nothing.
 *
 * At connect() the kernel puts the caller's credentials into the accepted socket, as they are then,
 * and makes that socket in the namespace of the caller's. So nothing is asked of a process, which
 * may have changed, or be another one with the same pid. User space is told a uid and a pid of
 * these credentials; whether they have a capability over a namespace is read here, by the rule of
 * the kernel's cap_capable().
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "caller-answer.h"
#include "kernel.h"
#include "socket-files.h"
#include "tenant-number.h"

#define CAP_NET_ADMIN 12
#define AF_UNIX	      1

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock___peer {
	const struct cred *sk_peer_cred;
};

/* A structure of its own in all kernels: two words of 32 bits, from 6.3 on one of 64. */
struct capabilities;

struct cred___capabilities {
	struct capabilities {
		__u64 low;
	} cap_effective;
};

#pragma clang attribute pop

struct caller_answer answer;

/* In the order of little endian this is the same bit of both forms; of big endian none. */
static __always_inline bool has_net_admin(const struct cred *cred)
{
	const struct cred___capabilities *of = (const void *)cred;
	__u64 effective = 0;

	bpf_core_read(&effective, sizeof(effective), &of->cap_effective);
	return effective >> CAP_NET_ADMIN & 1;
}

/* cap_capable(): the capability in this user namespace or above it, or the owner's right. */
static __always_inline bool may_administer(const struct cred *cred, struct user_namespace *target)
{
	struct user_namespace *own = BPF_CORE_READ(cred, user_ns), *parent;
	int level = BPF_CORE_READ(own, level), i;

	for (i = 0; own && target && i < MAX_USER_NAMESPACES; i++) {
		if (target == own)
			return has_net_admin(cred);
		if (BPF_CORE_READ(target, level) <= level)
			return false;
		parent = BPF_CORE_READ(target, parent);
		if (parent == own &&
		    BPF_CORE_READ(target, owner.val) == BPF_CORE_READ(cred, euid.val))
			return true;
		target = parent;
	}
	return false;
}

/* Of one outside of user namespaces, or in one that has come from elsewhere, it is the user. */
static __always_inline __u64 tenant_of_caller(const struct cred *cred)
{
	return tenant_of_user_namespace(BPF_CORE_READ(cred, user_ns))
		       ?: TENANT_USER | BPF_CORE_READ(cred, euid.val);
}

SEC("raw_tp")
int caller(struct bpf_raw_tracepoint_args *ctx)
{
	const struct file *file = file_of_descriptor(ctx->args[0]);
	struct sock *sock = (void *)socket_of_file(file, AF_UNIX);
	const struct cred *cred = BPF_CORE_READ((struct sock___peer *)sock, sk_peer_cred);
	struct net *net = BPF_CORE_READ(sock, __sk_common.skc_net.net);

	answer.found = NO;
	answer.may_set = NO;
	if (!cred || !net)
		return 0;
	answer.netns = identity_at(net);
	answer.inode = BPF_CORE_READ(net, ns.inum);
	answer.netns_tenant = tenant_of_user_namespace(BPF_CORE_READ(net, user_ns));
	answer.tenant = tenant_of_caller(cred);
	if (may_administer(cred, BPF_CORE_READ(net, user_ns)))
		answer.may_set = YES;
	answer.found = YES;
	return 0;
}

char _license[] SEC("license") = "GPL";
