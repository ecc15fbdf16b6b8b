/* SPDX-License-Identifier: GPL-2.0-only */
/* vsockctl: one file a verb. A verb returns 0, -errno after saying why, or USAGE. */
#ifndef VSOCKCTL_H
#define VSOCKCTL_H

#include <stdbool.h>

#define USAGE 2 /* "vsockctl: …" was said, the way out is status 2 */

struct options {
	const char *netns;	/* NULL: the caller's own */
	const char *policy_dir; /* NULL: POLICY_DIR */
	bool json;
};

struct json_object;

int verb_get(const struct options *options, int argc, char **argv);
int verb_set(const struct options *options, int argc, char **argv);
int verb_list(const struct options *options, int argc, char **argv);
int verb_cids(const struct options *options, int argc, char **argv);
int verb_status(const struct options *options, int argc, char **argv);
int verb_monitor(const struct options *options, int argc, char **argv);
int verb_metrics(const struct options *options, int argc, char **argv);
int verb_reload(const struct options *options, int argc, char **argv);
int verb_rules(const struct options *options, int argc, char **argv);
int verb_check(const struct options *options, int argc, char **argv);
int verb_doctor(const struct options *options, int argc, char **argv);

/* Prints and frees. */
int print_json(struct json_object *object);

#endif
