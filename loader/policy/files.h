/* SPDX-License-Identifier: GPL-2.0-only */
/* Between files.c, which finds the files, and read.c, which reads one. */
#ifndef POLICY_FILES_H
#define POLICY_FILES_H

#include "policy/policy.h"

/* Notes it in the order of files and lines. */
void policies_mistake(struct policies *policies, const char *file, unsigned int line,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds the policy `name`, which stands in `file`, from the text of that. */
void policy_read(struct policies *policies, const char *name, const char *file, const char *text,
		 size_t size);

#endif
