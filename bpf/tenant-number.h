/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a user namespace belongs to: bpf/tenants.h says what for. */
#ifndef TENANT_NUMBER_H
#define TENANT_NUMBER_H

#include "kernel.h"

#define MAX_USER_NAMESPACES 34 /* the kernel's own limit */

/* The tenant that a user namespace belongs to; 0: none. */
static __noinline __u64 tenant_of_user_namespace(struct user_namespace *outer)
{
	__u32 owner;
	int i;

	for (i = 0; i < MAX_USER_NAMESPACES && BPF_CORE_READ(outer, level) > 1; i++)
		outer = BPF_CORE_READ(outer, parent);
	if (BPF_CORE_READ(outer, level) < 1)
		return 0;
	owner = BPF_CORE_READ(outer, owner.val);
	return owner ? TENANT_USER | owner : TENANT_CONTAINER | BPF_CORE_READ(outer, ns.inum);
}

#endif
