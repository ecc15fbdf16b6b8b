// SPDX-License-Identifier: GPL-2.0-only
#include "service/public-server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "layer/caller.h"
#include "lib/control-protocol.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "service/callers.h"
#include "service/own-mode.h"

/* Connections in all: one more ends the oldest. */
#define MAX_CONNECTIONS 64

/* What a connection may last. */
#define PATIENCE_SEC 10

/* The descriptor that the process of the socket has it by. */
#define FRONT_SOCKET 3

#define GO	 "go"
#define TOO_MANY CONTROL_FAILED "the service has too many requests of this user; try again later"
#define UNKNOWN	 CONTROL_FAILED "the kernel does not tell who asks"

struct connection {
	struct connection *next; /* the newest first */
	struct front *front;
	sd_event_source *source;
	struct caller_account *account; /* NULL: it is turned away */
	struct caller_answer caller;
	pid_t pid;   /* of the process that has it open, */
	int channel; /* and the way to that */
};

struct front {
	sd_event *event;
	struct caller_program *program; /* loaded when somebody comes */
	struct connection *connections;
	struct callers callers;
};

static __u64 now_usec(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000ULL + time.tv_nsec / 1000;
}

/* --- The process of a connection: it knows nothing, and may die at any step --- */

static void answer_one(int fd, int channel)
{
	char text[PUBLIC_ANSWER_MAX] = "";
	ssize_t size = recv(fd, text, CONTROL_WORD_SIZE, 0);

	if (size <= 0 || send(channel, text, size, MSG_NOSIGNAL) != size)
		return;
	size = recv(channel, text, sizeof(text), 0);
	if (size > 0)
		send(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* What is unread when the socket is closed would be an error at the other end. */
static void turn_away(int fd, const char *text, size_t size)
{
	char word[CONTROL_WORD_SIZE];

	while (recv(fd, word, sizeof(word), MSG_DONTWAIT) > 0)
		;
	send(fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Begins when it is told to: by then no other process has the connection. */
static void serve_one(int fd, int channel)
{
	char text[PUBLIC_ANSWER_MAX];
	ssize_t size;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(PATIENCE_SEC);
	size = recv(channel, text, sizeof(text), 0);
	if (size == strlen(GO) && !memcmp(text, GO, size))
		answer_one(fd, channel);
	else if (size > 0)
		turn_away(fd, text, size);
	_exit(0);
}

/* --- Connections --- */

static void drop(struct connection *connection)
{
	struct connection **at;

	for (at = &connection->front->connections; *at != connection; at = &(*at)->next)
		;
	*at = connection->next;
	if (connection->account)
		callers_leave(connection->account);
	sd_event_source_disable_unref(connection->source);
	close(connection->channel);
	kill(connection->pid, SIGKILL);
	waitpid(connection->pid, NULL, 0);
	free(connection);
}

/* Those that are turned away go first. */
static void make_room(struct front *front)
{
	struct connection *connection, *oldest = NULL, *refused = NULL;
	unsigned int count = 0;

	for (connection = front->connections; connection; connection = connection->next) {
		count++;
		oldest = connection;
		if (!connection->account)
			refused = connection;
	}
	if (count >= MAX_CONNECTIONS)
		drop(refused ?: oldest);
}

/* A request, or the end. */
static int on_channel(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	char request[CONTROL_WORD_SIZE + 1], answer[PUBLIC_ANSWER_MAX];
	struct connection *connection = arg;
	ssize_t size = recv(fd, request, CONTROL_WORD_SIZE, MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size <= 0) {
		drop(connection);
		return 0;
	}
	request[size] = '\0';
	own_mode_answer(&connection->caller, request, answer, sizeof(answer));
	send(fd, answer, strlen(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	return 0;
}

/* The new process has the connection, and from then on this one has not. */
static int hand_over(struct connection *connection, int fd, const char *word)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	connection->pid = fork();
	if (!connection->pid)
		serve_one(fd, pair[1]);
	close(pair[1]);
	if (connection->pid < 0) {
		close(pair[0]);
		return -errno;
	}
	close(fd);
	connection->channel = pair[0];
	send(pair[0], word, strlen(word), MSG_DONTWAIT | MSG_NOSIGNAL);
	return 0;
}

static int learn(struct front *front, int fd, struct caller_answer *caller)
{
	int ret = front->program ? 0 : caller_program_load(&front->program);

	return ret ?: caller_learn(front->program, fd, caller);
}

static const char *admit(struct connection *connection, int fd)
{
	struct front *front = connection->front;

	if (learn(front, fd, &connection->caller))
		return UNKNOWN;
	connection->account = callers_admit(&front->callers, connection->caller.tenant, now_usec());
	return connection->account ? GO : TOO_MANY;
}

static void add(struct front *front, int fd)
{
	struct connection *connection = memory_checked(calloc(1, sizeof(*connection)));

	make_room(front);
	connection->front = front;
	if (hand_over(connection, fd, admit(connection, fd))) {
		if (connection->account)
			callers_leave(connection->account);
		close(fd);
		free(connection);
		return;
	}
	connection->next = front->connections;
	front->connections = connection;
	if (sd_event_add_io(front->event, &connection->source, connection->channel, EPOLLIN,
			    on_channel, connection) < 0)
		drop(connection);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (connection >= 0)
		add(arg, connection);
	return 0;
}

/* --- The process --- */

/* Nothing of the service but its standard streams and the socket. */
static void leave_service(int fd, pid_t service)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	unsetenv("NOTIFY_SOCKET");
	if (fd != FRONT_SOCKET && dup3(fd, FRONT_SOCKET, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	close_range(FRONT_SOCKET + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != service)
		_exit(0);
}

static int serve(int fd)
{
	static struct front front;
	int ret = sd_event_new(&front.event);

	if (ret >= 0)
		ret = sd_event_add_io(front.event, NULL, fd, EPOLLIN, on_connection, &front);
	if (ret >= 0)
		ret = sd_event_loop(front.event);
	return log_errno(-ret, PUBLIC_SOCKET);
}

/* The lock of the control socket says that no other service listens. */
static int listen_for_all(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = PUBLIC_SOCKET };
	mode_t mask;
	int ret;

	unlink(PUBLIC_SOCKET);
	mask = umask(0111);
	ret = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	return ret ?: listen(fd, MAX_CONNECTIONS);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && !listen_for_all(fd))
		return fd;
	log_errno(errno, PUBLIC_SOCKET);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- In the service --- */

#define RESTART_USEC 5000000

struct public_server {
	sd_event *event;
	sd_event_source *end, *restart;
	pid_t pid;
};

static int start(struct public_server *server);

static int on_restart(sd_event_source *source, uint64_t now, void *arg)
{
	struct public_server *server = arg;

	server->restart = sd_event_source_disable_unref(server->restart);
	start(server);
	return 0;
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct public_server *server = arg;

	log_error(EIO, PUBLIC_SOCKET ": the process that answers there has died; another follows");
	server->end = sd_event_source_disable_unref(server->end);
	server->pid = 0;
	return sd_event_add_time_relative(server->event, &server->restart, CLOCK_MONOTONIC,
					  RESTART_USEC, 0, on_restart, server);
}

static pid_t fork_front(int fd)
{
	pid_t service = getpid(), pid = fork();

	if (pid)
		return pid;
	leave_service(fd, service);
	_exit(serve(FRONT_SOCKET) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int start(struct public_server *server)
{
	int fd = open_socket(), ret;

	if (fd < 0)
		return -EIO;
	server->pid = fork_front(fd);
	close(fd);
	if (server->pid < 0)
		return log_errno(errno, "fork");
	ret = sd_event_add_child(server->event, &server->end, server->pid, WEXITED, on_end, server);
	return ret < 0 ? log_errno(-ret, "event loop") : 0;
}

struct public_server *public_server_start(sd_event *event)
{
	struct public_server *server = memory_checked(calloc(1, sizeof(*server)));

	server->event = event;
	if (!start(server))
		return server;
	return public_server_stop(server);
}

struct public_server *public_server_stop(struct public_server *server)
{
	if (!server)
		return NULL;
	unlink(PUBLIC_SOCKET);
	sd_event_source_disable_unref(server->end);
	sd_event_source_disable_unref(server->restart);
	if (server->pid > 0) {
		kill(server->pid, SIGKILL);
		waitpid(server->pid, NULL, 0);
	}
	free(server);
	return NULL;
}
