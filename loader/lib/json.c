// SPDX-License-Identifier: GPL-2.0-only
#include "lib/json.h"

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

void json_add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void json_add_number_if(struct json_object *object, const char *key, uint64_t number, bool there)
{
	json_object_object_add(object, key, there ? json_object_new_uint64(number) : NULL);
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}
