// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/own-mode-client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/control-client.h"
#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"
#include "layer/modes.h"
#include "lib/control-protocol.h"
#include "lib/log.h"

/* The number of the initial user namespace, of its nsfs file: the same in all kernels. */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDU

bool is_root_of_machine(void)
{
	struct stat st;

	return !geteuid() &&
	       (stat("/proc/self/ns/user", &st) || st.st_ino == INITIAL_USER_NAMESPACE);
}

struct access {
	enum knob knob;
	enum vsock_mode mode;
	bool entered; /* what went wrong after that was said */
};

static int fail(enum knob knob, int ret)
{
	return ret ? log_errno(-ret, "%s", knob_name(knob)) : 0;
}

static int ask_get(void *arg)
{
	char request[CONTROL_WORD_SIZE], answer[CONTROL_WORD_SIZE];
	struct access *access = arg;
	int ret;

	access->entered = true;
	if (kernel_has_modes())
		return fail(access->knob,
			    sysctl_mode_get(NULL, knob_name(access->knob), &access->mode));
	snprintf(request, sizeof(request), "get %s", knob_name(access->knob));
	ret = control_client_ask_public(request, answer, sizeof(answer));
	if (ret)
		return ret;
	answer[strcspn(answer, "\n")] = '\0';
	if (mode_parse(answer, &access->mode))
		return log_error(EBADMSG, PUBLIC_SOCKET ": the answer is no mode");
	return 0;
}

static int ask_set(void *arg)
{
	char request[CONTROL_WORD_SIZE], answer[PUBLIC_ANSWER_MAX];
	struct access *access = arg;

	access->entered = true;
	if (kernel_has_modes())
		return mode_set_here(access->knob, access->mode);
	snprintf(request, sizeof(request), "set %s %s", knob_name(access->knob),
		 mode_name(access->mode));
	return control_client_ask_public(request, answer, sizeof(answer));
}

static int run(const char *netns, int (*ask)(void *arg), struct access *access)
{
	struct netns ns;
	int ret;

	if (!netns)
		return ask(access);
	ret = netns_open(&ns, netns);
	if (ret)
		return ret;
	ret = netns_run(&ns, ask, access);
	netns_close(&ns);
	return access->entered ? ret : log_errno(-ret, "%s", netns);
}

int own_mode_get(const char *netns, enum knob knob, enum vsock_mode *mode)
{
	struct access access = { .knob = knob };
	int ret = run(netns, ask_get, &access);

	*mode = access.mode;
	return ret;
}

int own_mode_set(const char *netns, enum knob knob, enum vsock_mode mode)
{
	struct access access = { .knob = knob, .mode = mode };

	return run(netns, ask_set, &access);
}
