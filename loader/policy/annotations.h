/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ANNOTATIONS_H
#define ANNOTATIONS_H

#include <stddef.h>

#include "policy/match.h"

struct json_object;

/*
 * Makes a list, to free, of the object's keys and values, which stay the object's. `whose` is for
 * people: says what is wrong and returns -EINVAL, and there is nothing to free then.
 */
int annotations_take(struct json_object *object, const char *whose, struct annotation **list,
		     size_t *count);

#endif
