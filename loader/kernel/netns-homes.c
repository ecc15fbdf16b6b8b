// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/netns-homes.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/cgroup.h"
#include "lib/ends-in.h"

#define MOUNTS "/proc/self/mountinfo"

/* --- Of a cgroup --- */

static void put_pod(char home[HOME_SIZE], const char *pod)
{
	char id[CGROUP_POD_ID + 1];

	cgroup_pod_id(id, pod);
	snprintf(home, HOME_SIZE, "pod %s", id);
}

/* The innermost word that is a unit. */
static bool put_unit(char home[HOME_SIZE], const char *cgroup)
{
	char copy[PATH_MAX], *slash;

	snprintf(copy, sizeof(copy), "%s", cgroup);
	while ((slash = strrchr(copy, '/'))) {
		if (ends_in(slash, ".service") || ends_in(slash, ".scope")) {
			snprintf(home, HOME_SIZE, "unit %.200s", slash + 1);
			return true;
		}
		*slash = '\0';
	}
	return false;
}

void home_of_cgroup(char home[HOME_SIZE], const char *cgroup)
{
	const char *pod = cgroup_pod(cgroup), *container = cgroup_container(cgroup);

	if (pod)
		put_pod(home, pod);
	else if (container)
		snprintf(home, HOME_SIZE, "container %.*s", CGROUP_CONTAINER_SHOWN, container);
	else if (!put_unit(home, cgroup))
		snprintf(home, HOME_SIZE, "cgroup %.200s", cgroup);
}

/* --- Of all --- */

struct search {
	struct netns_names *homes;
	struct netns init;
};

static bool is_known(const struct search *search, __u32 inode)
{
	size_t i;

	/* Few namespaces are in use at a time, whatever the number of processes. */
	for (i = 0; i < search->homes->count; i++)
		if (search->homes->entry[i].inode == inode)
			return true;
	return inode == search->init.inode;
}

static void add(struct search *search, const char *path, const char *home)
{
	struct netns ns;

	if (netns_try(&ns, path))
		return;
	netns_names_append(search->homes, home, &ns);
	netns_close(&ns);
}

static void add_process(struct search *search, const char *pid)
{
	char path[64], cgroup[PATH_MAX], home[HOME_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	/* The root of the tree says nothing: it has all processes without a place of their own. */
	if (stat(path, &st) || is_known(search, st.st_ino) ||
	    !cgroup_of(pid, cgroup, sizeof(cgroup)) || !strcmp(cgroup, "/"))
		return;
	home_of_cgroup(home, cgroup);
	add(search, path, home);
}

static void add_processes(struct search *search)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (isdigit(entry->d_name[0]))
			add_process(search, entry->d_name);
	closedir(dir);
}

/* A line is "ID PARENT DEVICE ROOT PLACE ..."; ROOT is "net:[INODE]" if PLACE is a namespace. */
static void add_mount(struct search *search, const char *line)
{
	char root[64], path[HOME_SIZE];
	unsigned int inode;

	if (sscanf(line, "%*d %*d %*s %63s %255s", root, path) != 2 ||
	    sscanf(root, "net:[%u]", &inode) != 1 ||
	    !strncmp(path, NETNS_DIR "/", strlen(NETNS_DIR "/")) || is_known(search, inode))
		return;
	add(search, path, path);
}

static void add_mounts(struct search *search)
{
	FILE *file = fopen(MOUNTS, "re");
	size_t room = 0;
	char *line = NULL;

	if (!file)
		return;
	while (getline(&line, &room, file) > 0)
		add_mount(search, line);
	free(line);
	fclose(file);
}

void netns_homes_load(struct netns_names *homes)
{
	struct search search = { .homes = homes };

	memset(homes, 0, sizeof(*homes));
	if (netns_open_init(&search.init))
		return;
	add_mounts(&search);
	add_processes(&search);
	netns_names_sort(homes);
	netns_close(&search.init);
}
