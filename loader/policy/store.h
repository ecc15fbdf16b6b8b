/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the policies in force, kept where they live as long as the pinned maps: a reload
 * that is refused leaves them, whatever stands in the policy directory by then.
 */
#ifndef POLICY_STORE_H
#define POLICY_STORE_H

#include "policy/policy.h"

#define STORE_DIR      "/run/vsock-bpfd"
#define STORE_IN_FORCE STORE_DIR "/policy.d"
#define STORE_NEXT     STORE_DIR "/policy.d.next"

/* 0700. Says what is wrong. */
int store_make_dir(void);

/* Copies the policy files of `dir` to STORE_NEXT. Says what is wrong. */
int store_stage(const char *dir);

/* STORE_NEXT becomes STORE_IN_FORCE. Says what is wrong. */
int store_commit(void);

/* Tells apart sets of files by their names and bytes; 0 for none. */
int store_hash(const char *dir, __u64 *hash);

/*
 * Where the set with this hash is: a start that died between the switch and store_commit()
 * left it in STORE_NEXT. NULL if it is gone.
 */
const char *store_find(__u64 hash);

#endif
