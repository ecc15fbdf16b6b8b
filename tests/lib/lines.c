// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/lines.h"
#include "lib/world.h"

#define COMES_MS 120000

/* "null" for JSON's null, NULL where there is no such key. */
static const char *value_of(struct json_object *object, const char *key)
{
	char word[64], *rest = word, *part;
	struct json_object *value = object;

	snprintf(word, sizeof(word), "%s", key);
	while ((part = strsep(&rest, ".")))
		if (!json_object_object_get_ex(value, part, &value))
			return NULL;
	return json_object_get_string(value) ?: "null";
}

static bool has(struct json_object *object, const struct want *wants)
{
	const char *value;

	for (; wants->key; wants++) {
		value = value_of(object, wants->key);
		if (!value || strcmp(value, wants->value))
			return false;
	}
	return true;
}

bool line_is(const char *line, const struct want *wants)
{
	struct json_object *object = json_tokener_parse(line);
	bool good = object && has(object, wants);

	json_object_put(object);
	return good;
}

long line_number(const char *line, const char *key)
{
	struct json_object *object = json_tokener_parse(line);
	const char *value = object ? value_of(object, key) : NULL;
	long number = value ? atol(value) : 0;

	json_object_put(object);
	return number;
}

/* Counts lines if `key` is NULL. A line that has no end yet is not looked at. */
static long add_up(const char *path, const struct want *wants, const char *key)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	long sum = 0;

	if (!file)
		return 0;
	while (getline(&line, &room, file) > 0 && strchr(line, '\n')) {
		struct json_object *object = json_tokener_parse(line);

		if (!object) {
			sum = -1;
			break;
		}
		if (has(object, wants))
			sum += key ? atol(value_of(object, key) ?: "0") : 1;
		json_object_put(object);
	}
	free(line);
	fclose(file);
	return sum;
}

long lines_count(const char *path, const struct want *wants)
{
	return add_up(path, wants, NULL);
}

long lines_sum(const char *path, const struct want *wants, const char *key)
{
	return add_up(path, wants, key);
}

bool line_comes(const char *path, const struct want *wants)
{
	int waited;

	for (waited = 0; waited < COMES_MS; waited += 50) {
		if (lines_count(path, wants) > 0)
			return true;
		sleep_ms(50);
	}
	return false;
}

static unsigned long long number_of(struct json_object *value)
{
	unsigned long long sum = 0;

	if (!json_object_is_type(value, json_type_object))
		return json_object_get_uint64(value);
	json_object_object_foreach(value, key, part)
	{
		(void)key;
		sum += json_object_get_uint64(part);
	}
	return sum;
}

unsigned long long items_number(const char *json, const char *name, const char *key)
{
	struct json_object *list = json_tokener_parse(json), *item, *value;
	unsigned long long sum = 0;
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		item = json_object_array_get_idx(list, i);
		if ((!name || !strcmp(value_of(item, "name") ?: "", name)) &&
		    json_object_object_get_ex(item, key, &value))
			sum += number_of(value);
	}
	json_object_put(list);
	return sum;
}
