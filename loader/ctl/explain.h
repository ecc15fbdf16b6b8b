/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of `vsockctl explain`: what is asked (explain-request.c), why an end agrees or not
 * (explain-reason.c), what would change that (explain-change.c), and how it is printed
 * (explain-print.c).
 */
#ifndef CTL_EXPLAIN_H
#define CTL_EXPLAIN_H

#include <limits.h>

#include "ctl/command.h"
#include "events/event-format.h"
#include "kernel/netns-names.h"
#include "layer/guests.h"
#include "policy/explain.h"

#define LINE_SIZE (PATH_MAX + 1024)
#define HELPS	  4
#define WORD_SIZE (NETNS_WORD_SIZE + GUEST_WORD_SIZE + 8)

/* An end as it was named, and as it is shown. */
struct side {
	struct place place;
	struct netns ns; /* fd is -1 unless the end is a namespace */
	char word[WORD_SIZE];
	char guest[GUEST_NAME_SIZE];	 /* what a guest is called, or "" */
	char rule[NETNS_WORD_SIZE + 16]; /* how rules name it, or "" if they cannot */
	char file[PATH_MAX];		 /* of its policy, or "" */
};

struct request {
	struct side from, to;
	__u32 port;
	int type;
	const char *type_name;
	struct netns_names names;
};

/* What there is to say. */
struct report {
	struct explanation why;
	int unsupported; /* errno of socket(): this kernel has no such type */
	int error;	 /* that connect() fails with */
	char help[HELPS][LINE_SIZE];
	size_t helps;
};

/*
 * From the words of the command. Says what is wrong; explain_request_close() is never wrong.
 */
int explain_request_parse(struct request *request, const struct options *options, int argc,
			  char **argv);
void explain_request_close(struct request *request);

bool explain_is_allowed(const struct report *report);

/* Why an end agrees or does not. */
void explain_reason(char line[LINE_SIZE], const struct side *side, const struct explained_end *end);

/* Fills report->help: lines of policies that would allow a call that is refused. */
void explain_change(struct report *report, const struct request *request);

void explain_print(const struct request *request, const struct report *report);
void explain_print_json(const struct request *request, const struct report *report);

#endif
