// SPDX-License-Identifier: GPL-2.0-only
#include "lib/json-input.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/memory.h"

/* Up to JSON_MAX_SIZE bytes, which the caller frees: no memory is used before they come. */
static int read_all(int fd, char **text, size_t *size)
{
	ssize_t got;

	*size = 0;
	*text = memory_checked(malloc(JSON_MAX_SIZE + 1));
	do {
		got = read(fd, *text + *size, JSON_MAX_SIZE + 1 - *size);
		if (got < 0 && errno != EINTR)
			return -errno;
		*size += got > 0 ? got : 0;
	} while (got && *size <= JSON_MAX_SIZE);
	return *size > JSON_MAX_SIZE ? -E2BIG : 0;
}

int json_parse(const char *text, size_t size, struct json_object **json)
{
	struct json_tokener *tokener = memory_checked(json_tokener_new());
	bool whole;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	*json = json_tokener_parse_ex(tokener, text, size);
	whole = json_tokener_get_parse_end(tokener) == size;
	json_tokener_free(tokener);
	if (whole && json_object_is_type(*json, json_type_object))
		return 0;
	json_object_put(*json);
	*json = NULL;
	return -EBADMSG;
}

int json_read(int fd, const char *what, struct json_object **json)
{
	char *text;
	size_t size;
	int ret = read_all(fd, &text, &size);

	if (!ret)
		ret = json_parse(text, size, json);
	free(text);
	if (ret == -EBADMSG)
		return log_error(EBADMSG, "%s: not a JSON object", what);
	return ret ? log_errno(-ret, "%s", what) : 0;
}

bool json_is_word(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}
