/* SPDX-License-Identifier: GPL-2.0-only */
/* What an OCI runtime tells its hooks about the container that it makes. */
#ifndef OCI_STATE_H
#define OCI_STATE_H

#include <stddef.h>
#include <sys/types.h>

#include "policy/match.h"

struct json_object;

struct oci_state {
	pid_t pid; /* the container's first process, which waits for the hooks */
	struct annotation *annotations;
	size_t count;
	struct json_object *json; /* holds the words */
};

/*
 * Reads the state from a descriptor, and the annotations from the bundle's config.json
 * where the runtime leaves them out of the state. Whatever is not as it should be is an
 * error: says which and returns -errno, and there is nothing to free.
 */
int oci_state_read(struct oci_state *state, int fd);

void oci_state_free(struct oci_state *state);

#endif
