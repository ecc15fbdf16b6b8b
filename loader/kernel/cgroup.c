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

const char *cgroup_container(const char *word)
{
	size_t length;

	for (; *word; word += length + !length) {
		length = strspn(word, "0123456789abcdef");
		if (length == CGROUP_CONTAINER_ID)
			return word;
	}
	return NULL;
}

static bool is_uuid(const char *text)
{
	return strspn(text, "0123456789abcdef") == 8 &&
	       strspn(text, "0123456789abcdef-_") >= CGROUP_POD_ID;
}

const char *cgroup_pod(const char *word)
{
	const char *pod;

	for (pod = strstr(word, "pod"); pod; pod = strstr(pod + 1, "pod"))
		if (is_uuid(pod + 3))
			return pod + 3;
	return NULL;
}

void cgroup_pod_id(char id[CGROUP_POD_ID + 1], const char *pod)
{
	char *c;

	snprintf(id, CGROUP_POD_ID + 1, "%s", pod);
	for (c = id; *c; c++)
		if (*c == '_')
			*c = '-';
}
