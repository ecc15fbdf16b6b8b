/* SPDX-License-Identifier: GPL-2.0-only */
/* What a container engine asks of a CNI plugin, in its environment and on standard input. */
#ifndef CNI_REQUEST_H
#define CNI_REQUEST_H

#include <stddef.h>

struct annotation;
struct json_object;

/* Versions of the specification, the newest last. */
extern const char *const cni_versions[];
extern const size_t cni_version_count;
#define CNI_NEWEST (cni_versions[cni_version_count - 1])

enum cni_command {
	CNI_ADD,
	CNI_CHECK,
	CNI_DEL,
	CNI_GC,
	CNI_STATUS,
	CNI_VERSION,
	CNI_COMMANDS
};

/* Codes of errors: those of the specification, and one from the room that it leaves to plugins. */
enum cni_error {
	CNI_BAD_VERSION = 1,
	CNI_BAD_ENVIRONMENT = 4,
	CNI_BAD_IO = 5,
	CNI_BAD_JSON = 6,
	CNI_BAD_CONFIG = 7,
	CNI_TRY_LATER = 11,
	CNI_NOT_AVAILABLE = 50,
	CNI_REFUSED = 100,
};

struct cni_request {
	enum cni_command command;
	const char *version; /* to answer in; CNI_NEWEST until it is known */
	const char *netns;   /* a path; what follows is there for ADD and CHECK alone */
	char *pod;	     /* NAMESPACE/NAME, or NULL: no pod of Kubernetes */
	struct annotation *annotations;
	size_t count;
	struct json_object *previous; /* result of the plugin before, or NULL */
	struct json_object *config;   /* holds the words */
};

/*
 * Returns 0, or says what is wrong and returns the code of the error. The version is there in
 * either case; cni_request_free() is never wrong.
 */
int cni_request_read(struct cni_request *request, int fd);

void cni_request_free(struct cni_request *request);

#endif
