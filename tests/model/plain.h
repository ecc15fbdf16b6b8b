/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rules say, rule by rule and without any table: to hold the compiler and the kernel
 * against.
 */
#ifndef TESTS_PLAIN_H
#define TESTS_PLAIN_H

#include "policy/policy.h"

/* A namespace. */
struct space {
	enum vsock_mode mode;
	const struct policy *policy; /* or NULL */
	const char *name;	     /* or NULL */
	bool pending;		     /* its policy is not known yet */
	bool apart;		     /* a guest that a policy takes out of its namespace */
};

struct answer {
	bool may;
	enum reason reason[2]; /* why who calls, and who is called, does not agree */
	bool audited[2];       /* and lets it happen */
};

/* The first policy that is for guests with this CID, or NULL. */
const struct policy *plain_policy_of_guest(const struct policies *policies, __u32 cid);

/* The namespace of an end that is outside, or cannot be told, is NULL. */
struct answer plain_answer(const struct end *from, const struct space *from_space,
			   const struct end *to, const struct space *to_space);

#endif
