/* SPDX-License-Identifier: GPL-2.0-only */
/* rm -rf. */
#ifndef RMTREE_H
#define RMTREE_H

/* Removes `path` and everything below it, if it is there. -errno of the first failure, unsaid. */
int rmtree(const char *path);

#endif
