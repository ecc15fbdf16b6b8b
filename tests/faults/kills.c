// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kills what changes the layer at random moments. What holds right behind the kill is what held
 * before or what was to hold, never a half of either; the next start is whole. Begins and ends
 * with nothing attached.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/command.h"
#include "faults/force.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define DIR "/etc/vsock-bpfd/policy.d"

/* What comes of one way to change. */
struct tally {
	const char *what;
	int kills;     /* that met the program alive */
	int late;      /* it had ended */
	int seen[256]; /* what was in force then */
	int bad;
};

static uint64_t seed;

static uint64_t below(uint64_t limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000ULL + time.tv_nsec / 1000;
}

/* How long a command takes; the longer of two times. */
static uint64_t duration(const char *before, const char *line)
{
	uint64_t longest = 0, began, took;
	int i;

	for (i = 0; i < 2; i++) {
		must("%s", before);
		began = now_us();
		must("%s", line);
		took = now_us() - began;
		longest = took > longest ? took : longest;
	}
	return longest;
}

/* At any moment of its life, often near its beginning or its end, where most is changed. */
static void wait_for_a_moment(uint64_t limit)
{
	switch (below(3)) {
	case 0:
		usleep(below(limit + 1));
		break;
	case 1:
		usleep(below(limit / 8 + 1));
		break;
	default:
		usleep(limit - limit / 4 + below(limit / 2 + 1));
	}
}

static void kill_now(struct tally *tally, pid_t pid)
{
	kill(pid, SIGKILL);
	if (wait_command(pid) == 128 + SIGKILL)
		tally->kills++;
	else
		tally->late++;
}

static void kill_within(struct tally *tally, uint64_t limit, const char *line)
{
	pid_t pid = start_command("%s >/dev/null 2>&1", line);

	wait_for_a_moment(limit);
	kill_now(tally, pid);
}

/* What was found must be one of `allowed`. */
static char look(struct tally *tally, const char *allowed)
{
	char found = force_found();

	tally->seen[(unsigned char)found]++;
	if (!strchr(allowed, found)) {
		tally->bad++;
		tap_diag("%s: found %c", tally->what, found);
	}
	return found;
}

static void expect(struct tally *tally, bool good, const char *what)
{
	if (good)
		return;
	tally->bad++;
	tap_diag("%s: %s", tally->what, what);
}

static void conclude(const struct tally *tally, int wanted)
{
	tap_ok(!tally->bad && tally->kills + tally->late == wanted,
	       "%s: %d kills, %d behind the end; old or new each time: open %d, A %d, B %d, "
	       "half %d; %d bad",
	       tally->what, tally->kills, tally->late, tally->seen[OPEN], tally->seen[IN_FORCE_A],
	       tally->seen[IN_FORCE_B], tally->seen[A_HALF], tally->bad);
}

/* --- From nothing and to nothing --- */

#define START  BPFD " --once --policy-dir " POLICY_A
#define DETACH BPFD " --detach"

static void start_and_detach(int count)
{
	struct tally starts = { .what = "start" }, ends = { .what = "detach" };
	uint64_t start = duration(DETACH, START), detach = duration(START, DETACH);
	struct bpf_counts nothing = bpf_settled();
	int i;

	tap_diag("a start takes %lu ms, a detach %lu ms", start / 1000, detach / 1000);
	for (i = 0; i < count; i++) {
		kill_within(&starts, start, START);
		look(&starts, "OA");
		expect(&starts, force_restore(BPFD), "the next start");
		kill_within(&ends, detach, DETACH);
		look(&ends, "OA");
		expect(&ends, force_restore(BPFD), "the next start");
		must(DETACH);
		expect(&ends, access(PINS, F_OK) && force_found() == OPEN, "a detach behind it");
	}
	expect(&ends, bpf_is(&nothing), "something of those that were killed stays");
	conclude(&starts, count);
	conclude(&ends, count);
}

/* --- From policies to others --- */

static void begin_watched(void)
{
	if (!force_restore(BPFD))
		tap_bail("policies do not come into force");
	force_watch();
}

static void end_watched(const char *what)
{
	unsigned long tries, through = force_watched(&tries);

	tap_ok(!through && tries, "%s: of %lu tries meanwhile %lu got through", what, tries,
	       through);
}

static void reload(int count)
{
	struct tally tally = { .what = "reload" };
	uint64_t limit;
	int i;

	begin_watched();
	limit = duration(START, BPFD " --once --policy-dir " POLICY_B);
	tap_diag("a reload takes %lu ms", limit / 1000);
	expect(&tally, force_restore(BPFD), "a reload");
	for (i = 0; i < count; i++) {
		kill_within(&tally, limit, BPFD " --once --policy-dir " POLICY_B);
		look(&tally, "AB");
		expect(&tally, force_binds_children(), "a namespace that is made then");
		expect(&tally, force_restore(BPFD), "the next reload");
	}
	end_watched(tally.what);
	conclude(&tally, count);
}

/* From one build to the other and, the next time, back. */
static void upgrade(int count)
{
	struct tally tally = { .what = "upgrade" };
	const char *next;
	uint64_t limit;
	char line[128];
	int i;

	begin_watched();
	limit = duration(START, BPFD_B " --once --policy-dir " POLICY_A);
	tap_diag("an upgrade takes %lu ms", limit / 1000);
	expect(&tally, force_restore(BPFD), "a start");
	for (i = 0; i < count; i++) {
		next = i % 2 ? BPFD : BPFD_B;
		snprintf(line, sizeof(line), "%s --once --policy-dir " POLICY_A, next);
		kill_within(&tally, limit, line);
		look(&tally, "A");
		expect(&tally, force_binds_children(), "a namespace that is made then");
		expect(&tally, force_restore(next), "the next start");
	}
	end_watched(tally.what);
	conclude(&tally, count);
}

/* In one piece. */
static void point_dir_at(const char *policies)
{
	must("ln -sfn %s /etc/vsock-bpfd/next && mv -T /etc/vsock-bpfd/next " DIR, policies);
}

/* A service that starts, is told to read other policies, and is killed somewhere in between. */
static void service(int count)
{
	struct tally tally = { .what = "service" };
	struct service service;
	uint64_t began, limit;
	int i;

	must("rm -rf " DIR " && mkdir -p /etc/vsock-bpfd");
	begin_watched();
	began = now_us();
	point_dir_at(POLICY_A);
	if (!service_start(&service))
		tap_bail("no service");
	limit = now_us() - began;
	service_end(&service, SIGKILL);
	tap_diag("the service takes %lu ms until it is ready", limit / 1000);
	for (i = 0; i < count; i++) {
		/* Before and while it starts, or while it reloads. */
		if (i % 2) {
			point_dir_at(POLICY_B);
			kill_within(&tally, limit, BPFD);
		} else {
			point_dir_at(POLICY_A);
			expect(&tally, service_start(&service), "a service that starts");
			point_dir_at(POLICY_B);
			kill(service.pid, SIGHUP);
			wait_for_a_moment(limit);
			service_end(&service, SIGKILL);
			tally.kills++;
		}
		look(&tally, "AB");
		expect(&tally, force_binds_children(), "a namespace that is made then");
		expect(&tally, force_restore(BPFD), "the next start");
	}
	end_watched(tally.what);
	conclude(&tally, count);
	must("rm -f " DIR);
}

/* How many kills, about, and the seed that they come from. */
int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 25;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The service tells of thousands of refusals. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : now_us();
	tap_diag("seed %lu", (unsigned long)seed);
	force_begin();
	start_and_detach(count / 5);
	reload(count / 5);
	upgrade(count / 5);
	service(count - count / 5 * 4);
	force_end();
	return tap_end();
}
