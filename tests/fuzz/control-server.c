// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service's end of the control socket: clients that come, say anything, read late or never, and
 * go. The input is what happens, in order.
 */
#include <sys/socket.h>

#include "fuzz.h"

static uid_t peer_uid;

/* Who a client is cannot be told from a pair of sockets. */
static int getsockopt_played(int fd, int level, int name, void *value, socklen_t *size)
{
	struct ucred *peer = value;

	check(fd >= 0 && level == SOL_SOCKET && name == SO_PEERCRED && *size == sizeof(*peer));
	*peer = (struct ucred){ .pid = 1, .uid = peer_uid };
	return 0;
}

#define getsockopt getsockopt_played
#include "../../loader/service/control-server.c"
#undef getsockopt

#define PEERS 40

static int peers[PEERS]; /* the clients' ends, or -1 */
static int failing;	 /* what becomes of the word */

static int run_reload(void *arg)
{
	check(arg == peers);
	if (!failing)
		log_info("2 policies in force");
	return failing ? log_error(EINVAL, "web.policy:%d: a mistake\nin two lines %*s", failing,
				   failing * 300, "")
		       : 0;
}

static int held; /* clients that hold a word */

static int run_hold(void *arg)
{
	int ret = run_reload(arg);

	held += !ret;
	return ret;
}

static void end_hold(void *arg)
{
	check(arg == peers && held-- > 0);
}

static const struct control_word words[] = {
	{ "reload", run_reload, NULL },
	{ "audit", run_hold, end_hold },
	{},
};

static void come(struct control_server *server, int *peer, uint8_t how)
{
	const int small = 1;
	int pair[2], ret;

	if (*peer >= 0)
		return;
	check(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	peer_uid = how % 4 ? 0 : 1000;
	ret = add_client(server, pair[0]);
	check(!ret ? !peer_uid : server->count == MAX_CLIENTS || peer_uid);
	check(server->count <= MAX_CLIENTS && (!ret || ret == -EPERM));
	if (ret) {
		close(pair[0]);
		close(pair[1]);
	} else {
		*peer = pair[1];
	}
}

static void speak(int peer, struct bytes *bytes)
{
	uint8_t word[256], length = take_byte(bytes);

	take_bytes(bytes, word, length);
	if (peer >= 0)
		send(peer, word, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hear_all(int peer)
{
	static char packet[CONTROL_ANSWER_MAX + 1];
	ssize_t size;

	while (peer >= 0 && (size = recv(peer, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
		check(size < CONTROL_ANSWER_MAX &&
		      (!strncmp(packet, CONTROL_OK, 3) || !strncmp(packet, CONTROL_FAILED, 7) ||
		       *packet == '{'));
}

static void go(int *peer)
{
	if (*peer >= 0)
		close(*peer);
	*peer = -1;
}

static void step(struct control_server *server, struct bytes *bytes)
{
	uint8_t what = take_byte(bytes), how = take_byte(bytes);
	int *peer = &peers[how % PEERS];

	switch (what % 6) {
	case 0:
		come(server, peer, what / 6);
		break;
	case 1:
		speak(*peer, bytes);
		break;
	case 2:
		control_server_tell(server,
				    "{ \"kind\": \"refused\", \"message\": \"something\" }");
		break;
	case 3:
		hear_all(*peer);
		break;
	case 4:
		go(peer);
		break;
	default:
		failing = how;
	}
	while (sd_event_run(server->event, 0) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct control_server *server = calloc(1, sizeof(*server));
	sd_event *event = NULL;
	int i, steps;

	check(server && sd_event_new(&event) >= 0);
	*server = (struct control_server){
		.event = event, .fd = -1, .dir = -1, .words = words, .arg = peers
	};
	for (i = 0; i < PEERS; i++)
		peers[i] = -1;
	for (steps = 0; bytes.size && steps < 400; steps++)
		step(server, &bytes);
	for (i = 0; i < PEERS; i++) {
		hear_all(peers[i]);
		go(&peers[i]);
	}
	while (sd_event_run(event, 0) > 0)
		;
	/* Those that have gone are gone. */
	check(!server->count && !server->clients && !held);
	control_server_close(server);
	sd_event_unref(event);
	return 0;
}
