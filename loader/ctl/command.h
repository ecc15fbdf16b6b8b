/* SPDX-License-Identifier: GPL-2.0-only */
/* vsockctl: commands, a file for each, which return 0, -errno after saying why, or USAGE. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <linux/types.h>
#include <stdbool.h>

#include "lib/exit-status.h"

struct options {
	const char *netns;	/* NULL: the caller's own */
	const char *policy_dir; /* NULL: POLICY_DIR */
	const char *type;	/* of sockets, for explain; NULL: stream */
	const char *seconds;	/* how long learn listens; NULL: until it is interrupted */
	const char *from_log;	/* what learn reads instead, or NULL */
	bool apply_audit;	/* of learn: Audit=yes in all policies until it ends */
	const char *output;	/* where learn writes files to; NULL: standard output */
	bool json;
	bool all;	/* of monitor: also connections that were made */
	bool listening; /* of sockets: listeners alone */
	bool release;	/* of cid: give up what is reserved */
};

struct json_object;

int command_get(const struct options *options, int argc, char **argv);
int command_set(const struct options *options, int argc, char **argv);
int command_list(const struct options *options, int argc, char **argv);
int command_cid(const struct options *options, int argc, char **argv);
int command_cids(const struct options *options, int argc, char **argv);
int command_status(const struct options *options, int argc, char **argv);
int command_monitor(const struct options *options, int argc, char **argv);
int command_metrics(const struct options *options, int argc, char **argv);
int command_reload(const struct options *options, int argc, char **argv);
int command_rules(const struct options *options, int argc, char **argv);
int command_check(const struct options *options, int argc, char **argv);
int command_explain(const struct options *options, int argc, char **argv);
int command_sockets(const struct options *options, int argc, char **argv);
int command_resolve(const struct options *options, int argc, char **argv);
int command_learn(const struct options *options, int argc, char **argv);
int command_doctor(const struct options *options, int argc, char **argv);

struct guest_list;

/* The CID of the one guest with this name. Says what is wrong. */
int resolve_guest(const struct guest_list *guests, const char *name, __u32 *cid);

/* Prints and frees. */
int print_json(struct json_object *object);

#endif
