// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/trusted-path.h"
#include "policy/glob.h"
#include "policy/note.h"

#define NAME_LONGEST 255
#define CGROUPS	     "/sys/fs/cgroup"

static void look_at_names(struct notes *notes, const struct policy *policy)
{
	const char *glob;
	size_t i;

	for (i = 0; i < policy->names.count; i++) {
		glob = policy->names.glob[i];
		if (*glob == '.')
			note_add(notes, policy, 0,
				 "Name=%s: names that begin with a dot are skipped", glob);
		else if (!is_glob(glob) && strlen(glob) > NAME_LONGEST)
			note_add(notes, policy, 0, "Name=%s: longer than a name can be", glob);
	}
}

/* Up to the last slash before what a glob leaves open. */
static void fixed_folder(const char *glob, char folder[PATH_MAX])
{
	size_t length = glob_fixed_length(glob);

	while (length && glob[length - 1] != '/')
		length--;
	snprintf(folder, PATH_MAX, "%.*s", (int)length, glob);
}

static void look_at_path(struct notes *notes, const struct policy *policy, const char *glob)
{
	char folder[PATH_MAX];
	size_t length = strlen(glob);

	fixed_folder(glob, folder);
	if (glob[length - 1] == '/')
		note_add(notes, policy, 0, "Path=%s: fits no file; what is in the folder is %s*",
			 glob, glob);
	else if (!strncmp(glob, "/proc/", 6))
		note_add(notes, policy, 0, "Path=%s: nothing below /proc counts as a path", glob);
	else if (trusted_path_check_folder(folder) == -EPERM)
		note_add(notes, policy, 0,
			 "Path=%s: a folder on the way is not root's alone to write, so nothing "
			 "there "
			 "counts",
			 glob);
}

static void look_at_cgroup(struct notes *notes, const struct policy *policy, const char *glob)
{
	size_t length = strlen(glob);

	if (length > 1 && glob[length - 1] == '/')
		note_add(notes, policy, 0, "Cgroup=%s: fits no cgroup; what is below is %s*", glob,
			 glob);
	else if (!strncmp(glob, CGROUPS "/", strlen(CGROUPS "/")))
		note_add(notes, policy, 0,
			 "Cgroup=%s: fits no cgroup; the path of the one there is %s", glob,
			 glob + strlen(CGROUPS));
	else if (strstr(glob, "//") || strstr(glob, "/./"))
		note_add(notes, policy, 0,
			 "Cgroup=%s: fits no cgroup; no path of one has // or /./", glob);
	else if (*glob == '*' && glob[1])
		note_add(notes, policy, 0,
			 "Cgroup=%s: fits also what is named so by whoever has a part of the tree; "
			 "begin with the folder that is nobody else's",
			 glob);
}

/* Kubernetes takes no such names. */
static void look_at_pod(struct notes *notes, const struct policy *policy, const char *glob)
{
	size_t fixed = glob_fixed_length(glob);

	if (strcspn(glob, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") < fixed)
		note_add(notes, policy, 0,
			 "Pod=%s: fits no pod; their names have small letters, digits, '-' and '.'",
			 glob);
}

/* The CNI plugin tells the one, and is asked before anything can show the other. */
static void look_at_pod_in_cgroup(struct notes *notes, const struct policy *policy)
{
	if (policy->pods.count && policy->cgroups.count)
		note_add(
			notes, policy, 0,
			"no namespace gets this policy: a pod is told before a process of it has a "
			"cgroup, so that Pod= and Cgroup= never fit at once");
}

void note_globs(struct notes *notes, const struct policy *policy)
{
	size_t i;

	look_at_names(notes, policy);
	for (i = 0; i < policy->paths.count; i++)
		look_at_path(notes, policy, policy->paths.glob[i]);
	for (i = 0; i < policy->cgroups.count; i++)
		look_at_cgroup(notes, policy, policy->cgroups.glob[i]);
	for (i = 0; i < policy->pods.count; i++)
		look_at_pod(notes, policy, policy->pods.glob[i]);
	look_at_pod_in_cgroup(notes, policy);
}
