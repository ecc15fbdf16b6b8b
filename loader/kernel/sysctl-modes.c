// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/sysctl-modes.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/mode-names.h"

#define SYSCTL_DIR "/proc/sys/net/vsock"

struct access {
	const char *knob;
	enum vsock_mode mode;
};

/* An error is fatal: a wrong answer would leave isolation to the wrong side. */
bool kernel_has_modes(void)
{
	if (!access(SYSCTL_DIR "/ns_mode", F_OK))
		return true;
	if (errno != ENOENT)
		err(EXIT_FAILURE, SYSCTL_DIR);
	return false;
}

/* /proc/sys/net shows the namespace of the task that opens it. */
static int open_knob(const char *knob, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), SYSCTL_DIR "/%s", knob);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_g2h_fallback(void)
{
	int fd = open_knob("g2h_fallback", O_RDONLY);
	char digit = '\0';

	if (fd < 0)
		return -1;
	if (read(fd, &digit, 1) != 1 || (digit != '0' && digit != '1'))
		digit = '0' - 1;
	close(fd);
	return digit - '0';
}

static int read_knob(void *arg)
{
	struct access *access = arg;
	char text[16] = "";
	int fd = open_knob(access->knob, O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = read(fd, text, sizeof(text) - 1) < 0 ? -errno : 0;
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return ret ? ret : mode_parse(text, &access->mode);
}

static int write_knob(void *arg)
{
	struct access *access = arg;
	const char *text = mode_name(access->mode);
	int fd = open_knob(access->knob, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int run(const struct netns *ns, int (*work)(void *arg), void *arg)
{
	return ns ? netns_run(ns, work, arg) : work(arg);
}

int sysctl_mode_get(const struct netns *ns, const char *knob, enum vsock_mode *mode)
{
	struct access access = { .knob = knob };
	int ret = run(ns, read_knob, &access);

	*mode = access.mode;
	return ret;
}

int sysctl_mode_set(const struct netns *ns, const char *knob, enum vsock_mode mode)
{
	struct access access = { .knob = knob, .mode = mode };

	return run(ns, write_knob, &access);
}
