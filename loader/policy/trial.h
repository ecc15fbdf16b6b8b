/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies that are not in force, tried over copies: the records, devices and state of the layer,
 * if one is attached, with the switch to these policies made in the copies alone.
 */
#ifndef POLICY_TRIAL_H
#define POLICY_TRIAL_H

#include "layer/verdict.h"
#include "policy/set.h"

/* Reads the policies in `dir` into `set`. Says what is wrong. */
int trial_make(struct verdict *verdict, struct policy_set *set, const char *dir);

/* The verdict's own maps, as records of namespaces. They are not to be closed. */
struct netns_records trial_records(const struct verdict *verdict);

#endif
