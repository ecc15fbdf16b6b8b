// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hold.h"
#include "run.h"
#include "settle.h"
#include "tap.h"

#define SAMPLE 16 /* one call of so many finds out whether packets are late */

static int ping[2];
static int holding[2]; /* who has the lock of the first holds up the worker */
static struct hold hold;
static bool held, careful_now, careful_always;
static unsigned long settled = 50000, late;

/* A byte over loopback, behind everything that is on its way. */
static bool ping_arrives(int flags)
{
	char byte = 0;

	if (send(ping[0], &byte, 1, MSG_NOSIGNAL) != 1)
		tap_bail("the pair that waits for the worker: %m");
	if (recv(ping[1], &byte, 1, flags) == 1)
		return true;
	if (errno != EAGAIN || recv(ping[1], &byte, 1, 0) != 1)
		tap_bail("the pair that waits for the worker: %m");
	return false;
}

/* Where packets are often late it is better to wait for each. */
static void watch_late(void)
{
	if (!ping_arrives(MSG_DONTWAIT))
		late++;
	careful_always |= late * SAMPLE * 50 > settled;
	careful_now |= careful_always;
}

void settle(void)
{
	int i;

	if (held)
		return;
	if (!careful_now) {
		if (!(++settled % SAMPLE))
			watch_late();
		return;
	}
	/* The first may come before the answers to what came before it. */
	for (i = 0; i < 3; i++)
		ping_arrives(MSG_DONTWAIT);
}

bool run_care(bool careful)
{
	bool before = careful_now;

	careful_now = careful || careful_always;
	return before;
}

void settle_hold(void)
{
	char byte = 0;

	if (held)
		return;
	settle();
	hold_lock(&hold, holding[0]);
	if (send(holding[1], &byte, 1, MSG_NOSIGNAL) != 1)
		tap_bail("the pair that holds up the worker: %m");
	/* Until the worker has it. */
	usleep(200);
	held = true;
}

void settle_free(void)
{
	bool before;
	char byte;

	hold_release(&hold);
	held = false;
	before = run_care(true);
	settle();
	run_care(before);
	recv(holding[0], &byte, 1, 0);
}

bool settle_held(void)
{
	return held;
}

static void become_idle(void)
{
	struct sched_param none = {};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) || sched_setscheduler(0, SCHED_IDLE, &none))
		tap_bail("SCHED_IDLE: %m");
}

/* How many packets in a hundred are not there when the call that sends them returns. */
static int late_packets(void)
{
	int i, late = 0;

	for (i = 0; i < 1000; i++)
		late += !ping_arrives(MSG_DONTWAIT);
	return late / 10;
}

void settle_prepare(const int for_ping[2], const int for_holding[2])
{
	memcpy(ping, for_ping, sizeof(ping));
	memcpy(holding, for_holding, sizeof(holding));
	become_idle();
	careful_always = careful_now = late_packets() > 2;
	if (careful_always)
		tap_diag("packets arrive late, so each call waits");
}
