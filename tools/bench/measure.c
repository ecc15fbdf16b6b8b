// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock, and the median: most calls cost the same to the instruction. What comes once in a
 * while, as a tick of the kernel does, costs more than two calls, and falls now into more of them,
 * now into less: a mean says more of that than of the layer.
 */
#include <dirent.h>
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define MAX_PID 32768 /* the kernel's own limit on machines with few CPUs */

const char *only_operation;

/* What tools/bench/plugin/blocks.c looks for; to all others it is nothing. */
enum what {
	BEGINS = 1,
	READS,
	HAS_READ,
};

static inline void mark(enum what what)
{
#ifdef __x86_64__
	asm volatile("movl %0, %%eax" ::"i"(0x5ca1ab00 + what) : "eax", "memory");
#endif
}

cost now(void)
{
	struct timespec time;

	mark(READS);
	clock_gettime(CLOCK_MONOTONIC, &time);
	mark(HAS_READ);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/*
 * Who measures runs until it waits, and at once when it need not wait any more. Else the
 * scheduler would choose, now this way and now that, whether a worker that was woken runs
 * first, and a switch of tasks costs more than what is to be seen.
 */
void run_first(void)
{
	struct sched_param priority = { .sched_priority = 1 };
	FILE *limit = fopen("/proc/sys/kernel/sched_rt_runtime_us", "w");

	if (!limit || fputs("-1", limit) < 0 || fclose(limit))
		err(EXIT_FAILURE, "limit of real time");
	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		err(EXIT_FAILURE, "real time");
}

/* Until workers have done what is left of the operation before; idle time is free. */
void rest(void)
{
	usleep(200);
}

/* Each is held against itself, as one that has ended takes all the time with it that it ever ran.
 */
cost run_by_others(void)
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

void report(const struct bench_case *where, const char *name, cost figure)
{
	printf("%s\t%d\t%d\t%s\t%llu\n", where->name, where->namespaces, where->rules, name,
	       figure);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	const cost *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static cost median(cost *costs, int count)
{
	qsort(costs, count, sizeof(*costs), compare);
	return costs[count / 2];
}

void measure(const struct bench_case *where, const struct operation *operation)
{
	cost costs[MAX_COUNT], figure;
	int i;

	if (operation->isolating && !where->isolating)
		return;
	if (only_operation && strcmp(operation->name, only_operation))
		return;
	if (operation->begin)
		operation->begin();
	/* A fifth more, not counted: it fills caches, the kernel's among them. */
	for (i = 0; i < operation->count; i += 5)
		operation->once();
	mark(BEGINS);
	for (i = 0; i < operation->count; i++)
		costs[i] = operation->once();
	figure = median(costs, operation->count);
	if (operation->end)
		operation->end();
	report(where, operation->name, figure);
}

void measure_all(const struct bench_case *where, const struct operation *operations)
{
	const struct operation *operation;

	for (operation = operations; operation->name; operation++)
		measure(where, operation);
}
