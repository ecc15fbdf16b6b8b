// SPDX-License-Identifier: GPL-2.0-only
#include "lib/run-dir.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/log.h"

int run_dir_make(void)
{
	if (mkdir(RUN_DIR, 0700) && errno != EEXIST)
		return log_errno(errno, RUN_DIR);
	return 0;
}
