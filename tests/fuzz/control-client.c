// SPDX-License-Identifier: GPL-2.0-only
/*
 * The other end: whatever a service answers, and then tells, is printed or refused. Packets stand
 * between lines "%%".
 */
#include "../../loader/ctl/control-client.c"

#include "../../loader/ctl/follow.c"

#include "../../loader/ctl/monitor.c"

#include "fuzz.h"

#define BORDER "\n%%\n"

static void send_packets(int fd, const uint8_t *data, size_t size)
{
	const uint8_t *border;
	size_t length;

	do {
		border = memmem(data, size, BORDER, strlen(BORDER));
		length = border ? (size_t)(border - data) : size;
		send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		length += border ? strlen(BORDER) : 0;
		data += length;
		size -= length;
	} while (border);
}

/* As follow() does it. */
static void show_all(struct view *view, int service)
{
	static char line[CONTROL_ANSWER_MAX];
	ssize_t size;

	while ((size = recv(service, line, sizeof(line) - 1, MSG_DONTWAIT)) > 0) {
		line[size] = '\0';
		check(show(line, size, view));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct view view;
	int pair[2], ret;

	hush();
	if (!size)
		return 0;
	view.json = *data & 1;
	view.colour = *data & 2;
	view.only = *data & 4 ? 4097 : 0;
	check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	send_packets(pair[0], data + 1, size - 1);
	ret = take_answer(pair[1], stdout);
	check(!ret || ret == -EBADMSG || ret == -ENOTCONN);
	if (!ret)
		show_all(&view, pair[1]);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
