// SPDX-License-Identifier: GPL-2.0-only
#include "policy/glob.h"

#include <fnmatch.h>
#include <string.h>

#include "kernel/netns.h"

bool is_glob(const char *text)
{
	return strpbrk(text, "*?[");
}

size_t glob_fixed_length(const char *glob)
{
	return strcspn(glob, "*?[\\");
}

const char *glob_mistake(const char *glob)
{
	for (; *glob; glob++) {
		if (*glob == '\\' && !*++glob)
			return "ends with a backslash";
		/* A bracket at the beginning of a set is one of its letters. */
		if (*glob == '[') {
			glob += glob[1] == '!' || glob[1] == '^' ? 2 : 1;
			glob = *glob ? strchr(glob + 1, ']') : NULL;
			if (!glob)
				return "a '[' without its ']'";
		}
	}
	return NULL;
}

const char *glob_foreign_mistake(const char *glob)
{
	switch (*glob) {
	case '!':
		return "there is no negation; a policy that comes first takes out what it fits";
	case '#':
		return "a comment needs a line of its own";
	case '"':
	case '\'':
		return "quotes are ordinary characters here; '?' fits a blank";
	default:
		return NULL;
	}
}

bool glob_has_comma(const char *glob)
{
	const char *comma = strchr(glob, ',');

	return comma && (comma == glob || comma[-1] != '\\');
}

/* "web*": the length of what comes before its only star, which is its end; -1 for others. */
static int length_before_star(const char *glob)
{
	size_t length = glob_fixed_length(glob);

	return glob[length] == '*' && !glob[length + 1] ? (int)length : -1;
}

bool glob_covers(const char *wide, const char *narrow)
{
	int length = length_before_star(wide);

	if (!strcmp(wide, narrow))
		return true;
	if (!strcmp(narrow, NETNS_INIT_NAME))
		return false;
	if (!is_glob(narrow))
		return !fnmatch(wide, narrow, 0);
	return length >= 0 && (int)glob_fixed_length(narrow) >= length &&
	       !strncmp(wide, narrow, length);
}
