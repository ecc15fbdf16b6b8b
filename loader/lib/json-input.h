/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON that others wrote. */
#ifndef JSON_INPUT_H
#define JSON_INPUT_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Far beyond what container engines write; whoever sends more gets no memory for it. */
#define JSON_MAX_SIZE (16 << 20)

/*
 * Reads an object, and nothing after it, up to the end of what the descriptor has. `what` is what
 * to call it: says what is wrong and returns -EBADMSG for what is no object, or -errno.
 */
int json_read(int fd, const char *what, struct json_object **json);

/* The same of a text; says nothing. */
int json_parse(const char *text, size_t size, struct json_object **json);

/* A string without a NUL inside: "tenant-a\0..." is not "tenant-a", as C would have it. */
bool json_is_word(struct json_object *value);

#endif
