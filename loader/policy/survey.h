/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which namespaces there are, as far as user space can tell, and which policy fits each: by its
 * names, by paths and by the cgroups of processes in it.
 */
#ifndef POLICY_SURVEY_H
#define POLICY_SURVEY_H

#include <sys/types.h>

#include "kernel/netns.h"
#include "policy/policy.h"

/* No policy fits. */
#define NO_POLICY ((size_t)-1)

/* Texts without order, each once. */
struct texts {
	char **text;
	size_t count;
};

struct resident {
	netns_id id;
	__u32 inode;
	char *file; /* an nsfs file of it, as long as it lives */
	struct texts names, paths, cgroups;
	size_t policy; /* index of the first that fits, or NO_POLICY */
	__u32 name;    /* number of a name of its own that rules speak of, or 0 */
};

struct survey {
	__u32 init;	/* inode of the initial namespace: has no other trait than its name */
	void *by_inode; /* tsearch(3) */
	void *by_id;
};

/* Looks everywhere that the policies ask for. Says what is wrong; survey_free() is never wrong. */
int survey_take(struct survey *survey, const struct policies *policies,
		const struct compiled *compiled);
void survey_free(struct survey *survey);

/* Whether the policy fits it, be it the first or not. */
bool survey_fits(const struct resident *resident, const struct policy *policy);

/* Whether what is known of it, which may be NULL, speaks against the policy. */
bool survey_rules_out(const struct resident *resident, const struct policy *policy);

/* NULL for one that nothing tells of. */
const struct resident *survey_find(const struct survey *survey, netns_id id);

/*
 * The policy of a container that starts: what else is known of its namespace counts, and the
 * annotations, and where its process `pid` is.
 */
size_t survey_choose(const struct survey *survey, const struct netns *ns, pid_t pid,
		     const struct policies *policies, const struct annotation *annotations,
		     size_t count);

void survey_each(const struct survey *survey, void (*each)(struct resident *resident, void *arg),
		 void *arg);

#endif
