/* SPDX-License-Identifier: GPL-2.0-only */
/* vsockctl: commands, a file for each, which return 0, -errno after saying why, or USAGE. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdbool.h>

#include "lib/exit-status.h"

struct options {
	const char *netns;	/* NULL: the caller's own */
	const char *policy_dir; /* NULL: POLICY_DIR */
	const char *type;	/* of sockets, for explain; NULL: stream */
	bool json;
	bool listening; /* of sockets: listeners alone */
};

struct json_object;

int command_get(const struct options *options, int argc, char **argv);
int command_set(const struct options *options, int argc, char **argv);
int command_list(const struct options *options, int argc, char **argv);
int command_cids(const struct options *options, int argc, char **argv);
int command_status(const struct options *options, int argc, char **argv);
int command_monitor(const struct options *options, int argc, char **argv);
int command_metrics(const struct options *options, int argc, char **argv);
int command_reload(const struct options *options, int argc, char **argv);
int command_rules(const struct options *options, int argc, char **argv);
int command_check(const struct options *options, int argc, char **argv);
int command_explain(const struct options *options, int argc, char **argv);
int command_sockets(const struct options *options, int argc, char **argv);
int command_doctor(const struct options *options, int argc, char **argv);

/* Prints and frees. */
int print_json(struct json_object *object);

#endif
