/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: which namespace gets what. One file NAME.policy each, see vsock-bpfd.policy(5).
 *
 *	files.c			which files there are
 *	read.c			what stands in one
 *	ini-line.c		what a line may look like before libinih gets it
 *	rule.c			the words of a rule
 *	match.c			which policy a namespace has
 *	compile.c		rules as cells of the map `rules`
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "vsock-bpfd.h"

#define POLICY_DIR "/etc/vsock-bpfd/policy.d"

/* How the initial namespace is called. Only a Name= that says exactly this means it. */
#define POLICY_INIT_NAME "(init)"

/* Numbers from first to last. */
struct range {
	__u32 first, last;
};

struct ranges {
	struct range *range;
	size_t count;
};

/* Allow= or Deny=, from the view of the namespace that has the policy. */
struct rule {
	enum decision decision; /* ALLOW or DENY */
	enum rule_verb verb;
	enum rule_peer peer; /* of CONNECT and ACCEPT */
	char *name;	     /* of the peer: BY_POLICY or BY_NAME */
	struct ranges cids;  /* BY_CID and GUEST; all of them, if nothing else was said */
	struct ranges ports; /* all others: of who is connected to, or listens */
	char *text;	     /* its words, with one blank between them */
	unsigned int line;
};

/* Globs; one of them has to fit. */
struct globs {
	char **glob;
	size_t count;
};

struct policy {
	char *name; /* of the file, without .policy */
	char *file; /* for people, with its directory */
	struct globs names, paths, cgroups;
	struct globs annotations;	 /* KEY=GLOB */
	bool sets_mode, sets_child_mode; /* else the namespace keeps what it has */
	enum vsock_mode mode, child_mode;
	bool audit;
	bool inherit; /* namespaces made from it get the policy, too */
	struct rule *rule;
	size_t rules;
};

struct mistake {
	char *file;
	unsigned int line; /* 0: the file as a whole */
	char *reason;
};

#define MISTAKES_KEPT 20

struct policies {
	struct policy *policy; /* in the order in which they are looked at */
	size_t count;
	struct mistake mistake[MISTAKES_KEPT];
	size_t mistakes; /* how many there are, kept or not */
};

/*
 * Reads DIR/NAME.policy, sorted by file name. A directory that is not there has no policies.
 * Says every mistake in a line of its own and returns -EINVAL, or the errno of what failed;
 * then there are no policies. policies_free() is never wrong.
 */
int policies_read(struct policies *policies, const char *dir);

/* The same, but the mistakes stand in policies->mistake, and what is good is there. */
int policies_load(struct policies *policies, const char *dir);

/* Files as a set of their own. */
int policies_load_files(struct policies *policies, char *const *files, size_t count);

void policies_say_mistakes(const struct policies *policies);

void policies_free(struct policies *policies);

/* NULL if there is none of this name. */
const struct policy *policies_find(const struct policies *policies, const char *name);

/* An annotation of a container. */
struct annotation {
	const char *key, *value;
};

/* What a namespace is matched by; NULL where it is not known. */
struct traits {
	const char *name;   /* under /run/netns, or POLICY_INIT_NAME */
	const char *path;   /* of an nsfs file */
	const char *cgroup; /* of a process in it, from the root of cgroup2 */
	const struct annotation *annotations;
	size_t count;
};

/* Whether [Match] fits. */
bool policy_fits(const struct policy *policy, const struct traits *traits);

/* All that is known of a namespace; a list is empty where nothing is. */
struct trait_lists {
	char *const *names, *const *paths, *const *cgroups;
	size_t name_count, path_count, cgroup_count;
};

/*
 * Whether what is known speaks against it. A namespace of which nothing is known any more, as its
 * name or its last process went, is not ruled out.
 */
bool policy_is_ruled_out(const struct policy *policy, const struct trait_lists *lists);

/* Whether both have the same [Match]. */
bool policies_match_alike(const struct policy *a, const struct policy *b);

/* The first one that fits, or NULL. */
const struct policy *policies_match(const struct policies *policies, const struct traits *traits);

/* One half of the map `rules`. */
struct compiled {
	struct rule_cell *cells;
	size_t count;  /* of cells */
	__u32 *heads;  /* where each policy starts, in the order of struct policies */
	char **names;  /* that rules speak of, sorted; see compiled_name() */
	size_t named;  /* how many */
	bool ruled;    /* some policy has rules, or audits */
	bool watching; /* some policy asks for a cgroup: new namespaces are to be told */
	bool holding; /* some policy would refuse something to a namespace that is made: see held */
};

/* Says what is wrong; -ENOSPC if it is more than RULE_CELLS. compiled_free() is never wrong. */
int policies_compile(const struct policies *policies, struct compiled *compiled);
void compiled_free(struct compiled *compiled);

/* The number of a namespace's name, or 0: no rule speaks of it. */
__u32 compiled_name(const struct compiled *compiled, const char *name);

/*
 * The number of a namespace that had the name and has none any more: rules that deny speak of it
 * still, those that allow do not.
 */
__u32 compiled_former_name(const struct compiled *compiled, const char *name);

/* The name that either number stands for, or NULL. */
const char *compiled_name_of(const struct compiled *compiled, __u32 number);

#endif
