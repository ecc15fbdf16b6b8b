/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the policies in force, kept where they live as long as the pinned maps: a reload
 * that is refused leaves them, whatever stands in the policy directory by then.
 */
#ifndef POLICY_STORE_H
#define POLICY_STORE_H

#include "lib/run-dir.h"
#include "policy/files.h"

#define STORE_IN_FORCE RUN_DIR "/policy.d"
#define STORE_NEXT     RUN_DIR "/policy.d.next"

/* Writes the policies among the files to STORE_NEXT. Says what is wrong. */
int store_write(const struct policy_files *files);

/* STORE_NEXT becomes STORE_IN_FORCE. Says what is wrong. */
int store_commit(void);

/* The same if it holds the set with this hash: a start died between the switch and the commit. */
int store_commit_left_over(__u64 hash);

/* Reads the set with this hash. -ENOENT, unsaid, if it is gone. */
int store_read(struct policy_files *files, __u64 hash);

#endif
