// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <sys/syscall.h>

#include "lib/follow.h"
#include "lib/tap.h"
#include "lib/world.h"

/* What poll() calls: newer architectures have but the longer one. */
#ifdef SYS_poll
#define NUMBER_OF_POLL SYS_poll
#else
#define NUMBER_OF_POLL SYS_ppoll
#endif

#define STEP_MS 100

bool settles_within(struct said *said, int ms, int status, const char *line)
{
	int waited;

	for (waited = 0; waited < ms; waited += STEP_MS) {
		command(said, "%s", line);
		if (said->status == status)
			return true;
		sleep_ms(STEP_MS);
	}
	tap_said(said);
	return false;
}

void await_poll(struct said *said, int ms, pid_t pid, const char *what)
{
	char waits[64];

	snprintf(waits, sizeof(waits), "grep -q '^%d ' /proc/%d/syscall", NUMBER_OF_POLL, pid);
	if (!settles_within(said, ms, 0, waits))
		tap_bail("%s does not come to wait", what);
}
