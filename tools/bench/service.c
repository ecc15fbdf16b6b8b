// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service as whoever starts it sees it, from the call on; reading its files included.
 * Each time after a rest: what was there before leaves the kernel behind grace periods.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "layer.h"

#define NOTIFY "/tmp/bench-notify"

static int notify;

static void open_notify(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = NOTIFY };

	unlink(NOTIFY);
	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify < 0 || bind(notify, (struct sockaddr *)&at, sizeof(at)))
		err(EXIT_FAILURE, NOTIFY);
	setenv("NOTIFY_SOCKET", NOTIFY, 1);
}

static void close_notify(void)
{
	unsetenv("NOTIFY_SOCKET");
	close(notify);
}

pid_t service_up(void)
{
	char *const words[] = { SERVICE, NULL };
	char text[256];
	ssize_t size;
	pid_t pid;

	open_notify();
	pid = start_command(words);
	do {
		size = recv(notify, text, sizeof(text) - 1, 0);
		if (size < 0)
			err(EXIT_FAILURE, "the service's word");
		text[size] = '\0';
	} while (!strstr(text, "READY=1"));
	close_notify();
	return pid;
}

void service_down(pid_t pid)
{
	kill(pid, SIGTERM);
	wait_command(pid);
}

static cost time_up(void)
{
	cost start, took;
	pid_t pid;

	sleep(REST);
	start = now();
	pid = service_up();
	took = now() - start;
	service_down(pid);
	return took;
}

/* With nothing pinned. */
static cost time_start(void)
{
	cost took = time_up();

	layer_stop();
	return took;
}

/* The first local mode, which brings the gates. */
static cost time_attach_gates(void)
{
	cost start, took;

	layer_start();
	sleep(REST);
	start = now();
	run_command(CONTROL, "set", "child_ns_mode", "local", (char *)NULL);
	took = now() - start;
	layer_stop();
	return took;
}

static void isolate(void)
{
	layer_start();
	layer_isolate();
}

static cost time_set_mode(void)
{
	char path[64];
	cost start;

	world_new_other();
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), other_netns);
	sleep(REST);
	start = now();
	run_command(CONTROL, "-n", path, "set", "ns_mode", "local", (char *)NULL);
	return now() - start;
}

static pid_t running;

static void start_with_rules(void)
{
	layer_write_rules(10000);
	running = service_up();
}

static void stop_with_rules(void)
{
	service_down(running);
	layer_remove_rules();
	layer_stop();
}

/* Until the new rules are in force. */
static cost time_reload(void)
{
	static int count = 10000;
	cost start;

	sleep(REST);
	/* Another one each time: what is in force already is not written again. */
	layer_write_rules(--count);
	start = now();
	run_command(CONTROL, "reload", (char *)NULL);
	return now() - start;
}

#define TICK_USEC 5000000 /* from one check of the programs to the next */

static cost idle;

static cost run_in_a_tick(void)
{
	run_by_others();
	usleep(TICK_USEC);
	return run_by_others();
}

/* What the machine does by itself is taken off. */
static void start_ticking(void)
{
	sleep(REST);
	idle = run_in_a_tick();
	running = service_up();
	sleep(REST);
}

static void stop_ticking(void)
{
	service_down(running);
}

static cost time_tick(void)
{
	cost ran = run_in_a_tick();

	return ran > idle ? ran - idle : 0;
}

/* clang-format off */
const struct operation tick_operations[] = {
	{ "tick",	10, time_tick, start_ticking, stop_ticking },
	{ NULL },
};

const struct operation service_operations[] = {
	{ "start",	5, time_start },
	{ "attach-gates", 5, time_attach_gates },
	{ "restart",	5, time_up,	  isolate, layer_stop },
	{ "reload",	5, time_reload,	  start_with_rules, stop_with_rules },
	{ "set-mode",	25, time_set_mode, isolate, layer_stop },
	{ NULL },
};
/* clang-format on */
