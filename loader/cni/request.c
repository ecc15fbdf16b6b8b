// SPDX-License-Identifier: GPL-2.0-only
#include "cni/request.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/json-input.h"
#include "lib/keywords.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/annotations.h"

#define CONFIG		"network configuration"
#define ANNOTATIONS_KEY "io.kubernetes.cri.pod-annotations"
#define NAMESPACE_KEY	"K8S_POD_NAMESPACE"
#define NAME_KEY	"K8S_POD_NAME"

const char *const cni_versions[] = { "0.4.0", "1.0.0", "1.1.0" };
const size_t cni_version_count = ARRAY_SIZE(cni_versions);

/* In the order of enum cni_command. */
static const char *const commands[] = { "ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION" };

/* --- The environment --- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int read_command(struct cni_request *request)
{
	const char *name = variable("CNI_COMMAND");
	int command = name ? keywords_find(name, commands, CNI_COMMANDS) : -1;

	if (!name)
		log_error(EINVAL,
			  "CNI_COMMAND is not set: this is a CNI plugin, for container engines");
	else if (command < 0)
		log_error(EINVAL, "CNI_COMMAND=%s: no such command", name);
	if (command < 0)
		return CNI_BAD_ENVIRONMENT;
	request->command = command;
	return 0;
}

static int read_container(struct cni_request *request)
{
	static const char *const needed[] = { "CNI_CONTAINERID", "CNI_IFNAME", "CNI_NETNS" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (!variable(needed[i])) {
			log_error(EINVAL, "%s is not set", needed[i]);
			return CNI_BAD_ENVIRONMENT;
		}
	request->netns = variable("CNI_NETNS");
	if (*request->netns == '/')
		return 0;
	log_error(EINVAL, "CNI_NETNS=%s: not a path", request->netns);
	return CNI_BAD_ENVIRONMENT;
}

/* As Kubernetes names things; a slash would make another pod of it. */
static bool is_name(const char *text)
{
	const char *c = text;

	while (isalnum((unsigned char)*c) || (c > text && *c && strchr("-._", *c)))
		c++;
	return c > text && !*c;
}

/* KEY=VALUE of CNI_ARGS, if it is one of those that are asked for. */
static int take_argument(char *pair, const char **namespace, const char **name)
{
	char *value = strchr(pair, '=');
	const char **place;

	if (!value)
		return log_error(EINVAL, "CNI_ARGS: '%s' is not KEY=VALUE", pair);
	*value++ = '\0';
	if (!strcmp(pair, NAMESPACE_KEY))
		place = namespace;
	else if (!strcmp(pair, NAME_KEY))
		place = name;
	else
		return 0;
	if (*place)
		return log_error(EINVAL, "CNI_ARGS: %s stands there twice", pair);
	if (!is_name(value))
		return log_error(EINVAL, "CNI_ARGS: %s=%s: not a name", pair, value);
	*place = value;
	return 0;
}

/* A name alone is what podman gives, for a container. */
static int make_pod(struct cni_request *request, const char *namespace, const char *name)
{
	if (!namespace)
		return 0;
	if (!name)
		return log_error(EINVAL, "CNI_ARGS: " NAMESPACE_KEY " without " NAME_KEY);
	request->pod = memory_printf("%s/%s", namespace, name);
	return 0;
}

static int read_arguments(struct cni_request *request)
{
	const char *namespace = NULL, *name = NULL, *arguments = variable("CNI_ARGS");
	char *copy = memory_strdup(arguments ? arguments : ""), *pair, *rest;
	int ret = 0;

	for (pair = strtok_r(copy, ";", &rest); pair && !ret; pair = strtok_r(NULL, ";", &rest))
		ret = take_argument(pair, &namespace, &name);
	if (!ret)
		ret = make_pod(request, namespace, name);
	free(copy);
	return ret ? CNI_BAD_ENVIRONMENT : 0;
}

/* --- Standard input --- */

/* VERSION is how to find out which there are, so that any may be asked in. */
static int read_version(struct cni_request *request)
{
	struct json_object *version;
	int found;

	if (!json_object_object_get_ex(request->config, "cniVersion", &version) ||
	    !json_is_word(version)) {
		log_error(EINVAL, CONFIG ": no cniVersion");
		return CNI_BAD_CONFIG;
	}
	found = keywords_find(json_object_get_string(version), cni_versions, cni_version_count);
	if (found >= 0)
		request->version = cni_versions[found];
	else if (request->command == CNI_VERSION)
		request->version = json_object_get_string(version);
	if (found >= 0 || request->command == CNI_VERSION)
		return 0;
	log_error(EINVAL, CONFIG ": cniVersion %s: known are 0.4.0, 1.0.0 and 1.1.0",
		  json_object_get_string(version));
	return CNI_BAD_VERSION;
}

/* *object is NULL if there is none, or null. */
static int find_object(struct json_object *in, const char *key, struct json_object **object)
{
	*object = NULL;
	if (!in || !json_object_object_get_ex(in, key, object) || !*object)
		return 0;
	return json_object_is_type(*object, json_type_object)
		       ? 0
		       : log_error(EINVAL, CONFIG ": %s is not an object", key);
}

static int read_objects(struct cni_request *request)
{
	struct json_object *runtime, *annotations;
	int ret = find_object(request->config, "prevResult", &request->previous);

	if (!ret)
		ret = find_object(request->config, "runtimeConfig", &runtime);
	if (!ret)
		ret = find_object(runtime, ANNOTATIONS_KEY, &annotations);
	if (!ret && annotations)
		ret = annotations_take(annotations, "pod", &request->annotations, &request->count);
	return ret ? CNI_BAD_CONFIG : 0;
}

static int read_config(struct cni_request *request, int fd)
{
	int ret = json_read(fd, CONFIG, &request->config);

	if (ret)
		return ret == -EBADMSG ? CNI_BAD_JSON : CNI_BAD_IO;
	return read_version(request);
}

/* Others need no more: what is odd must not be in the way of a pod that is to go. */
static bool is_about_pod(const struct cni_request *request)
{
	return request->command == CNI_ADD || request->command == CNI_CHECK;
}

int cni_request_read(struct cni_request *request, int fd)
{
	int ret;

	*request = (struct cni_request){ .version = CNI_NEWEST };
	ret = read_command(request);
	if (!ret)
		ret = read_config(request, fd);
	if (ret || !is_about_pod(request))
		return ret;
	ret = read_objects(request);
	if (!ret)
		ret = read_container(request);
	return ret ? ret : read_arguments(request);
}

void cni_request_free(struct cni_request *request)
{
	free(request->pod);
	free(request->annotations);
	json_object_put(request->config);
	*request = (struct cni_request){ .version = CNI_NEWEST };
}
