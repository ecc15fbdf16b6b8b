// SPDX-License-Identifier: GPL-2.0-only
#include "policy/policies.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keywords.h"
#include "lib/memory.h"
#include "policy/files.h"
#include "policy/glob.h"
#include "policy/mistakes.h"
#include "policy/read.h"
#include "policy/rule.h"

/* Rules and annotations have to be able to say it. */
static const char *name_mistake(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return "a policy's name has no blanks";
	return is_glob(name) ? "a policy's name has none of *?[" : NULL;
}

/* Files come sorted: another of this name would be the last one. */
static bool is_there(struct policies *policies, const char *name, const char *file)
{
	const struct policy *last = policies->count ? &policies->policy[policies->count - 1] : NULL;

	if (!last || strcmp(last->name, name))
		return false;
	policies_mistake(policies, file, 0, "another policy of this name is %s", last->file);
	return true;
}

static void read_policy(struct policies *policies, const char *name, const struct policy_file *file)
{
	const char *reason = name_mistake(name);

	if (reason)
		policies_mistake(policies, file->path, 0, "%s", reason);
	else if (is_there(policies, name, file->path))
		return;
	else if (file->error)
		policies_mistake(policies, file->path, 0, "%s",
				 file->error == EINVAL ? "not a regular file"
						       : strerror(file->error));
	else
		policy_read(policies, name, file->path, file->bytes, file->size);
}

static void read_file(struct policies *policies, const struct policy_file *file)
{
	char *name;

	if (!policy_file_is_policy(file)) {
		policies_mistake(policies, file->path, 0,
				 "does not end in " POLICY_ENDING
				 "; begin its name with a dot if it is to be ignored");
		return;
	}
	name = memory_checked(strndup(file->base, strlen(file->base) - strlen(POLICY_ENDING)));
	read_policy(policies, name, file);
	free(name);
}

/* Where rules speak of policies, those have to be there. */
static void check_name(struct policies *policies, const struct policy *policy,
		       const struct rule *rule)
{
	const char **names;
	size_t i;

	if (rule->peer != BY_POLICY || !rule->name || policies_find(policies, rule->name))
		return;
	/* Looking for the nearest takes long if there are many and all are wrong. */
	if (policies->mistakes >= MISTAKES_KEPT) {
		policies->mistakes++;
		return;
	}
	names = memory_checked(calloc(policies->count, sizeof(*names)));
	for (i = 0; i < policies->count; i++)
		names[i] = policies->policy[i].name;
	policies_mistake(policies, policy->file, rule->line, "policy %s: there is no such policy%s",
			 rule->name, keywords_hint(rule->name, names, policies->count).text);
	free(names);
}

static void check_names(struct policies *policies)
{
	size_t i, j;

	for (i = 0; i < policies->count; i++)
		for (j = 0; j < policies->policy[i].rules; j++)
			check_name(policies, &policies->policy[i], &policies->policy[i].rule[j]);
}

int policies_parse(struct policies *policies, const struct policy_files *files)
{
	size_t i;

	*policies = (struct policies){};
	for (i = 0; i < files->count; i++)
		read_file(policies, &files->file[i]);
	check_names(policies);
	return policies->mistakes ? -EINVAL : 0;
}

int policies_load_files(struct policies *policies, char *const *paths, size_t count)
{
	struct policy_files files;
	int ret;

	policy_files_read_all(&files, paths, count);
	ret = policies_parse(policies, &files);
	policy_files_free(&files);
	return ret;
}

int policies_load(struct policies *policies, const char *dir)
{
	struct policy_files files;
	int ret = policy_files_read(&files, dir);

	*policies = (struct policies){};
	if (!ret)
		ret = policies_parse(policies, &files);
	policy_files_free(&files);
	return ret;
}

int policies_read(struct policies *policies, const char *dir)
{
	int ret = policies_load(policies, dir);

	if (!ret)
		return 0;
	policies_log_mistakes(policies);
	policies_free(policies);
	return ret;
}

static void free_globs(struct globs *globs)
{
	size_t i;

	for (i = 0; i < globs->count; i++)
		free(globs->glob[i]);
	free(globs->glob);
}

static void free_policy(struct policy *policy)
{
	size_t i;

	free(policy->name);
	free(policy->file);
	free_globs(&policy->names);
	free_globs(&policy->paths);
	free_globs(&policy->cgroups);
	free_globs(&policy->annotations);
	free_globs(&policy->pods);
	free(policy->guests.range);
	for (i = 0; i < policy->rules; i++)
		rule_free(&policy->rule[i]);
	free(policy->rule);
}

void policies_free(struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		free_policy(&policies->policy[i]);
	free(policies->policy);
	policies_free_mistakes(policies);
	*policies = (struct policies){};
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static int by_file(const void *key, const void *element)
{
	const struct policy *policy = element;

	return strcmp(key, base_name(policy->file));
}

const struct policy *policies_find(const struct policies *policies, const char *name)
{
	const struct policy *found;
	char *file = memory_printf("%s" POLICY_ENDING, name);

	/* That is what they are sorted by: with the ending, which is not the order of names. */
	found = policies->count
			? bsearch(file, policies->policy, policies->count, sizeof(*found), by_file)
			: NULL;
	free(file);
	return found;
}

bool policies_have_rules(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policies->policy[i].audit || policies->policy[i].log_accepted ||
		    policies->policy[i].rules || policy_is_for_guests(&policies->policy[i]))
			return true;
	return false;
}

bool policies_have_guests(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policy_is_for_guests(&policies->policy[i]))
			return true;
	return false;
}

bool policies_log_accepted(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policies->policy[i].log_accepted)
			return true;
	return false;
}

bool policies_ask_for_cgroups(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policies->policy[i].cgroups.count)
			return true;
	return false;
}

bool policies_ask_for_paths(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (policies->policy[i].paths.count)
			return true;
	return false;
}

bool policy_makes_local(const struct policy *policy)
{
	return (policy->sets_mode && policy->mode == LOCAL) ||
	       (policy->sets_child_mode && policy->child_mode == LOCAL);
}

/* The initial namespace is not made any more. */
static bool fits_init_alone(const struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->names.count; i++)
		if (strcmp(policy->names.glob[i], NETNS_INIT_NAME))
			return false;
	return policy->names.count;
}

/* Whether it matters to a new namespace that this policy is found to fit it, or not, in time. */
static bool holds_up(const struct policy *policy)
{
	bool refuses = policy->rules || policy_makes_local(policy);

	return refuses && !policy->audit && !fits_init_alone(policy) &&
	       !policy_is_for_guests(policy);
}

bool policies_hold_new(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		if (holds_up(&policies->policy[i]))
			return true;
	return false;
}
