// SPDX-License-Identifier: GPL-2.0-only
#include "cni/answer.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

static int print(struct json_object *answer)
{
	int ret;

	ret = puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(answer);
	return ret < 0 || fflush(stdout) ? log_errno(errno, "standard output") : 0;
}

static struct json_object *in_version(struct json_object *answer, const char *version)
{
	json_object_object_add(answer, "cniVersion", json_object_new_string(version));
	return answer;
}

int cni_answer_result(const struct cni_request *request)
{
	struct json_object *answer =
		request->previous ? json_object_get(request->previous) : json_object_new_object();

	return print(in_version(answer, request->version));
}

int cni_answer_versions(const struct cni_request *request)
{
	struct json_object *answer = json_object_new_object(), *list = json_object_new_array();
	size_t i;

	for (i = 0; i < cni_version_count; i++)
		json_object_array_add(list, json_object_new_string(cni_versions[i]));
	json_object_object_add(answer, "supportedVersions", list);
	return print(in_version(answer, request->version));
}

int cni_answer_error(const struct cni_request *request, int code, char *said)
{
	struct json_object *answer = json_object_new_object();
	char *details = NULL, *message = strtok_r(said, "\n", &details);

	json_object_object_add(answer, "code", json_object_new_int(code));
	json_object_object_add(answer, "msg", json_object_new_string(message ? message : ""));
	if (details && *details)
		json_object_object_add(answer, "details", json_object_new_string(details));
	return print(in_version(answer, request->version));
}
