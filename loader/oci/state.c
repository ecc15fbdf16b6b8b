// SPDX-License-Identifier: GPL-2.0-only
#include "oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/json-input.h"
#include "lib/log.h"
#include "policy/annotations.h"

#define STATE "state of the container"

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
	ret = json_read(fd, path, config);
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
	return annotations ? annotations_take(annotations, "container", &state->annotations,
					      &state->count)
			   : 0;
}

int oci_state_read(struct oci_state *state, int fd)
{
	int ret;

	memset(state, 0, sizeof(*state));
	ret = json_read(fd, STATE, &state->json);
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
