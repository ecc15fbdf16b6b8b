/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is at the other end of a connection: bpf/caller.bpf.c says it to layer/caller.c. */
#ifndef CALLER_ANSWER_H
#define CALLER_ANSWER_H

#include "vsock-bpfd.h"

struct caller_answer {
	netns_id netns;	     /* in which the caller's socket was made */
	__u64 netns_tenant;  /* that has created this namespace; 0: none */
	__u64 tenant;	     /* of the caller itself */
	__u32 inode;	     /* of the namespace's nsfs file */
	enum yes_no found;   /* else nothing of this is known */
	enum yes_no may_set; /* it had CAP_NET_ADMIN over the namespace when it connected */
	__u32 unused;
};

#endif
