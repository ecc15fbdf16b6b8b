// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes are a request at the public socket. Only the words that change a mode do so, and only
 * for one who may.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "layer/modes.h"
#include "lib/control-protocol.h"
#include "service/own-mode.h"

static int sets;

int mode_get(const struct netns *ns, enum knob knob, enum vsock_mode *mode)
{
	check(ns->id == 7);
	*mode = GLOBAL;
	return 0;
}

int mode_set(const struct netns *ns, enum knob knob, enum vsock_mode mode)
{
	check(ns->id == 7 && (mode == LOCAL || mode == GLOBAL));
	sets++;
	return 0;
}

static bool is_answer(const char *answer)
{
	return !strncmp(answer, CONTROL_OK, strlen(CONTROL_OK)) ||
	       !strncmp(answer, CONTROL_FAILED, strlen(CONTROL_FAILED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caller_answer caller = { .netns = 7, .found = YES };
	char request[CONTROL_WORD_SIZE + 1] = "", answer[PUBLIC_ANSWER_MAX];

	if (!size)
		return 0;
	caller.may_set = *data & 1 ? YES : NO;
	data++;
	size--;
	memcpy(request, data, size < CONTROL_WORD_SIZE ? size : CONTROL_WORD_SIZE);
	sets = 0;
	own_mode_answer(&caller, request, answer, sizeof(answer));
	check(is_answer(answer) && strlen(answer) < sizeof(answer));
	check(!sets || (caller.may_set == YES && strstr(request, "set")));
	return 0;
}
