// SPDX-License-Identifier: GPL-2.0-only
/*
 * A namespace comes and goes. It goes in a kernel thread, which mostly waits: what is
 * taken is the time that threads ran, and not how long it took.
 */
#include <dirent.h>
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

/* For how long the tasks other than this one have run. */
static cost run_by_others(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300];
	cost sum = 0, ran;
	FILE *file;

	if (!dir)
		err(EXIT_FAILURE, "/proc");
	while ((entry = readdir(dir))) {
		if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%llu", &ran) == 1)
			sum += ran;
		fclose(file);
	}
	closedir(dir);
	return sum;
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
	cost before;

	if (unshare(CLONE_NEWNET))
		err(EXIT_FAILURE, "unshare");
	before = run_by_others();
	enter(home);
	usleep(GONE_USEC);
	return run_by_others() - before;
}

/* clang-format off */
const struct operation namespace_operations[] = {
	{ "ns-create",	10, time_create,	remember_home,	forget_home },
	{ "ns-delete",	10, time_delete,	remember_home,	forget_home },
	{ NULL },
};
/* clang-format on */
