// SPDX-License-Identifier: GPL-2.0-only
#include "service/control-server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/control-protocol.h"
#include "lib/log.h"
#include "lib/memory.h"

/* More at once are turned away: each may keep 200 KiB of the kernel's memory. */
#define MAX_CLIENTS 32

struct client {
	struct client *next;
	struct control_server *server;
	sd_event_source *source;
	int fd;
	bool follows;
	const struct control_word *holds; /* a word with ended(), to be called when it goes */
	unsigned long long lost;	  /* lines, since it was last informed */
};

struct control_server {
	sd_event *event;
	sd_event_source *source;
	int fd;
	int dir; /* locked: whoever holds it is the one that listens */
	const struct control_word *words;
	void *arg;
	struct client *clients;
	size_t count;
};

static void drop_client(struct client *client)
{
	struct control_server *server = client->server;
	struct client **at;

	for (at = &server->clients; *at != client; at = &(*at)->next)
		;
	*at = client->next;
	server->count--;
	sd_event_source_disable_unref(client->source);
	close(client->fd);
	if (client->holds)
		client->holds->ended(server->arg);
	free(client);
}

static bool send_line(int fd, const char *line)
{
	return send(fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* --- Followers --- */

/* Room came back: it hears of the gap before what follows. */
static bool tell_lost(struct client *client)
{
	char line[160];

	if (!client->lost)
		return true;
	snprintf(line, sizeof(line),
		 "{ \"kind\": \"lost\", \"count\": %llu, \"message\": "
		 "\"lost: %llu lines, as they were not read in time\" }",
		 client->lost, client->lost);
	if (!send_line(client->fd, line))
		return false;
	client->lost = 0;
	sd_event_source_set_io_events(client->source, EPOLLIN);
	return true;
}

static void tell_client(struct client *client, const char *line)
{
	if (tell_lost(client) && send_line(client->fd, line))
		return;
	client->lost++;
	sd_event_source_set_io_events(client->source, EPOLLIN | EPOLLOUT);
}

bool control_server_has_followers(const struct control_server *server)
{
	const struct client *client;

	for (client = server->clients; client; client = client->next)
		if (client->follows)
			return true;
	return false;
}

void control_server_tell(struct control_server *server, const char *line)
{
	struct client *client;

	for (client = server->clients; client; client = client->next)
		if (client->follows)
			tell_client(client, line);
}

/* --- Words --- */

/* What is said while the word is answered is the answer. */
static int answer(struct client *client, const struct control_word *word)
{
	char *text, *packet;
	FILE *said;
	size_t size;
	int ret;

	said = memory_checked(open_memstream(&text, &size));
	log_copy(said);
	ret = word->run(client->server->arg);
	log_copy(NULL);
	fclose(said);
	packet = memory_printf("%s%.*s", ret ? CONTROL_FAILED : CONTROL_OK, CONTROL_ANSWER_MAX - 16,
			       (const char *)memory_checked(text));
	send_line(client->fd, packet);
	free(packet);
	free(text);
	return ret;
}

static void answer_unknown(struct client *client, const char *word)
{
	char packet[128];

	snprintf(packet, sizeof(packet),
		 CONTROL_FAILED "%s: the service does not know this command", word);
	send_line(client->fd, packet);
}

static const struct control_word *find_word(const struct control_server *server, const char *name)
{
	const struct control_word *word;

	for (word = server->words; word->word; word++)
		if (!strcmp(word->word, name))
			return word;
	return NULL;
}

/* False for one with which there is no more to do. */
static bool take_word(struct client *client, const char *name)
{
	const struct control_word *word = find_word(client->server, name);

	if (!strcmp(name, "monitor")) {
		client->follows = true;
		return send_line(client->fd, CONTROL_OK);
	}
	if (!word) {
		answer_unknown(client, name);
		return false;
	}
	if (answer(client, word) || !word->ended)
		return false;
	client->holds = word;
	client->follows = true;
	return true;
}

/* Nothing is expected of a follower but its end. */
static bool hear(struct client *client)
{
	char word[CONTROL_WORD_SIZE];
	ssize_t size = recv(client->fd, word, sizeof(word) - 1, MSG_DONTWAIT);

	if (size < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!size || client->follows)
		return false;
	word[size] = '\0';
	return take_word(client, word);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct client *client = arg;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !hear(client))
		drop_client(client);
	else if (events & EPOLLOUT)
		tell_lost(client);
	return 0;
}

/* --- Clients come --- */

/* The folder is root's alone; this holds even if somebody opened it for others. */
static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && !peer.uid;
}

static int add_client(struct control_server *server, int fd)
{
	struct client *client;
	int ret;

	if (server->count >= MAX_CLIENTS || !is_root(fd))
		return -EPERM;
	client = memory_checked(calloc(1, sizeof(*client)));
	client->server = server;
	client->fd = fd;
	ret = sd_event_add_io(server->event, &client->source, fd, EPOLLIN, on_client, client);
	if (ret < 0) {
		free(client);
		return ret;
	}
	client->next = server->clients;
	server->clients = client;
	server->count++;
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client < 0)
		return 0;
	if (add_client(arg, client)) {
		send_line(client, CONTROL_FAILED "not root, or too many clients");
		close(client);
	}
	return 0;
}

/* --- The socket --- */

/* Held until the end of the process, however that comes. */
static int lock_dir(void)
{
	int dir, ret = run_dir_make();

	if (ret)
		return ret;
	dir = open(RUN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return log_errno(errno, RUN_DIR);
	if (fchmod(dir, 0700)) {
		ret = log_errno(errno, RUN_DIR);
	} else if (flock(dir, LOCK_EX | LOCK_NB)) {
		ret = errno == EWOULDBLOCK
			      ? log_error(EBUSY, CONTROL_SOCKET ": another service answers there")
			      : log_errno(errno, RUN_DIR);
	} else {
		return dir;
	}
	close(dir);
	return ret;
}

static int listen_there(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET };
	mode_t mask;
	int ret;

	/* Of a service that was killed; the lock says that none listens. */
	unlink(CONTROL_SOCKET);
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (!ret)
		ret = listen(fd, MAX_CLIENTS);
	return ret ? log_errno(errno, CONTROL_SOCKET) : 0;
}

static int open_socket(struct control_server *server)
{
	int ret;

	server->dir = lock_dir();
	if (server->dir < 0)
		return server->dir;
	server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->fd < 0)
		return log_errno(errno, "socket");
	ret = listen_there(server->fd);
	if (ret)
		return ret;
	ret = sd_event_add_io(server->event, &server->source, server->fd, EPOLLIN, on_connection,
			      server);
	return ret < 0 ? log_errno(-ret, "event loop") : 0;
}

int control_server_open(struct control_server **server, sd_event *event,
			const struct control_word *words, void *arg)
{
	struct control_server *new = memory_checked(calloc(1, sizeof(*new)));
	int ret;

	new->event = event;
	new->words = words;
	new->arg = arg;
	new->fd = new->dir = -1;
	ret = open_socket(new);
	if (ret)
		control_server_close(new);
	else
		*server = new;
	return ret;
}

void control_server_close(struct control_server *server)
{
	if (!server)
		return;
	while (server->clients)
		drop_client(server->clients);
	sd_event_source_disable_unref(server->source);
	if (server->fd >= 0) {
		unlink(CONTROL_SOCKET);
		close(server->fd);
	}
	if (server->dir >= 0)
		close(server->dir);
	free(server);
}
