// SPDX-License-Identifier: GPL-2.0-only
/*
 * One process, driven line by line: every line of stdin gets one line on stdout, "ok",
 * "ok TEXT" or an errno's name. In between, the guests answer what comes to them.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUESTS_MAX 256
#define WORDS_MAX  16
#define LINE_MAX   4096
#define SEEN_MAX   64
#define PORT_MAX   0xffffffffULL

static struct served {
	char name[32];
	bool open;
	struct guest guest;
	struct virtio_vsock_hdr seen[SEEN_MAX]; /* a queue; the oldest are forgotten */
	unsigned int seen_first, seen_count;
} * guests[GUESTS_MAX], *current;

static size_t guest_count;
static int timeout;
static bool quitting;

struct words {
	int count;
	char *word[WORDS_MAX + 1];
};

static int usage(void)
{
	say("usage");
	return 0;
}

static int answer(int ret)
{
	say("%s", guest_error_word(ret));
	return ret;
}

static void remember(struct guest *guest, const struct packet *packet)
{
	struct served *served = guest->user;

	served->seen[(served->seen_first + served->seen_count) % SEEN_MAX] = packet->hdr;
	if (served->seen_count < SEEN_MAX)
		served->seen_count++;
	else
		served->seen_first++;
}

static void adopt(struct served *served)
{
	served->guest.user = served;
	served->guest.on_packet = remember;
	served->seen_count = 0;
	served->open = true;
}

static struct served *find(const char *name)
{
	size_t i;

	for (i = 0; i < guest_count; i++)
		if (!strcmp(guests[i]->name, name))
			return guests[i];
	return NULL;
}

static int use(const char *name)
{
	struct served *served = find(name);

	if (!served) {
		if (guest_count == GUESTS_MAX)
			return -ENOSPC;
		served = calloc(1, sizeof(*served));
		if (!served)
			return -ENOMEM;
		snprintf(served->name, sizeof(served->name), "%s", name);
		guests[guest_count++] = served;
	}
	current = served;
	return 0;
}

/* Commands. All but the first few want an open device, which run_line() checks. */

static int do_use(const struct words *words)
{
	return answer(use(words->word[1]));
}

static int do_netns(const struct words *words)
{
	return answer(guest_enter_netns(words->word[1]));
}

static int open_as(int fd)
{
	int ret;

	if (current->open)
		return -EBUSY;
	ret = guest_open(&current->guest, fd);
	if (!ret)
		adopt(current);
	return ret;
}

static int do_open(const struct words *words)
{
	int fd = -1;

	if (words->word[1]) {
		fd = open(words->word[1], O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return answer(-errno);
	}
	return answer(open_as(fd));
}

static int do_fd(const struct words *words)
{
	uint64_t fd;

	if (guest_number(words->word[1], INT32_MAX, &fd))
		return usage();
	return answer(fcntl(fd, F_GETFD) < 0 ? -errno : open_as(fd));
}

static int do_up(const struct words *words)
{
	uint64_t cid;
	int ret;

	if (guest_number(words->word[1], UINT64_MAX, &cid))
		return usage();
	if (current->open)
		return answer(-EBUSY);
	ret = guest_up(&current->guest, -1, cid);
	if (!ret)
		adopt(current);
	return answer(ret);
}

static int do_owner(const struct words *words)
{
	(void)words;
	return answer(guest_set_owner(&current->guest));
}

static int do_setup(const struct words *words)
{
	(void)words;
	return answer(guest_set_up(&current->guest));
}

static int do_cid(const struct words *words)
{
	uint64_t cid;

	if (guest_number(words->word[1], UINT64_MAX, &cid))
		return usage();
	return answer(guest_set_cid(&current->guest, cid));
}

static int do_start(const struct words *words)
{
	(void)words;
	return answer(guest_start(&current->guest));
}

static int do_stop(const struct words *words)
{
	(void)words;
	return answer(guest_stop(&current->guest));
}

static int do_close(const struct words *words)
{
	(void)words;
	guest_close(&current->guest);
	current->open = false;
	return answer(0);
}

static int set_type(const struct words *words)
{
	struct virtio_vsock_hdr hdr = {};

	if (guest_set_field(&hdr, "type", words->word[1]))
		return usage();
	current->guest.type = hdr.type;
	return answer(0);
}

static int do_manual(const struct words *words)
{
	bool on = !strcmp(words->word[1], "on");

	if (!on && strcmp(words->word[1], "off"))
		return usage();
	current->guest.manual = on;
	return answer(0);
}

static int port_of(const struct words *words, uint32_t *port)
{
	uint64_t number;

	if (guest_number(words->word[1], PORT_MAX, &number))
		return -EINVAL;
	*port = number;
	return 0;
}

static int do_listen(const struct words *words)
{
	enum guest_answer how = GUEST_ECHO;
	uint32_t port;

	if (port_of(words, &port) || (words->word[2] && guest_answer_of(words->word[2], &how)))
		return usage();
	return answer(guest_listen(&current->guest, port, how));
}

static int do_unlisten(const struct words *words)
{
	uint32_t port;

	return port_of(words, &port) ? usage() : answer(guest_unlisten(&current->guest, port));
}

static int do_await(const struct words *words)
{
	uint64_t count = 1;
	int limit = timeout;
	uint32_t port;

	if (port_of(words, &port) ||
	    (words->word[2] && guest_number(words->word[2], UINT32_MAX, &count)) ||
	    (words->word[2] && words->word[3] && guest_seconds(words->word[3], &limit)))
		return usage();
	return answer(guest_await_requests(&current->guest, port, count, limit));
}

/* One message there and as many bytes back. */
static int exchange(struct guest_conn *conn, const char *message)
{
	char back[LINE_MAX];
	ssize_t got;
	int ret;

	ret = guest_send(conn, message, strlen(message), timeout);
	if (ret)
		return answer(ret);
	got = guest_receive(conn, back, strlen(message), timeout);
	if (got < 0)
		return answer(got);
	say("ok %.*s", (int)got, back);
	return 0;
}

static int do_connect(const struct words *words)
{
	struct guest_conn *conn;
	uint32_t port;
	int ret;

	if (port_of(words, &port))
		return usage();
	ret = guest_connect(&current->guest, port, timeout, &conn);
	if (ret)
		return answer(ret);
	ret = words->word[2] ? exchange(conn, words->word[2]) : answer(0);
	guest_disconnect(conn, timeout);
	return ret;
}

static int fill_header(struct virtio_vsock_hdr *hdr, const struct words *words, const char **text)
{
	char *value;
	int i;

	for (i = 1; i < words->count; i++) {
		value = strchr(words->word[i], '=');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (!strcmp(words->word[i], "message")) {
			*text = value;
			hdr->len = strlen(value);
		} else if (guest_set_field(hdr, words->word[i], value)) {
			return -EINVAL;
		}
	}
	return 0;
}

static int do_raw(const struct words *words)
{
	struct virtio_vsock_hdr hdr = guest_header(&current->guest, 0, 0, 0);
	const char *text = "";

	if (fill_header(&hdr, words, &text))
		return usage();
	current->seen_count = 0;
	return answer(guest_inject(&current->guest, &hdr, text, strlen(text)));
}

static int do_packet(const struct words *words)
{
	char word[GUEST_PACKET_WORD_MAX];
	int limit = timeout, ret;

	if (words->word[1] && guest_seconds(words->word[1], &limit))
		return usage();
	if (!current->seen_count) {
		ret = guest_pump(&current->guest, limit);
		if (ret < 0)
			return answer(ret);
	}
	if (!current->seen_count)
		return answer(-ETIMEDOUT);
	guest_packet_word(&current->seen[current->seen_first % SEEN_MAX], word);
	current->seen_first++;
	current->seen_count--;
	say("ok %s", word);
	return 0;
}

static int do_timeout(const struct words *words)
{
	return guest_seconds(words->word[1], &timeout) ? usage() : answer(0);
}

static int do_quit(const struct words *words)
{
	(void)words;
	quitting = true;
	return answer(0);
}

static const struct command {
	const char *name, *arguments, *help;
	int (*run)(const struct words *words);
	int min, max; /* number of arguments */
	bool wants_device;
} commands[] = {
	{ "use", "NAME", "what follows is for this guest, a new one if need be", do_use, 1, 1,
	  false },
	{ "netns", "NAME", "enter a namespace, for devices opened from now on", do_netns, 1, 1,
	  false },
	{ "timeout", "SECONDS", "for the commands below (10)", do_timeout, 1, 1, false },
	{ "up", "CID", "open, owner, setup, cid, start in one", do_up, 1, 1, false },
	{ "open", "[PATH]", "open the device", do_open, 0, 1, false },
	{ "fd", "N", "or take an open one", do_fd, 1, 1, false },
	{ "owner", "", "VHOST_SET_OWNER", do_owner, 0, 0, true },
	{ "setup", "", "features, memory table, rings", do_setup, 0, 0, true },
	{ "cid", "N", "VHOST_VSOCK_SET_GUEST_CID", do_cid, 1, 1, true },
	{ "start", "", "VHOST_VSOCK_SET_RUNNING 1", do_start, 0, 0, true },
	{ "stop", "", "VHOST_VSOCK_SET_RUNNING 0", do_stop, 0, 0, true },
	{ "close", "", "close the device", do_close, 0, 0, true },
	{ "type", "stream|seqpacket", "of connections to come", set_type, 1, 1, true },
	{ "listen", "PORT [echo|hold|reset|silent]", "what to do with requests (echo)", do_listen,
	  1, 2, true },
	{ "unlisten", "PORT", "", do_unlisten, 1, 1, true },
	{ "await", "PORT [COUNT [SECONDS]]", "until so many requests came, in all (1)", do_await, 1,
	  3, true },
	{ "connect", "PORT [MESSAGE]", "to the host; answers what came back", do_connect, 1, 2,
	  true },
	{ "raw", "FIELD=VALUE...", "inject a packet; message=TEXT for data", do_raw, 0,
	  WORDS_MAX - 1, true },
	{ "packet", "[SECONDS]", "the next packet that came, since the last raw", do_packet, 0, 1,
	  true },
	{ "manual", "on|off", "leave what comes unanswered", do_manual, 1, 1, true },
	{ "quit", "", "as the end of the input", do_quit, 0, 0, false },
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

void print_serve_help(void)
{
	char words[64];
	size_t i;

	for (i = 0; i < COMMANDS; i++) {
		snprintf(words, sizeof(words), "%s %s", commands[i].name, commands[i].arguments);
		printf("  %-37s %s\n", words, commands[i].help);
	}
}

static void run_command(const struct command *command, const struct words *words)
{
	int arguments = words->count - 1;

	if (arguments < command->min || arguments > command->max)
		usage();
	else if (command->wants_device && !current->open)
		answer(-EBADF);
	else
		command->run(words);
}

static void run_line(char *line)
{
	struct words words = {};
	char *word, *rest = line;
	size_t i;

	line[strcspn(line, "\r\n")] = '\0';
	while ((word = strsep(&rest, " \t")))
		if (*word && words.count < WORDS_MAX)
			words.word[words.count++] = word;
	if (!words.count || *words.word[0] == '#')
		return;
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, words.word[0]))
			continue;
		run_command(&commands[i], &words);
		return;
	}
	usage();
}

/* Waits for stdin, and lets the guests answer meanwhile. */
static bool await_input(void)
{
	struct pollfd fds[GUESTS_MAX + 1] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	size_t i;

	for (i = 0; i < guest_count; i++) {
		fds[i + 1].fd = guests[i]->open ? guest_fd(&guests[i]->guest) : -1;
		fds[i + 1].events = POLLIN;
	}
	if (poll(fds, guest_count + 1, -1) < 0)
		return false;
	for (i = 0; i < guest_count; i++)
		if (fds[i + 1].revents)
			guest_pump(&guests[i]->guest, 0);
	return fds[0].revents;
}

/* Unbuffered: a line that waited in a buffer would not wake poll(). */
static bool read_line(char *line)
{
	size_t size = 0;

	while (size < LINE_MAX - 1 && read(STDIN_FILENO, &line[size], 1) == 1)
		if (line[size++] == '\n')
			break;
	line[size] = '\0';
	return size;
}

static void close_all(void)
{
	size_t i;

	for (i = 0; i < guest_count; i++) {
		if (guests[i]->open)
			guest_close(&guests[i]->guest);
		free(guests[i]);
	}
}

int serve(const struct options *options)
{
	char line[LINE_MAX];
	int ret;

	timeout = options->timeout;
	ret = use("0");
	if (ret)
		return fail(ret, "serve");
	if (options->has_cid) {
		ret = bring_up(&current->guest, options);
		if (ret)
			return ret;
		adopt(current);
	}
	say("READY");
	while (!quitting)
		if (await_input()) {
			if (!read_line(line))
				break;
			run_line(line);
		}
	close_all();
	return 0;
}
