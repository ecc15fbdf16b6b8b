/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether one [Match] certainly fits all that another one fits. */
#ifndef POLICY_COVER_H
#define POLICY_COVER_H

#include "policy/policy.h"

/* Whether one of the globs fits all that `narrow` fits, a name or a glob. */
bool globs_cover_one(const struct globs *wide, const char *narrow);

bool policy_covers(const struct policy *wide, const struct policy *narrow);

#endif
