// SPDX-License-Identifier: GPL-2.0-only
#include "policy/cover.h"

#include "policy/glob.h"
#include "policy/rule.h"

bool globs_cover_one(const struct globs *wide, const char *narrow)
{
	size_t i;

	for (i = 0; i < wide->count; i++)
		if (glob_covers(wide->glob[i], narrow))
			return true;
	return false;
}

static bool globs_cover(const struct globs *wide, const struct globs *narrow)
{
	size_t i;

	if (!wide->count)
		return true;
	for (i = 0; i < narrow->count; i++)
		if (!globs_cover_one(wide, narrow->glob[i]))
			return false;
	return narrow->count;
}

bool policy_covers(const struct policy *wide, const struct policy *narrow)
{
	if (policy_is_for_guests(wide) || policy_is_for_guests(narrow))
		return policy_is_for_guests(narrow) && ranges_cover(&wide->guests, &narrow->guests);
	return globs_cover(&wide->names, &narrow->names) &&
	       globs_cover(&wide->paths, &narrow->paths) &&
	       globs_cover(&wide->cgroups, &narrow->cgroups) &&
	       globs_cover(&wide->annotations, &narrow->annotations) &&
	       globs_cover(&wide->pods, &narrow->pods);
}
