// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/control-client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/control-protocol.h"
#include "lib/log.h"

static int connect_service(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return log_errno(errno, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		ret = errno;
	if (!ret)
		return fd;
	close(fd);
	if (ret == ENOENT || ret == ECONNREFUSED)
		return log_error(ENOTCONN,
				 "the service does not run; 'systemctl start vsock-bpfd' or "
				 "'vsock-bpfd' starts it");
	return log_errno(ret, CONTROL_SOCKET);
}

static int gone(void)
{
	return log_error(ENOTCONN, "the service has ended; enforcement stays");
}

static int say_failure(char *lines)
{
	char *line, *next = lines;

	while ((line = strsep(&next, "\n")))
		if (*line)
			log_error(EBADMSG, "%s", line);
	return -EBADMSG;
}

static int take_answer(int fd)
{
	static char answer[CONTROL_ANSWER_MAX + 1];
	ssize_t size = recv(fd, answer, sizeof(answer) - 1, 0);

	if (size <= 0)
		return gone();
	answer[size] = '\0';
	if (!strncmp(answer, CONTROL_OK, strlen(CONTROL_OK))) {
		fputs(answer + strlen(CONTROL_OK), stdout);
		return 0;
	}
	if (!strncmp(answer, CONTROL_FAILED, strlen(CONTROL_FAILED)))
		return say_failure(answer + strlen(CONTROL_FAILED));
	return log_error(EBADMSG, CONTROL_SOCKET ": an answer that this program does not know");
}

int control_client_ask(const char *word)
{
	int fd = connect_service(), ret;

	if (fd < 0)
		return fd;
	if (send(fd, word, strlen(word), MSG_NOSIGNAL) < 0)
		ret = gone();
	else
		ret = take_answer(fd);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}
