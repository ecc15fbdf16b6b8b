/* SPDX-License-Identifier: GPL-2.0-only */
/* Regular files as a whole. */
#ifndef REGULAR_FILE_H
#define REGULAR_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * A descriptor or -errno; -EISDIR or -EINVAL for what is no regular file. Does not wait for a
 * writer into a pipe.
 */
int regular_file_open(const char *path, struct stat *seen);

/* Until the end of the file, whatever its size was: 0 or -errno. The caller frees what was read. */
int regular_file_read(int fd, char **bytes, size_t *size);

#endif
