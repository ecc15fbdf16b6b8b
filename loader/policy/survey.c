// SPDX-License-Identifier: GPL-2.0-only
#include "policy/survey.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/cgroup.h"
#include "kernel/netns-dir.h"
#include "lib/array.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/policies.h"

static void add_text(struct texts *texts, const char *text)
{
	size_t i;

	for (i = 0; i < texts->count; i++)
		if (!strcmp(texts->text[i], text))
			return;
	texts->text =
		memory_checked(reallocarray(texts->text, texts->count + 1, sizeof(*texts->text)));
	texts->text[texts->count++] = memory_strdup(text);
}

static void free_texts(struct texts *texts)
{
	while (texts->count)
		free(texts->text[--texts->count]);
	free(texts->text);
}

static int by_inode(const void *a, const void *b)
{
	const struct resident *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static struct resident *find_inode(const struct survey *survey, __u32 inode)
{
	const struct resident key = { .inode = inode };
	struct resident **found = tfind(&key, &survey->by_inode, by_inode);

	return found ? *found : NULL;
}

static struct resident *resident_of(struct survey *survey, const struct netns *ns, const char *file)
{
	struct resident *resident = find_inode(survey, ns->inode);

	if (resident)
		return resident;
	resident = memory_checked(calloc(1, sizeof(*resident)));
	resident->id = ns->id;
	resident->inode = ns->inode;
	resident->file = memory_strdup(file);
	memory_checked(tsearch(resident, &survey->by_inode, by_inode));
	memory_checked(tsearch(resident, &survey->by_id, array_by_u64));
	return resident;
}

static int add_init(struct survey *survey)
{
	static const char file[] = "/proc/1/ns/net";
	struct netns init;
	int ret = netns_open_init(&init);

	if (ret)
		return ret;
	add_text(&resident_of(survey, &init, file)->traits.names, NETNS_INIT_NAME);
	survey->init = init.inode;
	netns_close(&init);
	return 0;
}

static void add_named(const char *name, const struct netns *ns, void *arg)
{
	struct survey *survey = arg;
	struct resident *resident;
	char path[PATH_MAX];

	if (ns->inode == survey->init)
		return;
	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	resident = resident_of(survey, ns, path);
	add_text(&resident->traits.names, name);
	add_text(&resident->traits.paths, path);
}

/*
 * Skips what is gone meanwhile or is not a namespace. Skips also what anybody but root can have put
 * there: they would choose which namespace gets the policy.
 */
static void add_path(struct survey *survey, const char *path)
{
	struct netns ns;
	struct stat st;

	if (survey->only && (stat(path, &st) || st.st_ino != survey->only))
		return;
	if (netns_try_trusted(&ns, path))
		return;
	if (ns.inode != survey->init)
		add_text(&resident_of(survey, &ns, path)->traits.paths, path);
	netns_close(&ns);
}

static void add_glob(struct survey *survey, const char *pattern)
{
	glob_t found;
	size_t i;

	if (glob(pattern, GLOB_NOSORT, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		add_path(survey, found.gl_pathv[i]);
	globfree(&found);
}

static void add_paths(struct survey *survey, const struct policies *policies)
{
	size_t i, j;

	for (i = 0; i < policies->count; i++)
		for (j = 0; j < policies->policy[i].paths.count; j++)
			add_glob(survey, policies->policy[i].paths.glob[j]);
}

/* Learning a cookie enters the namespace: not again for every process in it. */
static void add_process(struct survey *survey, const char *pid)
{
	char path[PATH_MAX], cgroup[PATH_MAX];
	struct resident *resident;
	struct netns ns;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	if (stat(path, &st) || st.st_ino == survey->init || !cgroup_of(pid, cgroup, sizeof(cgroup)))
		return;
	resident = find_inode(survey, st.st_ino);
	if (!resident) {
		if (netns_try(&ns, path))
			return;
		resident = resident_of(survey, &ns, path);
		netns_close(&ns);
	}
	add_text(&resident->traits.cgroups, cgroup);
}

static int add_processes(struct survey *survey)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int ret;

	if (!dir)
		return log_errno(errno, "/proc");
	/* A folder that cannot be read any further is not at its end. */
	while (errno = 0, (entry = readdir(dir)))
		if (isdigit(entry->d_name[0]))
			add_process(survey, entry->d_name);
	ret = errno ? log_errno(errno, "/proc") : 0;
	closedir(dir);
	return ret;
}

static void choose(struct resident *resident, void *policies)
{
	resident->policy = policies_match(policies, &resident->traits);
}

size_t survey_choose(const struct survey *survey, const struct container *container,
		     const struct policies *policies)
{
	const struct resident *known = find_inode(survey, container->ns->inode);
	struct traits traits = known ? known->traits : (struct traits){};
	char cgroup[PATH_MAX], number[16], *own[] = { cgroup };

	snprintf(number, sizeof(number), "%d", (int)container->pid);
	traits.pod = container->pod;
	traits.annotations = container->annotations;
	traits.annotation_count = container->count;
	traits.cgroups = (struct texts){};
	if (cgroup_of(number, cgroup, sizeof(cgroup)))
		traits.cgroups = (struct texts){ .text = own, .count = 1 };
	return policies_match(policies, &traits);
}

struct walk {
	void (*each)(struct resident *resident, void *arg);
	void *arg;
};

static void visit(const void *node, VISIT visit, void *arg)
{
	const struct walk *walk = arg;

	if (visit == postorder || visit == leaf)
		walk->each(*(struct resident *const *)node, walk->arg);
}

void survey_each(const struct survey *survey, void (*each)(struct resident *resident, void *arg),
		 void *arg)
{
	struct walk walk = { .each = each, .arg = arg };

	twalk_r(survey->by_id, visit, &walk);
}

int survey_take(struct survey *survey, const struct policies *policies)
{
	int ret;

	memset(survey, 0, sizeof(*survey));
	ret = add_init(survey);
	if (!ret)
		ret = netns_dir_each(add_named, survey);
	if (!ret)
		add_paths(survey, policies);
	if (!ret && policies_ask_for_cgroups(policies))
		ret = add_processes(survey);
	if (!ret)
		survey_each(survey, choose, (void *)policies);
	return ret;
}

int survey_take_one(struct survey *survey, const struct netns *ns, const struct policies *policies)
{
	int ret;

	memset(survey, 0, sizeof(*survey));
	survey->only = ns->inode;
	ret = add_init(survey);
	if (!ret)
		ret = netns_dir_each_of(ns, add_named, survey);
	if (!ret)
		add_paths(survey, policies);
	return ret;
}

static void free_resident(void *arg)
{
	struct resident *resident = arg;

	free_texts(&resident->traits.names);
	free_texts(&resident->traits.paths);
	free_texts(&resident->traits.cgroups);
	free(resident->file);
	free(resident);
}

/* The residents are those of by_inode, which frees them. */
static void leave(void *arg)
{
}

void survey_free(struct survey *survey)
{
	tdestroy(survey->by_id, leave);
	tdestroy(survey->by_inode, free_resident);
	memset(survey, 0, sizeof(*survey));
}

const struct resident *survey_find(const struct survey *survey, netns_id id)
{
	const struct resident key = { .id = id };
	struct resident **found = tfind(&key, &survey->by_id, array_by_u64);

	return found ? *found : NULL;
}
