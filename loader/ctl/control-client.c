// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/control-client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/control-protocol.h"
#include "lib/log.h"

/* Longer than the service takes to attach its gates, which the first local mode has to wait for. */
#define PATIENCE_SEC 120

static int open_socket(void)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SEC };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return log_errno(errno, "socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

/* A descriptor, -ENOTCONN, unsaid, if nobody listens there, or another error, said. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = open_socket(), ret = 0;

	if (fd < 0)
		return fd;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		ret = errno;
	if (!ret)
		return fd;
	close(fd);
	return ret == ENOENT || ret == ECONNREFUSED ? -ENOTCONN : log_errno(ret, "%s", path);
}

static int connect_service(void)
{
	int fd = connect_to(CONTROL_SOCKET);

	if (fd == -ENOTCONN)
		log_error(ENOTCONN, "the service does not run; 'systemctl start vsock-bpfd' or "
				    "'vsock-bpfd' starts it");
	return fd;
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

/* What follows "ok" in an answer of this socket. Says what is wrong otherwise. */
static int read_answer(char *answer, const char *socket, const char **text)
{
	if (!strncmp(answer, CONTROL_OK, strlen(CONTROL_OK))) {
		*text = answer + strlen(CONTROL_OK);
		return 0;
	}
	if (!strncmp(answer, CONTROL_FAILED, strlen(CONTROL_FAILED)))
		return say_failure(answer + strlen(CONTROL_FAILED));
	return log_error(EBADMSG, "%s: an answer that this program does not know", socket);
}

static int take_answer(int fd, FILE *out)
{
	static char answer[CONTROL_ANSWER_MAX + 1];
	ssize_t size = recv(fd, answer, sizeof(answer) - 1, 0);
	const char *text;
	int ret;

	if (size <= 0)
		return gone();
	answer[size] = '\0';
	ret = read_answer(answer, CONTROL_SOCKET, &text);
	if (!ret)
		fputs(text, out);
	return ret;
}

int control_client_ask(const char *word, FILE *out)
{
	int fd = connect_service(), ret;

	if (fd < 0)
		return fd;
	if (send(fd, word, strlen(word), MSG_NOSIGNAL) < 0)
		ret = gone();
	else
		ret = take_answer(fd, out);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

/* --- The public socket --- */

static int fail_public(void)
{
	return log_error(ENOTCONN, PUBLIC_SOCKET ": no answer; the service has ended, or is asked "
						 "too much: try again");
}

static int take_public(int fd, char *text, size_t size)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SEC };
	char packet[PUBLIC_ANSWER_MAX + 1];
	const char *rest;
	ssize_t length;
	int ret;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	length = recv(fd, packet, sizeof(packet) - 1, 0);
	if (length <= 0)
		return fail_public();
	packet[length] = '\0';
	ret = read_answer(packet, PUBLIC_SOCKET, &rest);
	if (!ret)
		snprintf(text, size, "%s", rest);
	return ret;
}

int control_client_ask_public(const char *request, char *answer, size_t size)
{
	int fd = connect_to(PUBLIC_SOCKET), ret;

	if (fd == -ENOTCONN)
		return log_error(ENOTCONN,
				 "needs root, or an answer at " PUBLIC_SOCKET
				 ": the service does not run ('systemctl start vsock-bpfd', as "
				 "root, starts it), or has PublicSocket=no");
	if (fd < 0)
		return fd;
	/* One that turns callers away has answered by then. */
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	ret = take_public(fd, answer, size);
	close(fd);
	return ret;
}
