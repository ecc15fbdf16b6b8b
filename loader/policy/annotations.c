// SPDX-License-Identifier: GPL-2.0-only
#include "policy/annotations.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "lib/json-input.h"
#include "lib/log.h"
#include "lib/memory.h"

int annotations_take(struct json_object *object, const char *whose, struct annotation **list,
		     size_t *count)
{
	*list = NULL;
	*count = 0;
	if (!json_object_is_type(object, json_type_object))
		return log_error(EINVAL, "annotations of the %s: not an object", whose);
	*list = memory_checked(calloc(json_object_object_length(object) + 1, sizeof(**list)));
	json_object_object_foreach(object, key, value)
	{
		if (!json_is_word(value)) {
			free(*list);
			*list = NULL;
			*count = 0;
			return log_error(EINVAL, "annotation %s of the %s: not a string", key,
					 whose);
		}
		(*list)[(*count)++] = (struct annotation){ key, json_object_get_string(value) };
	}
	return 0;
}
