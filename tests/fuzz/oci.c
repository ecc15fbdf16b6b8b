// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes are what an OCI runtime says to its hooks, or are refused. What stands behind a line
 * "%%" is the config.json of the bundle, whatever its path.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define BORDER "\n%%\n"

static struct bytes bundle;

static int open_bundle(const char *path, int flags)
{
	size_t length = strlen(path), ending = strlen("/config.json");

	check(flags & O_CLOEXEC && length >= ending &&
	      !strcmp(path + length - ending, "/config.json"));
	if (bundle.data)
		return file_of(bundle.data, bundle.size);
	errno = ENOENT;
	return -1;
}

#define open open_bundle
#include "../../loader/oci/state.c"
#undef open

static void check_state(const struct oci_state *state)
{
	size_t i, length = 0;

	check(state->pid > 0 && state->json);
	for (i = 0; i < state->count; i++)
		length += strlen(state->annotations[i].key) + strlen(state->annotations[i].value);
	check(length < 2 * JSON_MAX_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *border = memmem(data, size, BORDER, strlen(BORDER));
	struct oci_state state;
	int fd, ret;

	bundle = (struct bytes){};
	if (border) {
		bundle.data = border + strlen(BORDER);
		bundle.size = size - (bundle.data - data);
		size = border - data;
	}
	fd = file_of(data, size);
	ret = oci_state_read(&state, fd);
	close(fd);
	check(ret <= 0);
	if (!ret)
		check_state(&state);
	/* Of a state that was refused nothing is left. */
	check(!ret || (!state.json && !state.annotations && !state.count));
	oci_state_free(&state);
	return 0;
}
