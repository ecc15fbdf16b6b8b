/* SPDX-License-Identifier: GPL-2.0-only */
/* What a leak is called: findings of one name have one cause. */
#ifndef ADVERSARY_NAME_H
#define ADVERSARY_NAME_H

#include "judge.h"

/* Of a plan that is as short as can be. The name stays valid until the next call. */
const char *leak_name(const struct plan *plan, const struct finding *finding, bool checks_source);

#endif
