// SPDX-License-Identifier: GPL-2.0-only
#include "oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/memory.h"

#define STATE "state of the container"

/* Far beyond what runtimes write; whoever sends more gets no memory for it. */
#define MAX_SIZE (16 << 20)

/* Up to MAX_SIZE bytes, which the caller frees: no memory is used before they come. */
static int read_all(int fd, char **text, size_t *size)
{
	ssize_t got;

	*size = 0;
	*text = memory_checked(malloc(MAX_SIZE + 1));
	do {
		got = read(fd, *text + *size, MAX_SIZE + 1 - *size);
		if (got < 0 && errno != EINTR)
			return -errno;
		*size += got > 0 ? got : 0;
	} while (got && *size <= MAX_SIZE);
	return *size > MAX_SIZE ? -E2BIG : 0;
}

/* An object, and nothing after it. */
static int parse(const char *text, size_t size, struct json_object **json)
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

/* `what` is what to call it. */
static int read_json(int fd, const char *what, struct json_object **json)
{
	char *text;
	size_t size;
	int ret = read_all(fd, &text, &size);

	if (!ret)
		ret = parse(text, size, json);
	free(text);
	if (ret == -EBADMSG)
		return log_error(EBADMSG, "%s: not a JSON object", what);
	return ret ? log_errno(-ret, "%s", what) : 0;
}

static int read_config(struct json_object *state, struct json_object **config)
{
	struct json_object *bundle;
	char path[PATH_MAX];
	int fd, ret;

	if (!json_object_object_get_ex(state, "bundle", &bundle) ||
	    !json_object_is_type(bundle, json_type_string))
		return log_error(EINVAL, STATE ": neither annotations nor a bundle");
	ret = snprintf(path, sizeof(path), "%s/config.json", json_object_get_string(bundle));
	if (ret >= (int)sizeof(path))
		return log_errno(ENAMETOOLONG, STATE ": bundle");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return log_errno(errno, "%s", path);
	ret = read_json(fd, path, config);
	close(fd);
	return ret;
}

static int take_pid(struct oci_state *state, struct json_object *json)
{
	struct json_object *pid;
	int64_t number;

	if (!json_object_object_get_ex(json, "pid", &pid) ||
	    !json_object_is_type(pid, json_type_int))
		return log_error(EINVAL, STATE ": no pid (the hook is one for createRuntime)");
	number = json_object_get_int64(pid);
	if (number <= 0 || number > INT_MAX)
		return log_error(EINVAL, STATE ": pid %lld", (long long)number);
	state->pid = number;
	return 0;
}

/* A text with a NUL in it is refused: C would read "tenant-a\0..." as "tenant-a". */
static bool is_word(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

static int take_annotations(struct oci_state *state, struct json_object *annotations)
{
	struct annotation *next;

	if (!json_object_is_type(annotations, json_type_object))
		return log_error(EINVAL, "annotations of the container: not an object");
	next = memory_checked(calloc(json_object_object_length(annotations) + 1, sizeof(*next)));
	state->annotations = next;
	json_object_object_foreach(annotations, key, value)
	{
		if (!is_word(value))
			return log_error(EINVAL, "annotation %s of the container: not a string",
					 key);
		*next++ = (struct annotation){ key, json_object_get_string(value) };
		state->count++;
	}
	return 0;
}

/* NULL if there are none, whether it says so or not. */
static struct json_object *annotations_of(struct json_object *json)
{
	struct json_object *annotations;

	if (!json_object_object_get_ex(json, "annotations", &annotations) ||
	    (json_object_is_type(annotations, json_type_object) &&
	     !json_object_object_length(annotations)))
		return NULL;
	return annotations;
}

/* The words that are kept are those of state->json, so it is what has the annotations. */
static int find_annotations(struct oci_state *state)
{
	struct json_object *config = NULL, *annotations = annotations_of(state->json);
	int ret;

	if (!annotations) {
		ret = read_config(state->json, &config);
		if (ret)
			return ret;
		json_object_put(state->json);
		state->json = config;
		annotations = annotations_of(config);
	}
	return annotations ? take_annotations(state, annotations) : 0;
}

int oci_state_read(struct oci_state *state, int fd)
{
	int ret;

	memset(state, 0, sizeof(*state));
	ret = read_json(fd, STATE, &state->json);
	if (!ret)
		ret = take_pid(state, state->json);
	if (!ret)
		ret = find_annotations(state);
	if (ret)
		oci_state_free(state);
	return ret;
}

void oci_state_free(struct oci_state *state)
{
	free(state->annotations);
	json_object_put(state->json);
	memset(state, 0, sizeof(*state));
}
