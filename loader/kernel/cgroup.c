// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool cgroup_of(const char *pid, char *cgroup, size_t size)
{
	char path[64], line[PATH_MAX];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "0::", 3);
	fclose(file);
	/* A process that ends before it is read has no line. */
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	snprintf(cgroup, size, "%s", line + 3);
	return true;
}
