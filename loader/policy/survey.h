/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which namespaces there are, as far as user space can tell, and which policy fits each: by its
 * names, by paths and by the cgroups of processes in it.
 */
#ifndef POLICY_SURVEY_H
#define POLICY_SURVEY_H

#include <sys/types.h>

#include "kernel/netns.h"
#include "policy/match.h"
#include "policy/policy.h"

struct resident {
	netns_id id; /* first: `by_id` sorts by it */
	__u32 inode;
	char *file; /* an nsfs file of it, as long as it lives */
	struct traits traits;
	size_t policy; /* index of the first that fits, or NO_POLICY */
};

/* What a container engine tells of a container, or of a pod, that starts. */
struct container {
	const struct netns *ns;
	pid_t pid;	 /* of a process in it, or 0: there is none yet */
	const char *pod; /* NAMESPACE/NAME, or NULL */
	const struct annotation *annotations;
	size_t count;
};

struct survey {
	__u32 only;	/* inode of the one that is looked for, or 0: all */
	__u32 init;	/* inode of the initial namespace: has no other trait than its name */
	void *by_inode; /* tsearch(3) */
	void *by_id;
};

/* Looks everywhere that the policies ask for. Says what is wrong; survey_free() is never wrong. */
int survey_take(struct survey *survey, const struct policies *policies);
void survey_free(struct survey *survey);

/* The same for one namespace alone: neither others are looked at, nor processes. */
int survey_take_one(struct survey *survey, const struct netns *ns, const struct policies *policies);

/* NULL for one that nothing tells of. */
const struct resident *survey_find(const struct survey *survey, netns_id id);

/*
 * The policy of a container that starts: by the names and paths that were found, by the pod and the
 * annotations that the engine tells, and by the cgroup of its process.
 */
size_t survey_choose(const struct survey *survey, const struct container *container,
		     const struct policies *policies);

void survey_each(const struct survey *survey, void (*each)(struct resident *resident, void *arg),
		 void *arg);

#endif
