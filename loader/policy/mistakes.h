/* SPDX-License-Identifier: GPL-2.0-only */
/* What is wrong with policies, by file and line: the first ones are kept. */
#ifndef POLICY_MISTAKES_H
#define POLICY_MISTAKES_H

#include "policy/policy.h"

/* Notes it in the order of files and lines. */
void policies_mistake(struct policies *policies, const char *file, unsigned int line,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

void policies_log_mistakes(const struct policies *policies);
void policies_free_mistakes(struct policies *policies);

#endif
