// SPDX-License-Identifier: GPL-2.0-only
/*
 * Only what is certain from the files is noted: a rule that can never hold, a policy that nothing
 * can get, an Allow= that the policy of the other end refuses.
 */
#include "policy/notes.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/netns.h"
#include "lib/array.h"
#include "lib/memory.h"
#include "lib/trusted-path.h"
#include "policy/policies.h"
#include "policy/rule.h"

#define NAME_LONGEST 255
#define CGROUPS	     "/sys/fs/cgroup"

static void add(struct notes *notes, const struct policy *policy, unsigned int line,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add(struct notes *notes, const struct policy *policy, unsigned int line,
		const char *format, ...)
{
	struct note note = { .file = policy->file, .line = line };
	va_list args;

	va_start(args, format);
	note.text = memory_vprintf(format, args);
	va_end(args);
	*array_add(notes->note, notes->count, notes->room) = note;
}

/* --- Globs that fit nothing, or more than they seem to --- */

static void look_at_names(struct notes *notes, const struct policy *policy)
{
	const char *glob;
	size_t i;

	for (i = 0; i < policy->names.count; i++) {
		glob = policy->names.glob[i];
		if (*glob == '.')
			add(notes, policy, 0, "Name=%s: names that begin with a dot are skipped",
			    glob);
		else if (!is_glob(glob) && strlen(glob) > NAME_LONGEST)
			add(notes, policy, 0, "Name=%s: longer than a name can be", glob);
	}
}

/* Up to the last slash before what a glob leaves open. */
static void fixed_folder(const char *glob, char folder[PATH_MAX])
{
	size_t length = strcspn(glob, "*?[\\");

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
		add(notes, policy, 0, "Path=%s: fits no file; what is in the folder is %s*", glob,
		    glob);
	else if (!strncmp(glob, "/proc/", 6))
		add(notes, policy, 0, "Path=%s: nothing below /proc counts as a path", glob);
	else if (trusted_path_check_folder(folder) == -EPERM)
		add(notes, policy, 0,
		    "Path=%s: a folder on the way is not root's alone to write, so nothing there "
		    "counts",
		    glob);
}

static void look_at_cgroup(struct notes *notes, const struct policy *policy, const char *glob)
{
	size_t length = strlen(glob);

	if (length > 1 && glob[length - 1] == '/')
		add(notes, policy, 0, "Cgroup=%s: fits no cgroup; what is below is %s*", glob,
		    glob);
	else if (!strncmp(glob, CGROUPS "/", strlen(CGROUPS "/")))
		add(notes, policy, 0, "Cgroup=%s: fits no cgroup; the path of the one there is %s",
		    glob, glob + strlen(CGROUPS));
	else if (strstr(glob, "//") || strstr(glob, "/./"))
		add(notes, policy, 0, "Cgroup=%s: fits no cgroup; no path of one has // or /./",
		    glob);
	else if (*glob == '*' && glob[1])
		add(notes, policy, 0,
		    "Cgroup=%s: fits also what is named so by whoever has a part of the tree; "
		    "begin with the folder that is nobody else's",
		    glob);
}

/* Kubernetes takes no such names. */
static void look_at_pod(struct notes *notes, const struct policy *policy, const char *glob)
{
	size_t fixed = strcspn(glob, "*?[\\");

	if (strcspn(glob, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") < fixed)
		add(notes, policy, 0,
		    "Pod=%s: fits no pod; their names have small letters, digits, '-' and '.'",
		    glob);
}

/* The CNI plugin tells the one, and is asked before anything can show the other. */
static void look_at_pod_in_cgroup(struct notes *notes, const struct policy *policy)
{
	if (policy->pods.count && policy->cgroups.count)
		add(notes, policy, 0,
		    "no namespace gets this policy: a pod is told before a process of it has a "
		    "cgroup, so that Pod= and Cgroup= never fit at once");
}

static void look_at_globs(struct notes *notes, const struct policy *policy)
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

/* --- Policies that nothing can get --- */

/* "web*": the length of what comes before its only star, which is its end; -1 for others. */
static int length_before_star(const char *glob)
{
	size_t length = strcspn(glob, "*?[\\");

	return glob[length] == '*' && !glob[length + 1] ? (int)length : -1;
}

/* Whether all that fits `narrow` certainly fits `wide`. */
static bool glob_covers(const char *wide, const char *narrow)
{
	int length = length_before_star(wide);

	if (!strcmp(wide, narrow))
		return true;
	if (!strcmp(narrow, NETNS_INIT_NAME))
		return false;
	if (!is_glob(narrow))
		return !fnmatch(wide, narrow, 0);
	return length >= 0 && (int)strcspn(narrow, "*?[\\") >= length &&
	       !strncmp(wide, narrow, length);
}

static bool covers_glob(const struct globs *wide, const char *narrow)
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
		if (!covers_glob(wide, narrow->glob[i]))
			return false;
	return narrow->count;
}

static bool policy_covers(const struct policy *wide, const struct policy *narrow)
{
	return globs_cover(&wide->names, &narrow->names) &&
	       globs_cover(&wide->paths, &narrow->paths) &&
	       globs_cover(&wide->cgroups, &narrow->cgroups) &&
	       globs_cover(&wide->annotations, &narrow->annotations) &&
	       globs_cover(&wide->pods, &narrow->pods);
}

static void look_for_cover(struct notes *notes, const struct policies *policies, size_t index)
{
	const struct policy *policy = &policies->policy[index];
	size_t i;

	for (i = 0; i < index; i++)
		if (policy_covers(&policies->policy[i], policy)) {
			add(notes, policy, 0,
			    "no namespace gets this policy: %s comes first and fits all that "
			    "this one fits",
			    policies->policy[i].file);
			return;
		}
}

/* --- Rules that never hold --- */

/* Rules of a policy for which wanted() is true. */
struct selection {
	const struct policy *policy;
	bool (*wanted)(const struct rule *rule, const void *arg);
	const void *arg;
};

/* A range of ports of some rule that has this one. */
static const struct range *selected_at(const struct selection *selection, __u64 port)
{
	const struct policy *policy = selection->policy;
	const struct range *found = NULL;
	size_t i;

	for (i = 0; i < policy->rules && !found; i++)
		if (selection->wanted(&policy->rule[i], selection->arg))
			found = range_at(&policy->rule[i].ports, port);
	return found;
}

/* Whether every one of the ports is in a rule that is selected. */
static bool all_selected(const struct selection *selection, const struct ranges *ports)
{
	const struct range *found;
	__u64 port;
	size_t i;

	for (i = 0; i < ports->count; i++)
		for (port = ports->range[i].first; port <= ports->range[i].last;
		     port = found->last + 1ULL) {
			found = selected_at(selection, port);
			if (!found)
				return false;
		}
	return ports->count;
}

static bool overlap(const struct ranges *a, const struct ranges *b)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (range_at(b, a->range[i].first))
			return true;
	for (i = 0; i < b->count; i++)
		if (range_at(a, b->range[i].first))
			return true;
	return false;
}

static bool ranges_cover(const struct ranges *wide, const struct ranges *narrow)
{
	const struct range *found;
	size_t i;

	for (i = 0; i < narrow->count; i++) {
		found = range_at(wide, narrow->range[i].first);
		if (!found || found->last < narrow->range[i].last)
			return false;
	}
	return true;
}

/* Whether a rule covers all peers of the other one. */
static bool peer_covers(const struct rule *wide, const struct rule *narrow)
{
	if (wide->peer == ANYONE)
		return true;
	if (wide->peer != narrow->peer)
		return false;
	if (wide->peer == BY_CID)
		return ranges_cover(&wide->cids, &narrow->cids);
	return wide->peer == OUTSIDE || !strcmp(wide->name, narrow->name);
}

static bool denies_same(const struct rule *rule, const void *arg)
{
	const struct rule *allow = arg;

	return rule->decision == DENY && rule->verb == allow->verb && peer_covers(rule, allow);
}

/* --- Allow= that the other end refuses --- */

static enum rule_verb answer_to(enum rule_verb verb)
{
	return verb == CONNECT ? ACCEPT : CONNECT;
}

struct asker {
	const struct policy *policy;
	const struct rule *allow;
};

/* Whether a rule of the other end is about every namespace with the policy that asks. */
static bool denies_asker(const struct rule *rule, const void *arg)
{
	const struct asker *asker = arg;

	if (rule->decision != DENY || rule->verb != answer_to(asker->allow->verb))
		return false;
	return rule->peer == ANYONE ||
	       (rule->peer == BY_POLICY && !strcmp(rule->name, asker->policy->name));
}

/* Whether it may be about some of them: their names and guests are not known. */
static bool may_allow_asker(const struct rule *rule, const struct asker *asker)
{
	if (rule->decision != ALLOW || rule->verb != answer_to(asker->allow->verb) ||
	    !overlap(&rule->ports, &asker->allow->ports))
		return false;
	return rule->peer != OUTSIDE &&
	       (rule->peer != BY_POLICY || !strcmp(rule->name, asker->policy->name));
}

static bool may_agree(const struct policy *other, const struct asker *asker)
{
	size_t i;

	if (!other->sets_mode || other->mode != LOCAL)
		return true;
	for (i = 0; i < other->rules; i++)
		if (may_allow_asker(&other->rule[i], asker))
			return true;
	return false;
}

/* The policy that a namespace of this name certainly has, or NULL. */
static const struct policy *policy_of_name(const struct policies *policies, const char *name)
{
	const struct policy *policy;
	size_t i;

	for (i = 0; i < policies->count; i++) {
		policy = &policies->policy[i];
		if (policy->names.count && !covers_glob(&policy->names, name))
			continue;
		return policy->paths.count || policy->cgroups.count || policy->annotations.count ||
				       policy->pods.count
			       ? NULL
			       : policy;
	}
	return NULL;
}

static const struct policy *other_end(const struct policies *policies, const struct rule *rule)
{
	if (rule->peer == BY_POLICY)
		return policies_find(policies, rule->name);
	return rule->peer == BY_NAME ? policy_of_name(policies, rule->name) : NULL;
}

static void look_at_other(struct notes *notes, const struct policies *policies,
			  const struct policy *policy, const struct rule *rule)
{
	const struct policy *other = other_end(policies, rule);
	struct asker asker = { policy, rule };
	struct selection denies = { other, denies_asker, &asker };
	const char *verb = rule->verb == CONNECT ? "accept from" : "connect to";

	if (!other || other->audit)
		return;
	if (all_selected(&denies, &rule->ports))
		add(notes, policy, rule->line, "Allow=%s: a Deny=%s of %s refuses it", rule->text,
		    verb, other->file);
	else if (!may_agree(other, &asker))
		add(notes, policy, rule->line,
		    "Allow=%s: the other end is local, and %s has no Allow=%s that agrees",
		    rule->text, other->file, verb);
}

static void look_at_rule(struct notes *notes, const struct policies *policies,
			 const struct policy *policy, const struct rule *rule)
{
	struct selection denies = { policy, denies_same, rule };

	if (rule->decision != ALLOW)
		return;
	if (all_selected(&denies, &rule->ports))
		add(notes, policy, rule->line,
		    "Allow=%s: never holds, as a Deny= of this file is stronger", rule->text);
	else
		look_at_other(notes, policies, policy, rule);
}

/* --- All of it --- */

static void look_at_effect(struct notes *notes, const struct policy *policy)
{
	if (!policy->rules && !policy->sets_child_mode && !policy->audit &&
	    (!policy->sets_mode || policy->mode == GLOBAL))
		add(notes, policy, 0, "sets nothing, and keeps later policies from fitting");
}

void notes_take(struct notes *notes, const struct policies *policies)
{
	const struct policy *policy;
	size_t i, j;

	memset(notes, 0, sizeof(*notes));
	for (i = 0; i < policies->count; i++) {
		policy = &policies->policy[i];
		look_at_globs(notes, policy);
		look_for_cover(notes, policies, i);
		look_at_effect(notes, policy);
		for (j = 0; j < policy->rules; j++)
			look_at_rule(notes, policies, policy, &policy->rule[j]);
	}
}

void notes_free(struct notes *notes)
{
	size_t i;

	for (i = 0; i < notes->count; i++)
		free(notes->note[i].text);
	free(notes->note);
	memset(notes, 0, sizeof(*notes));
}
