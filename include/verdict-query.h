/* SPDX-License-Identifier: GPL-2.0-only */
/* A question to the verdict, and its answer: bpf/explain.bpf.c answers layer/verdict.c. */
#ifndef VERDICT_QUERY_H
#define VERDICT_QUERY_H

#include "vsock-bpfd.h"

/* What one end says of a call: `reason` against it, which a rule for `verb` has given. */
struct view_of_end {
	netns_id netns; /* of a guest, the owner that was found */
	enum reason reason;
	enum rule_verb verb;
	__u32 audited; /* it refuses and is not obeyed: Audit=yes */
	__u32 by_mode; /* its mode alone objects */
};

struct verdict_answer {
	struct view_of_end caller, called;
	__u32 allowed;	   /* what the gates do */
	__u32 needs_gates; /* 0: they ask for no verdict, as nothing is to be refused */
};

/* A guest's namespace is looked up, and NETNS_UNKNOWN here. */
struct verdict_question {
	__u64 caller_netns, caller_cid;
	__u64 called_netns, called_cid;
	__u64 port;
	__u64 native; /* enum vsock_mode of the end that is a namespace, in the kernel itself */
};

#endif
