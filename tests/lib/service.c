// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/service.h"
#include "lib/tap.h"
#include "lib/world.h"

#define NOTIFY_PATH "/tmp/notify"
#define READY_MS    120000

static int open_notify(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = NOTIFY_PATH };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlink(NOTIFY_PATH);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		tap_bail(NOTIFY_PATH ": %s", strerror(errno));
	return fd;
}

/* A message is lines of NAME=VALUE. */
static bool has_line(const char *message, const char *line)
{
	const char *at = strstr(message, line);
	char end = at ? at[strlen(line)] : '\0';

	return at && (at == message || at[-1] == '\n') && (!end || end == '\n');
}

static bool hears_ready(int notify)
{
	struct pollfd wait = { .fd = notify, .events = POLLIN };
	char message[1024];
	ssize_t size;

	if (poll(&wait, 1, READY_MS) != 1)
		return false;
	size = recv(notify, message, sizeof(message) - 1, 0);
	if (size < 0)
		return false;
	message[size] = '\0';
	return has_line(message, "READY=1");
}

bool service_start_by(struct service *service, const char *line)
{
	int notify = open_notify();
	bool ready;

	setenv("NOTIFY_SOCKET", NOTIFY_PATH, 1);
	service->pid = start_command("%s", line);
	unsetenv("NOTIFY_SOCKET");
	ready = hears_ready(notify);
	/* What comes later nobody reads, and once the queue was full the service would wait. */
	close(notify);
	unlink(NOTIFY_PATH);
	return ready;
}

bool service_start(struct service *service)
{
	return service_start_by(service, "build/vsock-bpfd");
}

int service_end(struct service *service, int signal)
{
	kill(service->pid, signal);
	return wait_command(service->pid);
}

bool service_stays(struct service *service)
{
	sleep_ms(500);
	return !waitpid(service->pid, NULL, WNOHANG);
}
