/* SPDX-License-Identifier: GPL-2.0-only */
/* What somebody asks for about his own namespace, and whether he may. */
#ifndef OWN_MODE_H
#define OWN_MODE_H

#include <stddef.h>

#include "caller-answer.h"

/*
 * Carries out "get KNOB" or "set KNOB MODE" for the namespace of the caller. The answer is what
 * goes back to him, see lib/control-protocol.h; nothing is said elsewhere.
 *
 * Everybody may read. Who has CAP_NET_ADMIN over the namespace may write, as the sysctl of 7.0; for
 * others it is -EACCES, and for ns_mode, which is read-only there, -EPERM unless it has the value.
 */
void own_mode_answer(const struct caller_answer *caller, const char *request, char *answer,
		     size_t size);

#endif
