// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "ctl/control-client.h"
#include "lib/control-protocol.h"
#include "lib/log.h"

struct descriptors {
	int service, signals, timer;
};

/* Signals are read from a descriptor, so that none comes in the middle of a line. */
static int open_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* One of 0 seconds never ends. */
static int open_timer(unsigned long long seconds)
{
	struct itimerspec end = { .it_value.tv_sec = seconds };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, 0, &end, NULL);
	return fd;
}

/* 1: there may be more, 0: no more is wanted, -ENOTCONN: the service has ended. */
static int take_line(const struct follower *follower, int service)
{
	static char line[CONTROL_ANSWER_MAX];
	ssize_t size = recv(service, line, sizeof(line) - 1, 0);

	if (size <= 0)
		return -ENOTCONN;
	line[size] = '\0';
	return follower->take(line, size, follower->arg);
}

/* What the service has sent by now. It can send no more, and so there is an end. */
static void take_rest(const struct follower *follower, int service)
{
	shutdown(service, SHUT_RD);
	while (take_line(follower, service) > 0)
		;
}

static int follow(const struct follower *follower, const struct descriptors *from)
{
	struct pollfd wait[] = {
		{ .fd = from->service, .events = POLLIN },
		{ .fd = from->signals, .events = POLLIN },
		{ .fd = from->timer, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	int ret;

	while (true) {
		if (poll(wait, 4, -1) < 0)
			return log_errno(errno, "poll");
		if (wait[3].revents)
			return 0;
		if (wait[1].revents || wait[2].revents) {
			take_rest(follower, from->service);
			return 0;
		}
		ret = take_line(follower, from->service);
		if (ret < 0)
			return log_error(ENOTCONN, "the service has ended; enforcement stays");
		if (!ret)
			return 0;
	}
}

static int ask(const struct follower *follower, struct descriptors *from)
{
	from->service = control_client_ask(follower->word, stderr);
	if (from->service < 0)
		return from->service;
	if (follower->begin)
		follower->begin(follower->arg);
	return follow(follower, from);
}

static void close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int follow_service(const struct follower *follower)
{
	struct descriptors from = { .service = -1,
				    .signals = open_signals(),
				    .timer = open_timer(follower->seconds) };
	int ret;

	if (from.signals < 0 || from.timer < 0)
		ret = log_errno(errno, "signals and timers");
	else
		ret = ask(follower, &from);
	close_open(from.service);
	close_open(from.signals);
	close_open(from.timer);
	return ret;
}
