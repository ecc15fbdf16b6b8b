// SPDX-License-Identifier: GPL-2.0-only
/* Status 0 if standard input is one JSON value, an array or an object, and no more. */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

int main(void)
{
	static char text[1 << 20];
	size_t size = fread(text, 1, sizeof(text) - 1, stdin);
	struct json_tokener *tokener = json_tokener_new_ex(32);
	struct json_object *value;
	bool good;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, size + 1);
	good = json_tokener_get_error(tokener) == json_tokener_success &&
	       (json_object_is_type(value, json_type_object) ||
		json_object_is_type(value, json_type_array));
	if (!good)
		fprintf(stderr, "is-json: %s\n",
			json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_object_put(value);
	json_tokener_free(tokener);
	return !good;
}
