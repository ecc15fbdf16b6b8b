/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths along which only root can have put anything, links followed. */
#ifndef TRUSTED_PATH_H
#define TRUSTED_PATH_H

/*
 * A descriptor (O_PATH) that names the file and no more, or -errno: -EPERM where a folder on the
 * way is not root's own or may be written by others. Says nothing.
 */
int trusted_path_open(const char *path);

/* 0 if nobody but root can change what is in a folder, or on the way to it; -EPERM, -ENOENT, ... */
int trusted_path_check_folder(const char *path);

#endif
