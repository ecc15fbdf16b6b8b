/* SPDX-License-Identifier: GPL-2.0-only */
/* vsock-bpfd in the foreground, as systemd runs it. */
#ifndef TESTS_SERVICE_H
#define TESTS_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct service {
	pid_t pid;
};

/* Starts it and waits for READY=1; false if that does not come. */
bool service_start(struct service *service);

/* The same by a line of shell. */
bool service_start_by(struct service *service, const char *line);

/* Sends a signal and waits for the end; its status, 128 + the signal that ended it. */
int service_end(struct service *service, int signal);

/* Whether it still runs, some time after now. */
bool service_stays(struct service *service);

#endif /* TESTS_SERVICE_H */
