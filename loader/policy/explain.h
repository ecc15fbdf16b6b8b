/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a call is allowed or refused: the verdict of the programs, and which mode or which line of a
 * policy it comes from.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include <limits.h>

#include "layer/verdict.h"
#include "policy/set.h"

struct explainer {
	struct verdict *verdict;
	struct policy_set set;
	struct netns_records records;
	bool layered;	/* a layer is attached: the owners of guests are known */
	bool is_native; /* the kernel itself has modes */
	bool is_trial;
};

/*
 * With what is in force, or with the policies in `dir` unless that is NULL. Says what is wrong;
 * explainer_close() is never wrong.
 */
int explainer_open(struct explainer *explainer, const char *dir);
void explainer_close(struct explainer *explainer);

/* An end of a call that is asked about. */
struct place {
	netns_id netns; /* NETNS_NONE: the host; NETNS_UNKNOWN: the guest's owner is to be found */
	__u32 cid;	/* of a guest, VMADDR_CID_HOST for the host, or 0 */
	enum vsock_mode native; /* its mode in the kernel itself */
};

struct explained_end {
	struct view_of_end view;
	struct netns_record record;
	const struct policy *policy; /* or NULL */
	const struct rule *rule;     /* that refuses, or that allows against the mode; or NULL */
};

struct explanation {
	bool allowed;
	bool kernel_refuses; /* by its own modes */
	bool modes_agree;    /* what a kernel with modes says, which has no rules */
	bool needs_gates;
	struct explained_end caller, called;
};

/* Says what is wrong. */
int explain_call(struct explainer *explainer, const struct place *from, const struct place *to,
		 __u32 port, struct explanation *explanation);

/*
 * The file of a policy, for people: in POLICY_DIR if that is what is in force, else where the
 * policies in force are kept.
 */
void explain_file(const struct explainer *explainer, const struct policy *policy,
		  char path[PATH_MAX]);

#endif
