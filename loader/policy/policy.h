/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies: which namespace gets what. One file NAME.policy each, see vsock-bpfd.policy(5). From
 * the files into force:
 *
 *	files		their bytes, of one time
 *	read		what stands in one; ini-line, rule, glob: in a line
 *	policies	all of them
 *	mistakes	what is wrong with them
 *	match		which of them a namespace gets
 *	peer-names	numbers for the names that rules speak of
 *	compile		rules as cells of the map `rules`
 *	store		the files of those in force
 *	set		what is in force, or is to be
 *	survey		which namespaces there are
 *	assign		policies to namespaces
 *	switch		from one set to the next
 *	container	the policy of one that starts
 *	notes		what is good and may not be meant; note-globs, note-rules, cover: parts
 *	trial		policies that are not in force, over copies of the maps
 *	reason		the line that a decision comes from
 *	explain		why a call is allowed or refused
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/netns.h"

#define POLICY_DIR "/etc/vsock-bpfd/policy.d"

/* Numbers from first to last. */
struct range {
	__u32 first, last;
};

struct ranges {
	struct range *range;
	size_t count, room;
};

/* Allow= or Deny=, from the view of the namespace that has the policy. */
struct rule {
	enum decision decision; /* ALLOW or DENY */
	enum rule_verb verb;
	enum rule_peer peer; /* of CONNECT and ACCEPT */
	char *name;	     /* of the peer: BY_POLICY or BY_NAME */
	struct ranges cids;  /* BY_CID and GUEST; all of them, if nothing else was said */
	struct ranges ports; /* all others: of the end that is connected to, or that listens */
	char *text;	     /* its words, with one blank between them */
	unsigned int line;
};

/* Globs; one of them has to fit. */
struct globs {
	char **glob;
	size_t count, room;
};

struct policy {
	char *name; /* of the file, without .policy */
	char *file; /* for people, with its directory */
	struct globs names, paths, cgroups;
	struct globs annotations;	 /* KEY=GLOB */
	struct globs pods;		 /* NAMESPACE/NAME */
	struct ranges guests;		 /* CIDs; with any, it is for guests and for no namespace */
	bool sets_mode, sets_child_mode; /* else the namespace keeps what it has */
	enum vsock_mode mode, child_mode;
	unsigned int mode_line;
	bool audit;
	bool log_accepted;
	bool inherit; /* namespaces made from it get the policy, too */
	struct rule *rule;
	size_t rules, room;
};

static inline bool policy_is_for_guests(const struct policy *policy)
{
	return policy->guests.count;
}

struct mistake {
	char *file;
	unsigned int line; /* 0: the file as a whole */
	char *reason;
};

#define MISTAKES_KEPT 20

/* No policy, where an index of one is asked for. */
#define NO_POLICY ((size_t)-1)

/* The cell of the map `rules` at which a policy starts: heads come first, after cell 0. */
static inline __u32 policy_cell(size_t index)
{
	return 1 + index * POLICY_CELLS;
}

/* And back. A cell of a set of `count` policies at which none starts is NO_POLICY. */
static inline size_t policy_at_cell(__u32 cell, size_t count)
{
	size_t index = (cell - 1) / POLICY_CELLS;

	return cell && index < count && policy_cell(index) == cell ? index : NO_POLICY;
}

struct policies {
	struct policy *policy; /* in the order in which they are looked at */
	size_t count, room;
	struct mistake mistake[MISTAKES_KEPT];
	size_t mistakes; /* how many there are, kept or not */
};

#endif
