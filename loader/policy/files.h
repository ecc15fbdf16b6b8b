/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of policies as bytes in memory: each is read once, and all are of one time. */
#ifndef POLICY_FILES_H
#define POLICY_FILES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define POLICY_ENDING ".policy"

struct policy_file {
	char *path;
	const char *base; /* the last word of the path */
	char *bytes;
	size_t size;
	int error;	  /* errno if it was not read; EINVAL, EISDIR: not a regular file */
	struct stat seen; /* of the bytes */
};

struct policy_files {
	struct policy_file *file; /* sorted by `base` */
	size_t count, room;
};

/*
 * Reads what lies in `dir` but for files that are hidden, and those that editors and packagers
 * leave. A directory that is not there has no files. Says what is wrong with the directory, or
 * that it keeps changing; policy_files_free() is never wrong.
 */
int policy_files_read(struct policy_files *files, const char *dir);

/* Reads files as a set of their own. */
void policy_files_read_all(struct policy_files *files, char *const *paths, size_t count);

/* Copies paths and bytes, so that each of the two is freed by itself. */
void policy_files_copy(struct policy_files *copy, const struct policy_files *files);

void policy_files_free(struct policy_files *files);

/* Whether its name is that of a policy. */
bool policy_file_is_policy(const struct policy_file *file);

/* Tells apart sets of policies by their names and bytes; 0 for none. */
__u64 policy_files_hash(const struct policy_files *files);

#endif
