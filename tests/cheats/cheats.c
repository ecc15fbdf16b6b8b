// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes do that know how the layer works. Needs the layer attached afresh:
 * the first test is of a machine on which no namespace has ever been local, the last
 * one fills a map for good.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vsock-bpfd.h"
#include "lib/command.h"
#include "lib/hold.h"
#include "lib/sockets.h"
#include "lib/stall.h"
#include "lib/tap.h"
#include "lib/world.h"

static struct world world;
static struct said said;
static bool host_cid;

/* A port that no test before has used. */
static unsigned int new_port(void)
{
	static unsigned int port = 30000;

	return ++port;
}

/* Maps of the set of programs that is in force. */
static const char *of_set(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "generation-%u/%s", generation(), name);
	return path;
}

static bool is_outcome(const char *who, int err, int wanted)
{
	if (err == wanted)
		return true;
	tap_diag("%s: %s, wanted: %s", who, strerror(err), strerror(wanted));
	return false;
}

/*
 * Only where something gives the host a CID can a socket be bound to it. The answer
 * finds no such socket and connect() comes to nothing; what counts is whether the
 * listener gets the request. -1 if there is no such CID.
 */
static int from_host_cid(const struct ns *from, const struct ns *to)
{
	unsigned int port = new_port();
	int listener = listen_in(to, port), fd = socket_in(from, 0), err;

	set_patience(fd, 1000);
	err = bind_to(fd, VMADDR_CID_HOST, new_port());
	if (!err)
		dial(fd, VMADDR_CID_LOCAL, port);
	close(fd);
	return accepted_by(listener) ?: -(err != 0);
}

/* The promise to those who isolate nothing. */
static void quiet(void)
{
	int accepted = from_host_cid(NULL, NULL);

	host_cid = accepted >= 0;
	tap_ok(accepted == 1, "nothing is refused while nothing isolates");
}

static void basic(void)
{
	struct ns child, grandchild;

	tap_ok(world_isolated(&world), "local namespaces are isolated");
	if (ns_make(&child, "child", &world.local1, NS_BY_NOBODY) ||
	    ns_make(&grandchild, "grandchild", &child, NS_BY_ROOT))
		tap_bail("no namespaces more");
	tap_ok(reach(&child, &child) == 0 && reach(&child, &world.local1) == ECONNRESET &&
		       reach(&world.init, &child) == ECONNRESET,
	       "so is the child of one, made by nobody");
	tap_ok(reach(&grandchild, &grandchild) == 0 && reach(&grandchild, &child) == ECONNRESET &&
		       reach(&grandchild, &world.init) == ECONNRESET &&
		       reach(&world.init, &grandchild) == ECONNRESET,
	       "and a child of that");
	ns_remove(&grandchild);
	ns_remove(&child);
}

/* Whatever its address, it is in its namespace. */
static void bound_to_host_cid(void)
{
	tap_ok(from_host_cid(&world.init, &world.init) == 1 &&
		       from_host_cid(&world.local1, &world.local1) == 1,
	       "a socket that is bound to CID HOST reaches its own namespace");
	tap_ok(from_host_cid(&world.init, &world.local1) == 0 &&
		       from_host_cid(&world.local1, &world.init) == 0,
	       "and no other");
}

/* -1 if a call to the port is on its way, on kernels where any socket would get it. */
static int listen_if_free(const struct ns *ns, unsigned int port)
{
	int fd = socket_in(ns, 0), err = bind_to(fd, VMADDR_CID_ANY, port);

	if (!err && !listen(fd, 128))
		return fd;
	if (err != EADDRINUSE)
		tap_bail("port %u: %s", port, strerror(err ?: errno));
	close(fd);
	return -1;
}

/* The listener that it was sent to goes, and one elsewhere takes the port. */
static void listener_changes(void)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.local1, port), fd = socket_in(&world.local1, 0);
	struct stall stall;

	stall_begin(&stall);
	dial_on(fd, port);
	close(listener);
	listener = listen_if_free(&world.init, port);
	stall_end(&stall);
	tap_ok(is_outcome("connect", outcome(fd), ECONNRESET) &&
		       (listener < 0 || !accepted_by(listener)),
	       "a listener of another namespace takes the port while the request is on its way");
	close(fd);
}

static void listener_appears(void)
{
	unsigned int port = new_port();
	int fd = socket_in(&world.local1, 0), listener, err;
	struct stall stall;

	stall_begin(&stall);
	/* Where any socket would get it, a call to nobody is not sent. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	err = dial(fd, VMADDR_CID_LOCAL, port);
	listener = listen_in(&world.local2, port);
	stall_end(&stall);
	if (err == EINPROGRESS)
		err = outcome(fd);
	tap_ok(is_outcome("connect", err, ECONNRESET) && !accepted_by(listener),
	       "a listener appears after connect()");
	close(fd);
}

/* One request is cancelled and its socket keeps the port; another claims to be it. */
static void cancelled_and_kept(void)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port);
	int first = socket_in(&world.local1, 0), second = socket_in(&world.init, 0);
	struct stall stall;

	bind_to(first, VMADDR_CID_LOCAL, own);
	set_patience(first, 50);
	stall_begin(&stall);
	dial_on(first, port);
	await_cancelled(first);
	tap_ok(bind_to(second, VMADDR_CID_HOST, own) == EADDRINUSE,
	       "the port of a request that was cancelled is no other namespace's at any CID");
	dial_on(second, port);
	stall_end(&stall);
	tap_ok(outcome(second) && !accepted_by(listener), "nor is the request");
	close(first);
	close(second);
}

/* One is cancelled and closed, and the next owner of its port wants his own. */
static void cancelled_and_gone(void)
{
	unsigned int port = new_port(), own = new_port(), called = new_port();
	int listener = listen_in(&world.init, port), door = listen_in(&world.local1, called);
	int first = socket_in(&world.local1, 0), second = socket_in(&world.init, 0);
	struct stall stall;
	int err;

	bind_to(first, VMADDR_CID_LOCAL, own);
	set_patience(first, 50);
	stall_begin(&stall);
	dial_on(first, called);
	await_cancelled(first);
	close(first);
	/* The socket goes once its own close is done with. */
	while ((err = bind_to(second, VMADDR_CID_LOCAL, own)) == EADDRINUSE)
		sleep_ms(100);
	dial_on(second, port);
	stall_end(&stall);
	err = err ?: outcome(second);
	tap_ok(is_outcome("its next owner", err, 0) && accepted_by(listener) == 1,
	       "a port is free again when its socket has gone");
	close(second);
	close(door);
}

/* What is to come has time, and what is not to come is not waited for so long. */
#define COMES_MS 60000
#define NEVER_MS 1000

/* Whether a byte that one end sends comes out at the other within so many ms. */
static bool carries(int from, int to, int ms)
{
	struct pollfd wait = { .fd = to, .events = POLLIN };
	char byte = 'x';

	if (send(from, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		return false;
	/* Data may be there without being handed out. */
	return poll(&wait, 1, ms) == 1 && recv(to, &byte, 1, MSG_DONTWAIT) == 1;
}

/* The request of a socket is delivered, and from its answer on all stays on its way. */
static void deliver_and_hold(int fd, unsigned int port, struct stall *behind)
{
	struct stall before;

	stall_prepare(&before);
	stall_prepare(behind);
	stall_hold(&before);
	dial_on(fd, port);
	stall_hold(behind);
	stall_end(&before);
	await_loopback_worker();
}

/* A request to a listener in its namespace, local1, and the answer that it gets. */
struct request {
	unsigned int port, own;
	int listener, fd;
	struct stall behind; /* the answer */
};

static void request_prepare(struct request *request)
{
	request->port = new_port();
	request->own = new_port();
	request->listener = listen_in(&world.local1, request->port);
	request->fd = socket_in(&world.local1, 0);
	bind_to(request->fd, VMADDR_CID_LOCAL, request->own);
}

/*
 * The port that the answer goes to gets another owner, who calls a listener of its own, and whom
 * kernels that do not ask where an answer comes from connect. It may not call the child.
 */
static void taken_over(struct request *request, const struct ns *thief, const char *what)
{
	unsigned int port = new_port();
	int fd = socket_in(thief, 0), door = listen_in(thief, port), child;

	close(request->fd);
	if (bind_to(fd, VMADDR_CID_LOCAL, request->own))
		tap_diag("the port is not free");
	tap_ok(is_outcome("connect", dial(fd, VMADDR_CID_LOCAL, request->port), ECONNRESET),
	       "who waits for an answer %s is not called", what);
	dial_on(fd, port);
	stall_end(&request->behind);
	child = accept(request->listener, NULL, NULL);
	tap_diag("connect: %s", strerror(outcome(fd)));
	tap_ok(child >= 0 && !carries(fd, child, NEVER_MS),
	       "who takes over an answer %s cannot send", what);
	tap_ok(child >= 0 && !carries(child, fd, NEVER_MS), "and cannot receive");
	close(child);
	close(fd);
	close(door);
	close(request->listener);
}

/* A request is delivered and allowed, and its answer is on the way. */
static void answer_changes_hands(const struct ns *thief, const char *what)
{
	struct request request;

	request_prepare(&request);
	deliver_and_hold(request.fd, request.port, &request.behind);
	taken_over(&request, thief, what);
}

/* The thief was the last one who was asked about, and his request was allowed. */
static void answer_behind_allowed(void)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.init, port), fd = socket_in(&world.global, 0);

	tap_ok(dial(fd, VMADDR_CID_LOCAL, port) == 0, "two that are global");
	close(fd);
	close(listener);
	answer_changes_hands(&world.global, "and has just been allowed");
}

/* He is again, and his request was refused behind the one whose answer he takes over. */
static void answer_behind_refused(void)
{
	struct request request;
	struct stall before;
	int fd = socket_in(&world.init, 0);

	request_prepare(&request);
	stall_prepare(&before);
	stall_prepare(&request.behind);
	stall_hold(&before);
	dial_on(request.fd, request.port);
	dial_on(fd, request.port);
	stall_hold(&request.behind);
	stall_end(&before);
	taken_over(&request, &world.init, "and has just been refused");
	close(fd);
}

static int receives(void *socket)
{
	char byte;

	return recv(*(int *)socket, &byte, 1, 0) == 1 ? 0 : errno;
}

static int sends(void *socket)
{
	char byte = 'x';

	return send(*(int *)socket, &byte, 1, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

/*
 * The same, and who takes over has begun to send and to receive while the answer waited for his
 * socket: both are behind their hooks when it comes, and nobody asks them again.
 */
static void waits_for_answer(void)
{
	unsigned int port = new_port(), own = new_port();
	unsigned int own_port = new_port();
	int listener = listen_in(&world.local1, port), child, arrived, i;
	int door = listen_in(&world.init, own_port);
	int first = socket_in(&world.local1, 0), second = socket_in(&world.init, 0);
	struct timeval limit = { .tv_sec = 2 };
	struct call receive, send_one;
	struct stall behind;
	struct hold hold;
	char byte = 'x';

	bind_to(first, VMADDR_CID_LOCAL, own);
	deliver_and_hold(first, port, &behind);
	close(first);
	bind_to(second, VMADDR_CID_LOCAL, own);
	setsockopt(second, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	dial_on(second, own_port);
	fcntl(second, F_SETFL, 0);
	hold_lock(&hold, second);
	stall_end(&behind);
	await_loopback_worker();
	call_begin(&receive, receives, &second);
	call_begin(&send_one, sends, &second);
	/* They end here, or not before the lock is free. */
	for (i = 0; i < 20 && !(receive.done && send_one.done); i++)
		sleep_ms(100);
	child = accept(listener, NULL, NULL);
	send(child, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	hold_release(&hold);
	sleep_ms(500);
	arrived = recv(child, &byte, 1, MSG_DONTWAIT);
	tap_ok(arrived != 1 && call_end(&send_one) == ENOTCONN,
	       "nor who has begun to send before: %s", strerror(send_one.err));
	tap_ok(call_end(&receive) == ENOTCONN, "or to receive: %s", strerror(receive.err));
	close(child);
	close(second);
	close(door);
	close(listener);
}

/* The same without a port that changes hands: one is held by a namespace, whatever the CID. */
static void no_neighbour(void)
{
	unsigned int own = new_port();
	int first = socket_in(&world.local1, 0), second = socket_in(&world.init, 0);
	int third = socket_in(&world.local1, 0);

	tap_ok(bind_to(first, VMADDR_CID_HOST, own) == 0 &&
		       bind_to(second, VMADDR_CID_LOCAL, own) == EADDRINUSE &&
		       bind_to(third, VMADDR_CID_LOCAL, own) == 0,
	       "a port at CID HOST is another namespace's at no CID");
	close(first);
	close(second);
	close(third);
}

/* The answer to one that is bound to CID HOST goes to CID LOCAL: to nobody else there. */
static void answer_to_neighbour(void)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port);
	int first = socket_in(&world.local1, 0), second = socket_in(&world.local1, 0);

	bind_to(first, VMADDR_CID_HOST, own);
	bind_to(second, VMADDR_CID_LOCAL, own);
	/* Nor does it hear of it: what is said to it comes to the neighbour. */
	set_patience(first, 1000);
	tap_ok(dial(first, VMADDR_CID_LOCAL, port) && accepted_by(listener) == 0,
	       "a call whose answer would come to a neighbour makes no connection");
	close(first);
	close(second);
}

#define POLICIES "/tmp/policy.d"
#define APPLY	 "build/vsock-bpfd --once --policy-dir " POLICIES " 2>/dev/null"

/* Of the policy of one namespace. */
static void apply_rule(const char *name, const char *rule)
{
	must("mkdir -p " POLICIES " && printf '[Match]\\nName=%s\\n[Rules]\\n%s\\n' >" POLICIES
	     "/a.policy && " APPLY,
	     name, rule);
}

static void remove_rule(void)
{
	must("rm " POLICIES "/* && " APPLY);
}

/* Between a request and its answer a rule comes into force that is against both. */
static void rule_comes_between(void)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.local1, port), fd = socket_in(&world.local1, 0), child;
	struct stall behind;
	char rule[64];

	deliver_and_hold(fd, port, &behind);
	snprintf(rule, sizeof(rule), "Deny=connect to anyone port %u", port);
	apply_rule("local1", rule);
	stall_end(&behind);
	child = accept(listener, NULL, NULL);
	tap_ok(child >= 0 && !carries(fd, child, NEVER_MS) && !carries(child, fd, NEVER_MS),
	       "what rules have come to deny before the answer is there carries nothing");
	close(child);
	close(fd);
	close(listener);
	remove_rule();
}

/* Where there are rules, an answer is not judged if its request has just been. */
static void answers_under_rules(void)
{
	apply_rule("local1", "Deny=connect to anyone port 1");
	answer_changes_hands(&world.init, "under rules");
	answer_behind_allowed();
	answer_behind_refused();
	rule_comes_between();
}

/* A socket that was connected is none that waits for an answer. */
static void end_is_read(void)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.local1, port), fd = socket_in(&world.local1, 0);
	char byte = 'x';

	dial(fd, VMADDR_CID_LOCAL, port);
	close(accept(listener, NULL, NULL));
	await_end(fd);
	tap_ok(recv(fd, &byte, 1, MSG_DONTWAIT) == 0, "the end of a connection reads as such");
	tap_ok(send(fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE,
	       "and sending is said to be in vain: %s", strerror(errno));
	close(fd);
	close(listener);
}

/* The worker has just delivered for others when the end of a connection arrives. */
static void end_after_others(void)
{
	unsigned int port = new_port(), other = new_port();
	int listener = listen_in(&world.local1, port), others = listen_in(&world.init, other);
	int client = socket_in(&world.local1, 0), stranger = socket_in(&world.init, 0), child;
	char byte = 'x';

	dial(client, VMADDR_CID_LOCAL, port);
	child = accept(listener, NULL, NULL);
	dial(stranger, VMADDR_CID_LOCAL, other);
	send(child, &byte, 1, MSG_NOSIGNAL);
	close(child);
	await_end(client);
	tap_ok(recv(client, &byte, 1, MSG_DONTWAIT) == 1,
	       "what was sent before the end comes out, whoever connected meanwhile");
	close(client);
	close(stranger);
	close(listener);
	close(others);
}

static bool fill(int map, __u64 first, int count, const void *value)
{
	int i;

	for (i = 0; i < count; i++, first++)
		if (bpf_map_update_elem(map, &first, value, BPF_NOEXIST))
			return errno == E2BIG;
	return true;
}

static int open_map(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), PINS "/%s", name);
	return bpf_obj_get(path);
}

/* Requests whose ports are so far apart share a slot; one has it (bpf/origin-by-address.h). */
#define PLACES 1024

static int bound_in(const struct ns *ns, unsigned int port)
{
	int fd = socket_in(ns, 0);

	if (bind_to(fd, VMADDR_CID_LOCAL, port))
		tap_bail("port %u is not free", port);
	return fd;
}

/* Who has a place and who has none are told apart, whichever comes first. */
static void place_is_taken(const struct ns *first, const struct ns *second)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port);
	int one = bound_in(first, own), other = bound_in(second, own + PLACES);
	struct stall stall;

	stall_begin(&stall);
	dial_on(one, port);
	dial_on(other, port);
	stall_end(&stall);
	tap_ok(is_outcome("the first", outcome(one), first == &world.local1 ? 0 : ECONNRESET) &&
		       is_outcome("the second", outcome(other),
				  second == &world.local1 ? 0 : ECONNRESET) &&
		       accepted_by(listener) == 1,
	       "two requests on their way that share a place");
	close(one);
	close(other);
}

/* One of two sockets with one port goes: the request of the other stays, with a place or without.
 */
static void neighbour_goes(bool place)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port);
	int fd = bound_in(&world.local1, own), third = bound_in(&world.local1, own + PLACES);
	int neighbour = socket_in(&world.local1, 0);
	struct stall stall;

	bind_to(neighbour, VMADDR_CID_HOST, own);
	stall_begin(&stall);
	if (!place)
		dial_on(third, port);
	dial_on(fd, port);
	close(neighbour);
	sleep_ms(300);
	stall_end(&stall);
	tap_ok(is_outcome("connect", outcome(fd), 0) && accepted_by(listener) == (place ? 1 : 2),
	       "a socket with the same port of another CID goes meanwhile");
	close(fd);
	close(third);
}

/* Answers that wait behind each other are told apart. */
static void answers_in_order(void)
{
	const struct ns *from[] = { &world.local1, &world.init, &world.local2 };
	unsigned int ports[] = { new_port(), new_port(), new_port() };
	int listeners[3], fds[3], i, child, good = 0;
	struct stall stall;

	for (i = 0; i < 3; i++) {
		listeners[i] = listen_in(from[i], ports[i]);
		fds[i] = socket_in(from[i], 0);
	}
	stall_begin(&stall);
	for (i = 0; i < 3; i++)
		dial_on(fds[i], ports[i]);
	stall_end(&stall);
	for (i = 0; i < 3; i++) {
		child = accept(listeners[i], NULL, NULL);
		good += outcome(fds[i]) == 0 && carries(fds[i], child, COMES_MS) &&
			carries(child, fds[i], COMES_MS);
		close(child);
		close(fds[i]);
		close(listeners[i]);
	}
	tap_ok(good == 3, "of three connections that are made at once each carries");
}

/*
 * As cancelled_and_kept(), and the one that is cancelled has found its place taken by a third. The
 * other comes behind that, or as a second one in the map.
 */
static void cancelled_without_place(bool behind)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port);
	int third = bound_in(&world.local1, own + PLACES), first = bound_in(&world.local1, own);
	int second = socket_in(&world.local1, 0);
	struct stall stall;

	bind_to(second, VMADDR_CID_HOST, own);
	set_patience(first, 50);
	stall_begin(&stall);
	dial_on(third, port);
	dial_on(first, port);
	await_cancelled(first);
	if (!behind)
		dial_on(second, port);
	stall_end(&stall);
	tap_ok(outcome(third) == 0, "a request that shares a place with one that is cancelled");
	if (behind)
		dial_on(second, port);
	tap_ok(outcome(second) && accepted_by(listener) == 1,
	       "the port of the other, from another CID, %s",
	       behind ? "afterwards" : "at the same time");
	close(first);
	close(second);
	close(third);
}

/* Who is cancelled keeps the place until he closes, and is not taken for who shares it. */
static void cancelled_with_place(void)
{
	unsigned int port = new_port(), own = new_port(), called = new_port();
	int listener = listen_in(&world.init, port), door = listen_in(&world.local1, called);
	int first = bound_in(&world.local1, own), second = bound_in(&world.init, own + PLACES);
	struct stall stall;

	set_patience(first, 50);
	stall_begin(&stall);
	dial_on(first, called);
	await_cancelled(first);
	dial_on(second, port);
	stall_end(&stall);
	tap_ok(is_outcome("connect", outcome(second), 0) && accepted_by(listener) == 1,
	       "a request that shares a place with one that was cancelled");
	close(first);
	close(second);
	close(door);
}

/* While what is sent stays on its way: whoever has no place is in the map. */
static void check_place_is_free(unsigned int own, const char *when)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.local1, port), fd = bound_in(&world.local1, own + PLACES);
	struct stall stall;

	if (map_entries(of_set("requests")) > 0)
		map_settles(of_set("requests"), 0);
	stall_begin(&stall);
	dial_on(fd, port);
	tap_ok(map_entries(of_set("requests")) <= 0, "a place is free %s", when);
	stall_end(&stall);
	tap_ok(is_outcome("connect", outcome(fd), 0) && accepted_by(listener) == 1,
	       "and who comes next connects");
	close(fd);
}

static void place_is_left(void)
{
	unsigned int port = new_port(), own = new_port(), gone = new_port();
	int listener = listen_in(&world.local1, port);
	int fd = bound_in(&world.local1, own), cancelled = bound_in(&world.local1, gone);
	struct stall stall;

	dial(fd, VMADDR_CID_LOCAL, port);
	check_place_is_free(own, "when the request has arrived");
	close(fd);

	set_patience(cancelled, 50);
	stall_begin(&stall);
	dial_on(cancelled, port);
	await_cancelled(cancelled);
	close(cancelled);
	sleep_ms(300);
	stall_end(&stall);
	check_place_is_free(gone, "when the socket of one that was cancelled has gone");
	accepted_by(listener);
}

/* Nothing is remembered of what has arrived, and nothing of what never will. */
static void nothing_stays(void)
{
	unsigned int port = new_port(), own = new_port();
	int listener = listen_in(&world.local1, port), fd = socket_in(&world.local1, 0), i;
	int many[300];
	struct stall stall;

	if (map_entries(of_set("requests")) < 0) {
		tap_diag("packets carry their socket: there is no map of requests");
		close(listener);
		close(fd);
		return;
	}
	dial(fd, VMADDR_CID_LOCAL, port);
	tap_ok(map_settles(of_set("requests"), 0) == 0, "a request that arrived has no record");
	stall_begin(&stall);
	for (i = 0; i < 300; i++) {
		many[i] = bound_in(&world.local1, own + i * PLACES);
		set_patience(many[i], 50);
		dial_on(many[i], port);
	}
	/* Until they are cancelled. */
	sleep_ms(500);
	for (i = 0; i < 300; i++)
		close(many[i]);
	stall_end(&stall);
	tap_ok(map_settles(of_set("requests"), 0) == 0,
	       "nor has any of 300 that were cancelled and closed");
	close(fd);
	accepted_by(listener);
}

static bool kernel_lacks(const char *symbol)
{
	command(&said, "grep -q ' %s' /proc/kallsyms", symbol);
	return said.status;
}

/*
 * Where a call holds its port: a socket that has called and was refused keeps it from strangers
 * until it is freed, as it still sends there. One that was refused before anything was sent does
 * not, and one that is connected is found in the kernel's tables.
 */
static void port_that_was_called(void)
{
	unsigned int own = new_port(), theirs = new_port();
	int holder = bound_in(&world.local1, own), caller = socket_in(&world.local1, SOCK_NONBLOCK);
	int listener = listen_in(&world.local2, theirs), err;
	int stranger = socket_in(&world.local1, SOCK_NONBLOCK);

	tap_ok(map_settles("calling", 0) == 0, "no call of an earlier case is held");
	dial_on(stranger, theirs);
	err = outcome(stranger);
	close(listener);
	listener = socket_in(&world.local2, 0);
	tap_ok(err == ECONNRESET && !bind_to(listener, VMADDR_CID_ANY, theirs),
	       "a call that was refused does not hold its port");
	close(stranger);
	close(listener);
	dial(caller, VMADDR_CID_LOCAL, own);
	outcome(caller);
	close(holder);
	holder = socket_in(&world.local2, 0);
	err = bind_to(holder, VMADDR_CID_ANY, own);
	tap_ok(err == (map_entries("calling") ? EADDRINUSE : 0),
	       "a socket that was refused at its own port keeps strangers from it where the kernel "
	       "does not check sources: %s",
	       strerror(err));
	close(caller);
	/* A connect() that did not wait holds its socket until its time is over. */
	tap_ok(map_settles("calling", 0) == 0, "until it is freed");
	tap_ok(!err || !bind_to(holder, VMADDR_CID_ANY, own), "and not longer");
	close(holder);
}

/* There is room for so many ports of one socket. */
static void ports_that_were_called(void)
{
	int caller = socket_in(&world.local1, SOCK_NONBLOCK), holder, listener, i;
	bool unchecked = kernel_lacks("vsock_check_source");
	unsigned int port = new_port();

	for (i = 0; i < CALLED_PORTS; i++) {
		holder = bound_in(&world.local1, port);
		dial(caller, VMADDR_CID_LOCAL, port);
		outcome(caller);
		close(holder);
		port = new_port();
	}
	listener = listen_in(&world.local1, port);
	tap_ok((dial(caller, VMADDR_CID_LOCAL, port) == ECONNRESET) == unchecked,
	       "a socket that was refused at %d ports calls no other one there", CALLED_PORTS);
	close(caller);
	close(listener);
}

/* A connected socket has no call. */
static void connected_has_no_call(void)
{
	unsigned int port = new_port();
	int listener = listen_in(&world.local1, port), fd = socket_in(&world.local1, 0);

	map_settles("calling", 0);
	tap_ok(!dial(fd, VMADDR_CID_LOCAL, port) && map_settles("calling", 0) == 0,
	       "a call that was answered has no record");
	close(fd);
	close(listener);
}

/* Runs in a task with this number. */
static int as_task(pid_t tid, int (*work)(void))
{
	struct clone_args args = { .exit_signal = SIGCHLD,
				   .set_tid = (__u64)&tid,
				   .set_tid_size = 1 };
	pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

	if (!pid)
		_exit(work());
	if (pid < 0)
		tap_bail("task %d: %s", tid, strerror(errno));
	return wait_command(pid);
}

/* A number that is free, as are those that share its place. */
#define TASK 20000

static int dial_from(const struct ns *ns, unsigned int port)
{
	int fd = socket_in(ns, 0), err;

	dial_on(fd, port);
	err = outcome(fd);
	close(fd);
	return err;
}

/* By this very task, whatever the namespaces. */
static int reach_from_here(const struct ns *from, const struct ns *to)
{
	unsigned int port = new_port();
	int listener = listen_in(to, port), err = dial_from(from, port);

	close(listener);
	return err;
}

/* Passes the gate and makes no request: keeps the place of its task. */
static int connects_listener(void)
{
	int fd = listen_in(&world.local1, new_port());

	return dial(fd, VMADDR_CID_LOCAL, new_port()) == EINVAL ? 0 : 1;
}

static int reaches_own(void)
{
	return reach_from_here(&world.local1, &world.local1) == 0 ? 0 : 1;
}

static int connects_between(void)
{
	return reach_from_here(&world.init, &world.local1) == ECONNRESET &&
			       reach_from_here(&world.local1, &world.local1) == 0 &&
			       reach_from_here(&world.local1, &world.init) == ECONNRESET &&
			       reach_from_here(&world.init, &world.init) == 0
		       ? 0
		       : 1;
}

static bool is_in_map(const char *name, __u32 key)
{
	char value[64];
	int map = open_map(of_set(name));
	bool found = map >= 0 && !bpf_map_lookup_elem(map, &key, value);

	close(map);
	return found;
}

/* Of two tasks that share a place one has it, and either connects from where its socket is. */
static void tasks_share_place(void)
{
	tap_ok(as_task(TASK, connects_listener) == 0, "connect() of a listener fails");
	tap_ok(as_task(TASK + PLACES, connects_between) == 0,
	       "a task whose place is taken connects from any namespace");
	tap_ok(as_task(TASK, reaches_own) == 0, "so does the one that has it");
	tap_ok(as_task(TASK + 2 * PLACES, connects_between) == 0 &&
		       !is_in_map("connects", TASK + 2 * PLACES),
	       "and another one, which has it by now");
}

/* No room for a request: refused, whoever asks. */
static void requests_full(void)
{
	struct {
		__u64 key, writers;
		netns_id origin;
		__u64 socket;
	} junk = { .origin = NETNS_UNKNOWN };
	unsigned int port = new_port(), own = new_port();
	int map = open_map(of_set("requests")), listener, one, other, i;
	struct stall stall;
	__u64 key;

	if (map < 0)
		return;
	listener = listen_in(&world.local1, port);
	one = bound_in(&world.local1, own);
	other = bound_in(&world.local1, own + PLACES);
	/* Keys are ports of 32 bits; these no test uses. */
	fill(map, 0x70000000, 16384, &junk);
	tap_ok(world_isolated(&world), "with no room in the map who has a place gets through");
	stall_begin(&stall);
	dial_on(one, port);
	dial_on(other, port);
	stall_end(&stall);
	tap_ok(is_outcome("with a place", outcome(one), 0) &&
		       is_outcome("without", outcome(other), ECONNRESET),
	       "and who finds it taken does not");
	close(one);
	close(other);
	accepted_by(listener);
	for (i = 0, key = 0x70000000; i < 16384; i++, key++)
		bpf_map_delete_elem(map, &key);
	close(map);
	tap_ok(world_isolated(&world), "and with room again all is as before");
}

/* The kernel's own tasks take sockets of other families in, too. */
static void other_families(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(4242) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd, i, good = 0;
	struct timeval limit = { .tv_sec = 10 };
	cpu_set_t first;

	/* What arrives is handled by another processor, whose task is a kernel thread. */
	must("for q in /sys/class/net/lo/queues/rx-*; do echo 2 >$q/rps_cpus; done");
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || listen(listener, 64))
		tap_bail("TCP: %s", strerror(errno));
	for (i = 0; i < 20; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to))) {
			int child = accept(listener, NULL, NULL);

			good += child >= 0;
			close(child);
		}
		close(fd);
	}
	close(listener);
	must("for q in /sys/class/net/lo/queues/rx-*; do echo 0 >$q/rps_cpus; done");
	CPU_SET(1, &first);
	sched_setaffinity(0, sizeof(first), &first);
	tap_ok(good == 20, "TCP is none of its business: %d of 20", good);
}

/* A device that shows all packets is there for any user who asks for it, if the kernel loads it. */
static void no_tap(void)
{
	command(&said, "unshare -Urn ip link add tap0 type vsockmon");
	tap_ok(said.status && access("/sys/module/vsockmon", F_OK),
	       "nobody loads the module of a device that shows all packets: %s", said.err);
	command(&said, "modprobe vsockmon && rmmod vsockmon");
	tap_ok(said.status == 0, "root of the machine does, by its name: %s", said.err);
}

/* socket() by a worker of io_uring is socket() by a process. */
static void io_uring_socket(void)
{
	struct io_uring_cqe *done;
	struct io_uring_sqe *entry;
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		return tap_diag("no io_uring");
	entry = io_uring_get_sqe(&ring);
	if (!entry)
		tap_bail("io_uring");
	/* 5.10 knows no such thing and says so. */
	io_uring_prep_socket(entry, AF_VSOCK, SOCK_STREAM, 0, 0);
	entry->flags = IOSQE_ASYNC;
	io_uring_submit(&ring);
	if (io_uring_wait_cqe(&ring, &done))
		tap_bail("io_uring");
	if (done->res == -EINVAL)
		tap_diag("io_uring makes no sockets");
	else
		tap_ok(done->res >= 0, "a worker of io_uring makes a socket: %d", done->res);
	io_uring_queue_exit(&ring);
}

static bool is_mode(const char *netns, const char *wanted)
{
	command(&said, "build/vsockctl -n %s get ns_mode", netns);
	if (!said.status && !strncmp(said.out, wanted, strlen(wanted)))
		return true;
	tap_said(&said);
	return false;
}

/* Runs in a child: a thing that needs another namespace and changes the caller. */
static int in_child(const struct ns *ns, int (*work)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(setns(ns->fd, CLONE_NEWNET) ? 1 : work());
	return wait_command(pid);
}

static int unshare_other(void)
{
	return unshare(CLONE_NEWUTS) ? 1 : 0;
}

static int unshare_fails(void)
{
	return unshare(CLONE_NEWNET) ? 0 : 1;
}

static void namespaces_of_other_kinds(void)
{
	int before = map_settles("namespaces", WORLD_RECORDS);

	if (in_child(&world.nursery, unshare_other))
		tap_bail("unshare");
	tap_ok(is_mode("nursery", "global") && reach(&world.init, &world.nursery) == 0,
	       "a UTS namespace that is made does not make its network namespace local");
	must("cp /proc/sys/user/max_net_namespaces /tmp/max && "
	     "echo 1 >/proc/sys/user/max_net_namespaces");
	if (in_child(&world.nursery, unshare_fails))
		tap_bail("more namespaces than may be");
	must("cat /tmp/max >/proc/sys/user/max_net_namespaces");
	tap_ok(map_settles("namespaces", before) == before,
	       "a namespace that could not be made has no record");
}

static ino_t inode_of(const char *netns)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	return stat(path, &status) ? 0 : status.st_ino;
}

/* Inode numbers come again, and before 5.14 they are all that tells namespaces apart. */
static void identity_again(void)
{
	unsigned int port = new_port();
	int before = map_settles("namespaces", WORLD_RECORDS);
	int listener = listen_in(&world.global, port), err, i;
	struct ns first, second;
	bool again = false;
	ino_t inode;

	if (ns_make(&first, "first", &world.global, NS_BY_ROOT))
		tap_bail("no namespace more");
	err = dial_from(&first, port);
	inode = inode_of("first");
	ns_remove(&first);
	for (i = 0; i < 50 && !again; i++) {
		if (i)
			ns_remove(&second);
		usleep(100000);
		if (ns_make(&second, "second", &world.local1, NS_BY_ROOT))
			tap_bail("no namespace more");
		again = inode_of("second") == inode;
	}
	tap_ok(is_outcome("the first", err, 0) && again &&
		       is_outcome("the second", dial_from(&second, port), ECONNRESET),
	       "one that is made with the inode number of one that went is not taken for it");
	ns_remove(&second);
	close(listener);
	/* A record that goes later would make room in what is filled next. */
	tap_ok(map_settles("namespaces", before) == before, "and no record of either is left");
}

/* Where no record can be written, closed is what is left. */
static void records_full(void)
{
	struct netns_record record = { .mode = GLOBAL, .child_mode = GLOBAL };
	int map = open_map("namespaces");
	struct ns lost, free;
	__u64 key = 1ULL << 60;

	must("ip netns add open && build/vsockctl -n open set child_ns_mode global");
	if (!fill(map, key, MAX_NAMESPACES, &record) ||
	    ns_make(&lost, "lost", &world.nursery, NS_BY_ROOT))
		tap_bail("cannot fill the records");
	tap_ok(is_mode("lost", "local") && reach(&lost, &lost) == 0,
	       "one that finds no room counts as local");
	tap_ok(reach(&lost, &world.init) == ECONNRESET &&
		       reach(&world.global, &lost) == ECONNRESET &&
		       reach(&lost, &world.local1) == ECONNRESET,
	       "and is isolated");
	command(&said, "build/vsockctl status");
	tap_ok(strstr(said.out, "full") != NULL, "status says so");
	command(&said, "build/vsockctl -n global set child_ns_mode local");
	tap_ok(said.status == 1 && strstr(said.err, "No space left"), "so does set");
	for (; key < (1ULL << 60) + 16; key++)
		bpf_map_delete_elem(map, &key);
	if (ns_make(&free, "free", &lost, NS_BY_ROOT))
		tap_bail("no namespace more");
	tap_ok(is_mode("free", "local") && reach(&free, &lost) == ECONNRESET,
	       "its children are local, when there is room again");
	must("nsenter --net=/run/netns/open ip netns add opened");
	tap_ok(is_mode("opened", "global"), "those of one that is known to make global are not");
	ns_remove(&free);
	ns_remove(&lost);
	close(map);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Gives the host a CID. */
	command(&said, "modprobe vhost_vsock");
	quiet();
	world_make(&world);
	basic();
	listener_changes();
	listener_appears();
	if (host_cid) {
		bound_to_host_cid();
		cancelled_and_kept();
	}
	cancelled_and_gone();
	answer_changes_hands(&world.init, "to another namespace");
	answer_behind_allowed();
	answer_behind_refused();
	waits_for_answer();
	if (host_cid) {
		no_neighbour();
		answer_to_neighbour();
		cancelled_without_place(true);
		cancelled_without_place(false);
		neighbour_goes(true);
		neighbour_goes(false);
	}
	answers_under_rules();
	end_is_read();
	end_after_others();
	place_is_taken(&world.local1, &world.init);
	place_is_taken(&world.init, &world.local1);
	answers_in_order();
	cancelled_with_place();
	place_is_left();
	tasks_share_place();
	nothing_stays();
	port_that_was_called();
	ports_that_were_called();
	connected_has_no_call();
	requests_full();
	other_families();
	io_uring_socket();
	no_tap();
	namespaces_of_other_kinds();
	identity_again();
	tap_ok(world_isolated(&world), "after all of that local namespaces are isolated");
	records_full();
	world_remove(&world);
	return tap_end();
}
