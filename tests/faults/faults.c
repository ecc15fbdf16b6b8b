// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets what changes the layer fail at one call, each in its turn: a system call or an allocation.
 * It ends with a status of the documentation, and says why; what is in force then is what was
 * before, or what was to be. Begins and ends with nothing attached.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "faults/fail.h"
#include "faults/force.h"
#include "lib/tap.h"
#include "faults/trace.h"
#include "lib/world.h"

#define DIR	 "/etc/vsock-bpfd/policy.d"
#define NOTIFY	 "/tmp/notify"
#define LIMIT_MS 60000

/* One way to change what is in force. */
struct change {
	const char *name;
	const char *before; /* what brings it to where it begins; each time, if anything changed */
	char old;	    /* what is in force then */
	const char *line;
	char new;    /* what is to be in force behind it */
	bool serves; /* does not end by itself */
};

static const struct change changes[] = {
	{ "start", BPFD " --detach", OPEN, BPFD " --once --policy-dir " POLICY_A, IN_FORCE_A,
	  false },
	{ "reload", BPFD " --once --policy-dir " POLICY_A, IN_FORCE_A,
	  BPFD " --once --policy-dir " POLICY_B, IN_FORCE_B, false },
	{ "upgrade", BPFD " --once --policy-dir " POLICY_A, IN_FORCE_A,
	  BPFD_B " --once --policy-dir " POLICY_A, IN_FORCE_A, false },
	{ "detach", BPFD " --once --policy-dir " POLICY_A, IN_FORCE_A, BPFD " --detach", OPEN,
	  false },
	{ "service", BPFD " --once --policy-dir " POLICY_A, IN_FORCE_A,
	  BPFD " --policy-dir " POLICY_B, IN_FORCE_B, true },
};

struct tally {
	int faults, failed, went_on, bad;
};

/* --- A service, which is told to read its files again, and then to end --- */

#define WORD_SEC 60 /* a start that loads all programs takes ten in the lab */

static int notify = -1, ready;
static time_t said_at;

static void open_notify(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = NOTIFY };

	unlink(NOTIFY);
	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify < 0 || bind(notify, (struct sockaddr *)&address, sizeof(address)))
		tap_bail(NOTIFY);
	setenv("NOTIFY_SOCKET", NOTIFY, 1);
}

static time_t seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* A word that is lost, as the call that failed was the one that said it, is made up for in time. */
static void steer(pid_t pid)
{
	char message[256];
	ssize_t size = recv(notify, message, sizeof(message) - 1, 0);

	if (size > 0) {
		message[size] = '\0';
		if (!strstr(message, "READY=1"))
			return;
	} else if (seconds() - said_at < WORD_SEC) {
		return;
	}
	said_at = seconds();
	kill(pid, ready == 0 ? SIGHUP : ready == 1 ? SIGTERM : SIGKILL);
	ready++;
}

static void begin_steering(void)
{
	char message[256];

	while (recv(notify, message, sizeof(message), 0) > 0)
		;
	ready = 0;
	said_at = seconds();
	trace_meanwhile = steer;
}

/* --- One fault --- */

static bool is_whole(void)
{
	static struct said said;

	command(&said, CTL " status");
	if (said.status)
		tap_said(&said);
	return !said.status;
}

/* Whether it says that nothing has changed, before it says that something was put in force. */
static bool claims_old(const char *err)
{
	const char *kept = strstr(err, "the previous policies stay in force");
	const char *put = strstr(err, "1 policy in force");

	return kept && (!put || kept < put);
}

/* NULL if nothing is wrong with how it ended. */
static const char *wrong_end(const struct outcome *outcome)
{
	if (outcome->status > 1)
		return "ends with another status than 0 and 1";
	if (outcome->status && !*outcome->err)
		return "fails and says nothing";
	return NULL;
}

static const char *wrong_state(const struct change *change, const struct outcome *outcome,
			       char found)
{
	if (found != change->old && found != change->new)
		return "leaves a half";
	if (!outcome->status && found != change->new)
		return "says that it succeeded";
	if (found == change->new && change->old != change->new &&claims_old(outcome->err))
		return "says that the old policies stay, and the new are in force";
	/* What was in force before, and what was put there, is all there. */
	if (found != OPEN && !is_whole())
		return "leaves what is not whole";
	return NULL;
}

static void prepare(const struct change *change)
{
	must("%s", change->before);
}

static void run(const struct change *change, struct outcome *outcome, const struct fault *fault,
		struct calls *calls)
{
	if (change->serves)
		begin_steering();
	trace(outcome, change->line, fault, calls);
	trace_meanwhile = NULL;
}

/* Its callers, as addresses in the program. */
static void show_place(const struct fault *fault)
{
	static struct said said;

	if (fault->kind != ALLOCATION_FAILS)
		return;
	command(&said, "sed 's/^.*build/build/' " FAIL_SHOWN);
	tap_said(&said);
}

static void try(const struct change *change, struct tally *tally, const struct fault *fault)
{
	struct outcome outcome;
	const char *wrong;
	char found;

	run(change, &outcome, fault, NULL);
	found = force_found();
	tally->faults++;
	tally->failed += outcome.status == 1;
	tally->went_on += !outcome.status;
	wrong = wrong_end(&outcome);
	if (!wrong)
		wrong = wrong_state(change, &outcome, found);
	if (wrong) {
		tally->bad++;
		tap_diag("%s: %s fails: %s; status %d, found %c", change->name, outcome.what, wrong,
			 outcome.status, found);
		tap_diag("it said: %.*s", (int)strcspn(outcome.err, "\n"), outcome.err);
		show_place(fault);
	}
	/* A failure that has changed nothing needs no new beginning, but it gets one. */
	if (found != change->old || outcome.status || change->serves || wrong)
		prepare(change);
}

static void conclude(const struct change *change, const struct tally *tally, const char *what,
		     size_t there)
{
	tap_ok(!tally->bad && tally->faults,
	       "%s: %d of %zu %s failed, each alone: %d times it failed, %d times it went on; %d "
	       "bad",
	       change->name, tally->faults, there, what, tally->failed, tally->went_on, tally->bad);
}

/* --- All of them --- */

/* Of a thousand reads of one file in a row the first and the last. */
static bool is_amid(const struct calls *calls, size_t i)
{
	const struct call *call = &calls->call[i];

	return i > 0 && i + 1 < calls->count && call[-1].number == call->number &&
	       call[-1].first == call->first && call[1].number == call->number &&
	       call[1].first == call->first;
}

/* Of what is to be tried. */
struct choice {
	int share, of;	  /* every so many, */
	const char *path; /* or if not NULL those with a path that has this in it */
	int count;	  /* so far */
};

static bool is_chosen(struct choice *choice, const struct calls *calls, size_t i)
{
	if (choice->path)
		return strstr(calls->call[i].path, choice->path);
	return !is_amid(calls, i) && choice->count++ % choice->of == choice->share;
}

static void fail_calls(const struct change *change, struct choice *choice)
{
	const struct fault none = {};
	struct calls calls = {};
	struct outcome outcome;
	struct tally tally = {};
	size_t i;

	prepare(change);
	run(change, &outcome, &none, &calls);
	if (outcome.status)
		tap_diag("%s", outcome.err);
	tap_ok(!outcome.status && force_found() == change->new, "%s: succeeds when nothing fails",
	       change->name);
	prepare(change);
	for (i = 0; i < calls.count; i++) {
		struct fault fault = { .kind = SYSCALL_FAILS, .syscall = i };

		if (is_chosen(choice, &calls, i))
			try(change, &tally, &fault);
	}
	conclude(change, &tally, "system calls", calls.count);
	free(calls.call);
}

static void fail_allocations(const struct change *change, const struct choice *choice)
{
	struct tally tally = {};
	char(*stacks)[24];
	size_t count, i;

	prepare(change);
	if (change->serves)
		begin_steering();
	count = trace_stacks(change->line, &stacks);
	trace_meanwhile = NULL;
	prepare(change);
	for (i = 0; i < count; i++) {
		struct fault fault = { .kind = ALLOCATION_FAILS };

		strcpy(fault.stack, stacks[i]);
		if ((int)(i % choice->of) == choice->share)
			try(change, &tally, &fault);
	}
	conclude(change, &tally, "allocations", count);
	free(stacks);
}

static void fail_all(const struct change *change, struct choice *choice)
{
	fail_calls(change, choice);
	if (!choice->path)
		fail_allocations(change, choice);
}

/* CHANGE SHARE OF: of all calls of this change every OFth, beginning with SHARE. */
int main(int argc, char **argv)
{
	struct choice choice = {};
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || argc > 4) {
		fputs("usage: faults CHANGE SHARE OF | faults CHANGE PATH\n", stderr);
		return 2;
	}
	if (argc == 3)
		choice.path = argv[2];
	else
		choice.of = atoi(argv[3]);
	choice.share = atoi(argv[2]);
	open_notify();
	force_begin();
	must("mkdir -p /etc/vsock-bpfd");
	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		if (!strcmp(argv[1], changes[i].name))
			fail_all(&changes[i], &choice);
	force_end();
	return tap_end();
}
