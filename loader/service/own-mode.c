// SPDX-License-Identifier: GPL-2.0-only
#include "service/own-mode.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/modes.h"
#include "layer/pins.h"
#include "lib/control-protocol.h"
#include "lib/log.h"
#include "lib/memory.h"

struct request {
	enum knob knob;
	enum vsock_mode mode;
	bool is_set;
};

static int parse(const char *text, struct request *request)
{
	char word[3][CONTROL_WORD_SIZE], rest;
	int words;

	if (strlen(text) >= CONTROL_WORD_SIZE)
		return -EINVAL;
	words = sscanf(text, "%31s %31s %31s %c", word[0], word[1], word[2], &rest);
	if (words < 2 || knob_parse(word[1], &request->knob))
		return -EINVAL;
	request->is_set = words == 3;
	if (words == 2)
		return strcmp(word[0], "get") ? -EINVAL : 0;
	if (words != 3 || strcmp(word[0], "set"))
		return -EINVAL;
	return mode_parse(word[2], &request->mode);
}

/*
 * Whether the kernel counts the namespace for its tenant, so that he has no more records than
 * namespaces he may have. It does not if it is crowded out, or was made before the programs came.
 */
static int check_counted(const struct caller_answer *caller)
{
	int map = pin_open_map(PIN_COUNTERS);
	struct counters counters;
	bool counted;

	if (map < 0)
		return log_errno(-map, "map " PIN_COUNTERS);
	counted = !bpf_map_lookup_elem(map, &caller->netns, &counters) && counters.tenant;
	close(map);
	return counted ? 0 : -ENOSPC;
}

static int get(const struct netns *ns, const struct request *request)
{
	enum vsock_mode mode;
	int ret = mode_get(ns, request->knob, &mode);

	if (!ret)
		log_info("%s", mode_name(mode));
	return ret;
}

/* As the sysctls of 7.0: child_ns_mode cannot be opened for writing, and ns_mode by nobody. */
static int fail_set(const struct netns *ns, const struct request *request)
{
	enum vsock_mode now;
	int ret;

	if (request->knob == CHILD_NS_MODE)
		return log_errno(EACCES, "%s", knob_name(request->knob));
	ret = mode_get(ns, request->knob, &now);
	if (ret || now == request->mode)
		return ret;
	return log_errno(EPERM, "%s", knob_name(request->knob));
}

static int set(const struct caller_answer *caller, const struct netns *ns,
	       const struct request *request)
{
	int ret = 0;

	if (caller->may_set != YES)
		return fail_set(ns, request);
	if (caller->netns_tenant)
		ret = check_counted(caller);
	if (ret == -ENOSPC)
		return log_error(ENOSPC,
				 "%s: root has to set it: the namespace is older than the "
				 "layer, or one too many of its user",
				 knob_name(request->knob));
	return ret ?: mode_set(ns, request->knob, request->mode);
}

static int carry_out(const struct caller_answer *caller, const char *text)
{
	const struct netns ns = { .fd = -1, .id = caller->netns, .inode = caller->inode };
	struct request request;

	if (parse(text, &request))
		return log_error(EINVAL, "the service knows 'get KNOB' and 'set KNOB MODE' here");
	return request.is_set ? set(caller, &ns, &request) : get(&ns, &request);
}

void own_mode_answer(const struct caller_answer *caller, const char *request, char *answer,
		     size_t size)
{
	char *text = NULL;
	size_t length;
	FILE *said = memory_checked(open_memstream(&text, &length));
	int ret;

	log_divert(said);
	ret = carry_out(caller, request);
	log_divert(NULL);
	fclose(said);
	memory_checked(text);
	snprintf(answer, size, "%s%s", ret ? CONTROL_FAILED : CONTROL_OK, text);
	free(text);
}
