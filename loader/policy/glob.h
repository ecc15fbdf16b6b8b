/* SPDX-License-Identifier: GPL-2.0-only */
/* Globs of [Match], as fnmatch(3) has them without any flag. */
#ifndef POLICY_GLOB_H
#define POLICY_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Whether this is a glob and no name. */
bool is_glob(const char *text);

/* How much of it stands for itself: up to the first letter that leaves something open. */
size_t glob_fixed_length(const char *glob);

/* What fnmatch() would take for a letter, or fit to nothing: what is wrong, or NULL. */
const char *glob_mistake(const char *glob);

/* What other configurations have, and globs do not. A backslash makes each a letter. */
const char *glob_foreign_mistake(const char *glob);

/* Whether a comma separates it, as it does ports. A backslash makes it a letter. */
bool glob_has_comma(const char *glob);

/* Whether all that fits `narrow` certainly fits `wide`. */
bool glob_covers(const char *wide, const char *narrow);

#endif
