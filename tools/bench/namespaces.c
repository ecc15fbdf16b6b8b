// SPDX-License-Identifier: GPL-2.0-only
/*
 * A namespace comes and goes. It goes in a kernel thread, which mostly waits: what is
 * taken is the time that threads ran, and not how long it took.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define GONE_USEC 400000 /* in which one has gone for certain */

static int home;

static void remember_home(void)
{
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		err(EXIT_FAILURE, "own namespace");
}

static void forget_home(void)
{
	close(home);
}

static cost time_create(void)
{
	cost start = now(), end;

	if (unshare(CLONE_NEWNET))
		err(EXIT_FAILURE, "unshare");
	end = now();
	enter(home);
	usleep(GONE_USEC);
	return end - start;
}

static cost time_delete(void)
{
	if (unshare(CLONE_NEWNET))
		err(EXIT_FAILURE, "unshare");
	run_by_others();
	enter(home);
	usleep(GONE_USEC);
	return run_by_others();
}

/* clang-format off */
const struct operation namespace_operations[] = {
	{ "ns-create",	50, time_create,	remember_home,	forget_home },
	{ "ns-delete",	50, time_delete,	remember_home,	forget_home },
	{ NULL },
};
/* clang-format on */
