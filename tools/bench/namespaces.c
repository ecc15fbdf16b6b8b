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
#define MAX_PID	  32768	 /* the kernel's own limit on machines with few CPUs */

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

/*
 * For how long other tasks have run since the last call. Each is held against itself, as one that
 * has ended takes all the time with it that it ever ran.
 */
static cost run_by_others(void)
{
	static cost until_now[MAX_PID];
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300];
	cost sum = 0, ran;
	FILE *file;
	int pid;

	if (!dir)
		err(EXIT_FAILURE, "/proc");
	while ((entry = readdir(dir))) {
		pid = atoi(entry->d_name);
		if (pid <= 0 || pid >= MAX_PID || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%llu", &ran) == 1) {
			sum += ran - until_now[pid];
			until_now[pid] = ran;
		}
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
