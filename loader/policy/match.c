// SPDX-License-Identifier: GPL-2.0-only
#include "policy/match.h"

#include <fnmatch.h>
#include <string.h>

#include "policy/rule.h"

/* A star goes over slashes, too: what is below a slice is meant with it. */
static bool glob_fits(const char *glob, const char *text)
{
	return !fnmatch(glob, text, 0);
}

/* A star must not take the whole machine in: its own namespace is called by its name. */
static bool name_fits(const char *glob, const char *name)
{
	return strcmp(name, NETNS_INIT_NAME) ? glob_fits(glob, name) : !strcmp(glob, name);
}

/* Whether one of the texts is one that is asked for. */
static bool one_fits(const struct globs *globs, const struct texts *texts,
		     bool (*fits)(const char *glob, const char *text))
{
	size_t i, j;

	for (i = 0; i < globs->count; i++)
		for (j = 0; j < texts->count; j++)
			if (fits(globs->glob[i], texts->text[j]))
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
		for (j = 0; j < traits->annotation_count; j++)
			if (annotation_fits(globs->glob[i], &traits->annotations[j]))
				return true;
	return !globs->count;
}

static bool fits_kind(const struct globs *globs, const struct texts *texts)
{
	return !globs->count || one_fits(globs, texts, glob_fits);
}

static bool pod_fits(const struct globs *globs, const char *pod)
{
	const struct texts texts = { .text = (char **)&pod, .count = pod ? 1 : 0 };

	return fits_kind(globs, &texts);
}

static bool is_init(const struct texts *names)
{
	return names->count && !strcmp(names->text[0], NETNS_INIT_NAME);
}

static bool names_fit(const struct globs *globs, const struct texts *names)
{
	return globs->count ? one_fits(globs, names, name_fits) : !is_init(names);
}

bool policy_fits(const struct policy *policy, const struct traits *traits)
{
	return !policy_is_for_guests(policy) && names_fit(&policy->names, &traits->names) &&
	       fits_kind(&policy->paths, &traits->paths) &&
	       fits_kind(&policy->cgroups, &traits->cgroups) &&
	       pod_fits(&policy->pods, traits->pod) &&
	       annotations_fit(&policy->annotations, traits);
}

size_t policies_match(const struct policies *policies, const struct traits *traits)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policy_fits(&policies->policy[i], traits))
			return i;
	return NO_POLICY;
}

size_t policies_match_guest(const struct policies *policies, __u32 cid)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (range_at(&policies->policy[i].guests, cid))
			return i;
	return NO_POLICY;
}

/* Whether it has such traits, and none of them is one that is asked for. */
static bool none_fits(const struct globs *globs, const struct texts *texts)
{
	return globs->count && texts->count && !one_fits(globs, texts, glob_fits);
}

/* A policy without Name= is for all names but that of the initial namespace. */
static bool is_ruled_out_by_name(const struct policy *policy, const struct texts *names)
{
	return names->count && !names_fit(&policy->names, names);
}

bool policy_is_ruled_out(const struct policy *policy, const struct traits *traits)
{
	return is_ruled_out_by_name(policy, &traits->names) ||
	       none_fits(&policy->paths, &traits->paths) ||
	       none_fits(&policy->cgroups, &traits->cgroups);
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
	       same_globs(&a->cgroups, &b->cgroups) &&
	       same_globs(&a->annotations, &b->annotations) && same_globs(&a->pods, &b->pods);
}
