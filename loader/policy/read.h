/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands in one policy file. */
#ifndef POLICY_READ_H
#define POLICY_READ_H

#include "policy/policy.h"

/* Adds the policy `name`, which stands in `file`, from the text of that, and its mistakes. */
void policy_read(struct policies *policies, const char *name, const char *file, const char *text,
		 size_t size);

#endif
