/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of JSON objects. */
#ifndef JSON_H
#define JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL is null. */
void json_add_text(struct json_object *object, const char *key, const char *text);

void json_add_number(struct json_object *object, const char *key, uint64_t number);

/* null unless it is there. */
void json_add_number_if(struct json_object *object, const char *key, uint64_t number, bool there);

void json_add_bool(struct json_object *object, const char *key, bool value);

#endif
