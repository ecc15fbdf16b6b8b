// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool process_began(unsigned int pid, unsigned long long *tick)
{
	char path[32], stat[512], *rest;
	FILE *file;
	bool found;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	found = fgets(stat, sizeof(stat), file);
	fclose(file);
	/* The name of the program, in brackets, may have any character. It began in field 22. */
	rest = found ? strrchr(stat, ')') : NULL;
	return rest && sscanf(rest,
			      ") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			      "%*s %*s %*s %*s %llu",
			      tick) == 1;
}

unsigned long long process_tick(unsigned long long ns)
{
	return ns / (1000000000ULL / sysconf(_SC_CLK_TCK));
}
