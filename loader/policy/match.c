// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <string.h>

#include "policy/policy.h"

/* A star goes over slashes, too: what is below a slice is meant with it. */
static bool glob_fits(const char *glob, const char *text)
{
	return !fnmatch(glob, text, 0);
}

static bool one_fits(const struct globs *globs, const char *text)
{
	size_t i;

	if (!globs->count)
		return true;
	if (!text)
		return false;
	for (i = 0; i < globs->count; i++)
		if (glob_fits(globs->glob[i], text))
			return true;
	return false;
}

/* KEY=GLOB */
static bool annotation_fits(const char *glob, const struct annotation *annotation)
{
	size_t length = strcspn(glob, "=");

	return !strncmp(glob, annotation->key, length) && !annotation->key[length] &&
	       glob_fits(glob + length + 1, annotation->value);
}

static bool annotations_fit(const struct globs *globs, const struct traits *traits)
{
	size_t i, j;

	for (i = 0; i < globs->count; i++)
		for (j = 0; j < traits->count; j++)
			if (annotation_fits(globs->glob[i], &traits->annotations[j]))
				return true;
	return !globs->count;
}

/* A star must not take the whole machine in: its own namespace is called by its name. */
static bool name_fits(const struct globs *globs, const char *name)
{
	size_t i;

	if (!name || strcmp(name, POLICY_INIT_NAME))
		return one_fits(globs, name);
	for (i = 0; i < globs->count; i++)
		if (!strcmp(globs->glob[i], POLICY_INIT_NAME))
			return true;
	return false;
}

bool policy_fits(const struct policy *policy, const struct traits *traits)
{
	return name_fits(&policy->names, traits->name) && one_fits(&policy->paths, traits->path) &&
	       one_fits(&policy->cgroups, traits->cgroup) &&
	       annotations_fit(&policy->annotations, traits);
}

const struct policy *policies_match(const struct policies *policies, const struct traits *traits)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policy_fits(&policies->policy[i], traits))
			return &policies->policy[i];
	return NULL;
}

/* Whether it has such traits, and none of them is one that is asked for. */
static bool none_fits(const struct globs *globs, char *const *texts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (one_fits(globs, texts[i]))
			return false;
	return count;
}

bool policy_is_ruled_out(const struct policy *policy, const struct trait_lists *lists)
{
	return none_fits(&policy->names, lists->names, lists->name_count) ||
	       none_fits(&policy->paths, lists->paths, lists->path_count) ||
	       none_fits(&policy->cgroups, lists->cgroups, lists->cgroup_count);
}

static bool same_globs(const struct globs *a, const struct globs *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->glob[i], b->glob[i]))
			return false;
	return true;
}

bool policies_match_alike(const struct policy *a, const struct policy *b)
{
	return same_globs(&a->names, &b->names) && same_globs(&a->paths, &b->paths) &&
	       same_globs(&a->cgroups, &b->cgroups) && same_globs(&a->annotations, &b->annotations);
}
