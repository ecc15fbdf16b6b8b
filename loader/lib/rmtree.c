// SPDX-License-Identifier: GPL-2.0-only
#include "lib/rmtree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path) ? -errno : 0;
}

int rmtree(const char *path)
{
	int ret = nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	if (ret == -1)
		return errno == ENOENT ? 0 : -errno;
	return ret;
}
