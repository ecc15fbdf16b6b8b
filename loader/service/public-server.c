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
#include <unistd.h>

#include "layer/caller.h"
#include "lib/clock.h"
#include "lib/control-protocol.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "service/callers.h"
#include "service/own-mode.h"

/* Connections in all: one more ends the oldest. */
#define MAX_CONNECTIONS 64

/* With those that were killed and do not die yet. More are not accepted until one has died. */
#define MAX_PROCESSES 256

/* What a caller may take for his part, and the service for its own, which can attach the gates. */
#define CALLER_SEC 10
#define ANSWER_SEC 120

/* After this long, what knows callers is loaded again, if that has failed. */
#define RETRY_USEC (60 * USEC_PER_SEC)

/* The descriptor that the process of the socket has it by. */
#define FRONT_SOCKET 3

#define GO	 "go"
#define TOO_MANY CONTROL_FAILED "the service has too many requests of this user; try again later"
#define UNKNOWN	 CONTROL_FAILED "the kernel does not tell who asks"

struct connection {
	struct connection *next; /* the newest first */
	struct front *front;
	sd_event_source *source, *death;
	struct caller_account *account; /* NULL: it is turned away */
	struct caller_answer caller;
	pid_t pid;   /* of the process that has it open, */
	int channel; /* and the way to that; -1: it was killed */
};

struct front {
	sd_event *event;
	sd_event_source *listening;
	struct caller_program *program; /* loaded when somebody comes */
	__u64 load_at;			/* not before, as it has failed */
	struct connection *connections;
	unsigned int processes;
	struct callers callers;
};

/* --- The process of a connection: it knows nothing, and may die at any step --- */

static void answer_one(int fd, int channel)
{
	char text[PUBLIC_ANSWER_MAX] = "";
	ssize_t size = recv(fd, text, CONTROL_WORD_SIZE, 0);

	if (size <= 0 || send(channel, text, size, MSG_NOSIGNAL) != size)
		return;
	alarm(ANSWER_SEC);
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
	alarm(CALLER_SEC);
	size = recv(channel, text, sizeof(text), 0);
	if (size == strlen(GO) && !memcmp(text, GO, size))
		answer_one(fd, channel);
	else if (size > 0)
		turn_away(fd, text, size);
	_exit(0);
}

/* --- Connections --- */

/*
 * Its process is killed, and not waited for: it can have to close a file that a stranger has sent,
 * and whose file system is the stranger's, too. Until it has died it counts for its user.
 */
static void hang_up(struct connection *connection)
{
	if (connection->channel < 0)
		return;
	connection->source = sd_event_source_disable_unref(connection->source);
	close(connection->channel);
	connection->channel = -1;
	kill(connection->pid, SIGKILL);
}

/* Its process has died. */
static void forget(struct connection *connection)
{
	struct front *front = connection->front;
	struct connection **at;

	for (at = &front->connections; *at != connection; at = &(*at)->next)
		;
	*at = connection->next;
	if (connection->account)
		callers_leave(connection->account);
	sd_event_source_disable_unref(connection->death);
	free(connection);
	front->processes--;
	sd_event_source_set_enabled(front->listening, SD_EVENT_ON);
}

static int on_death(sd_event_source *source, const siginfo_t *info, void *arg)
{
	hang_up(arg);
	forget(arg);
	return 0;
}

/* Those that are turned away go first. */
static void make_room(struct front *front)
{
	struct connection *connection, *oldest = NULL, *refused = NULL;
	unsigned int count = 0;

	for (connection = front->connections; connection; connection = connection->next) {
		if (connection->channel < 0)
			continue;
		count++;
		oldest = connection;
		if (!connection->account)
			refused = connection;
	}
	if (count >= MAX_CONNECTIONS)
		hang_up(refused ?: oldest);
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
		hang_up(connection);
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

/* Tried again later if it fails, as each stranger would make another line of the journal. */
static int load(struct front *front)
{
	__u64 now = clock_usec();

	if (front->program)
		return 0;
	if (now < front->load_at)
		return -EAGAIN;
	front->load_at = now + RETRY_USEC;
	return caller_program_load(&front->program);
}

static int learn(struct front *front, int fd, struct caller_answer *caller)
{
	return load(front) ?: caller_learn(front->program, fd, caller);
}

static const char *admit(struct connection *connection, int fd)
{
	struct front *front = connection->front;

	if (learn(front, fd, &connection->caller))
		return UNKNOWN;
	connection->account =
		callers_admit(&front->callers, connection->caller.tenant, clock_usec());
	return connection->account ? GO : TOO_MANY;
}

static int watch(struct connection *connection)
{
	sd_event *event = connection->front->event;
	int ret = sd_event_add_child(event, &connection->death, connection->pid, WEXITED, on_death,
				     connection);

	return ret < 0 ? ret
		       : sd_event_add_io(event, &connection->source, connection->channel, EPOLLIN,
					 on_channel, connection);
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
	front->processes++;
	if (watch(connection) < 0)
		hang_up(connection);
	if (!connection->death)
		forget(connection);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct front *front = arg;

	if (connection >= 0)
		add(front, connection);
	if (front->processes >= MAX_PROCESSES)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* --- The process --- */

/* Nothing of the service but its standard streams and the socket. */
static void leave_service(int fd, pid_t service)
{
	sigset_t blocked;

	/* The event loop hears of children by it. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	unsetenv("NOTIFY_SOCKET");
	if (fd != FRONT_SOCKET && dup3(fd, FRONT_SOCKET, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	if (close_range(FRONT_SOCKET + 1, ~0U, 0))
		_exit(EXIT_FAILURE);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != service)
		_exit(0);
}

static int serve(int fd)
{
	static struct front front;
	int ret = sd_event_new(&front.event);

	if (ret >= 0)
		ret = sd_event_add_io(front.event, &front.listening, fd, EPOLLIN, on_connection,
				      &front);
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

static int on_restart(sd_event_source *source, uint64_t now, void *arg);

static int restart_later(struct public_server *server)
{
	return sd_event_add_time_relative(server->event, &server->restart, CLOCK_MONOTONIC,
					  RESTART_USEC, 0, on_restart, server);
}

static int on_restart(sd_event_source *source, uint64_t now, void *arg)
{
	struct public_server *server = arg;

	server->restart = sd_event_source_disable_unref(server->restart);
	return start(server) ? restart_later(server) : 0;
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct public_server *server = arg;

	log_error(EIO, PUBLIC_SOCKET ": the process that answers there has died; another follows");
	server->end = sd_event_source_disable_unref(server->end);
	server->pid = 0;
	return restart_later(server);
}

static pid_t fork_front(int fd)
{
	pid_t service = getpid(), pid = fork();

	if (pid)
		return pid;
	leave_service(fd, service);
	_exit(serve(FRONT_SOCKET) ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int on_gone(sd_event_source *source, const siginfo_t *info, void *arg)
{
	return 0;
}

/* Not waited for: it can have to close what strangers have sent. The loop takes its status. */
static void end_front(struct public_server *server)
{
	server->end = sd_event_source_disable_unref(server->end);
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	sd_event_add_child(server->event, NULL, server->pid, WEXITED, on_gone, NULL);
	server->pid = 0;
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
	if (ret >= 0)
		return 0;
	end_front(server);
	return log_errno(-ret, "event loop");
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
	sd_event_source_disable_unref(server->restart);
	end_front(server);
	free(server);
	return NULL;
}
