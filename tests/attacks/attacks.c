// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks that once opened a way between two namespaces, or would without one of the gates. Each
 * is tried so many times and says how often something came across: a byte, a reset, a number.
 *
 *	attacks local|ruled|switched|open TRIES [NAME...]
 *
 * in two local namespaces, in two whose policies deny each other, in two local ones while one set
 *of programs replaces the other, or in two that nobody keeps apart: there they succeed, or this
 * program proves nothing.
 * "ours" attacks together with "theirs", or alone against a connection of theirs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "ns.h"
#include "hold.h"
#include "sockets.h"
#include "stall.h"
#include "tap.h"
#include "tries.h"

/* Tries of those that hold up the machine for a tenth of a second. */
#define STALLS 300

static struct ns init;

/*
 * A socket that is connected to a port whose holder has never agreed: it calls, is ignored, and
 * gets the answer to the call of a neighbour with the same port of another CID.
 */
static int ghost(const struct ns *ns, unsigned int from, unsigned int to)
{
	unsigned int port = new_ports(1);
	int fd = bound(ns, VMADDR_CID_LOCAL, from), neighbour = bound(ns, VMADDR_CID_HOST, from);
	int door = listener(ns, VMADDR_CID_ANY, port);

	if (fd < 0 || neighbour < 0 || door < 0 || !dials(fd, VMADDR_CID_LOCAL, to))
		return -1;
	if (!dials(neighbour, VMADDR_CID_LOCAL, port) || accepted(door, SOON) < 0)
		return -1;
	return becomes(fd, POLLOUT, SOON) ? fd : -1;
}

/* Each calls a listener of its own, and the child of the one gets the answer of the other. */
static bool cross_accept(void)
{
	unsigned int q = new_ports(2), p = q + 1;
	int their_door = listener(theirs, VMADDR_CID_HOST, q);
	int their_end = bound(theirs, VMADDR_CID_LOCAL, p), their_child, our_child, our_door,
	    our_end;

	if (!dials(their_end, VMADDR_CID_HOST, q))
		return false;
	their_child = accepted(their_door, SURE_MS);
	our_door = listener(ours, VMADDR_CID_HOST, p);
	our_end = bound(ours, VMADDR_CID_LOCAL, q);
	if (our_door < 0 || our_end < 0 || !dials(our_end, VMADDR_CID_HOST, p))
		return false;
	our_child = accepted(our_door, SOON);
	return our_child >= 0 && sends(our_child, "across") &&
	       receives(their_child, "across", SOON);
}

/* The same, the other way round: the socket whose port it is has long been connected. */
static bool cross_accept_client(void)
{
	unsigned int p = new_ports(1);
	struct pair pair;
	int our_door, our_end, our_child;

	connect_pair(&pair, theirs);
	p = pair.server_port;
	our_door = listener(ours, VMADDR_CID_HOST, p + 1000000);
	our_end = bound(ours, VMADDR_CID_HOST, pair.client_port);
	if (our_door < 0 || our_end < 0 || !dials(our_end, VMADDR_CID_HOST, p + 1000000))
		return false;
	our_child = accepted(our_door, SOON);
	return our_child >= 0 && sends(our_child, "across") &&
	       receives(pair.client, "across", SOON);
}

static bool two_ghosts(void)
{
	unsigned int p = new_ports(1);
	struct pair pair;
	int our_end, their_end;

	connect_pair(&pair, theirs);
	our_end = ghost(ours, p, pair.client_port);
	if (our_end < 0)
		return false;
	close_now(pair.server);
	close_now(pair.client);
	their_end = ghost(theirs, pair.client_port, p);
	return their_end >= 0 && sends(our_end, "across") && receives(their_end, "across", SOON);
}

static bool ghost_to_client(void)
{
	struct pair pair;
	int our_end;

	connect_pair(&pair, theirs);
	our_end = ghost(ours, new_ports(1), pair.client_port);
	if (our_end >= 0)
		sends(our_end, "EVIL");
	return our_end >= 0 && receives(pair.client, "EVIL", SOON);
}

/* A call to one that is connecting destroys it, and the kernel sends a reset in its name. */
static bool reset_by_destroying(void)
{
	unsigned int s = new_ports(1);
	struct pair pair;
	int first, second;

	connect_pair(&pair, theirs);
	first = bound(ours, VMADDR_CID_LOCAL, s);
	second = keep(socket_in(ours, SOCK_NONBLOCK));
	dials(first, VMADDR_CID_LOCAL, pair.client_port);
	dials(second, VMADDR_CID_LOCAL, s);
	becomes(second, POLLOUT, SOON);
	becomes(first, POLLOUT, SOON);
	return !is_unharmed(&pair);
}

static size_t can_send(int fd)
{
	static char data[65536];
	size_t all = 0;
	ssize_t sent;

	while ((sent = send(fd, data, sizeof(data), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
		all += sent;
	return all;
}

/* A call tells the size of a buffer to whoever it comes to. */
static bool number_by_call(void)
{
	unsigned long long size = 12345;
	struct pair pair;
	int fd = keep(socket_in(ours, SOCK_NONBLOCK));

	connect_pair(&pair, theirs);
	if (setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size)))
		tap_bail("SO_VM_SOCKETS_BUFFER_SIZE: %s", strerror(errno));
	dials(fd, VMADDR_CID_LOCAL, pair.client_port);
	becomes(fd, POLLOUT, SOON);
	return can_send(pair.client) == size;
}

/* The same where the kernel asks who sends: from the port that their listener has left. */
static bool number_from_peer_port(void)
{
	unsigned long long size = 12345;
	struct pair pair;
	int fd;

	connect_pair(&pair, theirs);
	close_now(pair.listener);
	fd = bound(ours, VMADDR_CID_LOCAL, pair.server_port);
	if (fd < 0 || setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size)))
		return false;
	dials(fd, VMADDR_CID_LOCAL, pair.client_port);
	becomes(fd, POLLOUT, SOON);
	return can_send(pair.client) == size;
}

/*
 * A child whose answer has come to a neighbour, which ignores it: nobody tells the child that its
 * peer's port is free, and another's by and by.
 */
static bool child_without_peer(void)
{
	unsigned int port = new_ports(4), victim = port + 1, decoys = port + 2,
		     theirs_at = port + 3;
	int door = listener(ours, VMADDR_CID_ANY, port), decoy_door, decoy, caller, child;
	int their_door, their_end, their_child;

	decoy_door = listener(ours, VMADDR_CID_ANY, decoys);
	decoy = bound(ours, VMADDR_CID_LOCAL, victim);
	caller = bound(ours, VMADDR_CID_HOST, victim);
	if (!dials(decoy, VMADDR_CID_LOCAL, decoys) || accepted(decoy_door, SURE_MS) < 0 ||
	    !becomes(decoy, POLLOUT, SURE_MS) || caller < 0)
		return false;
	dials(caller, VMADDR_CID_LOCAL, port);
	child = accepted(door, SOON);
	close_now(caller);
	close_now(decoy);
	settle();
	their_door = listener(theirs, VMADDR_CID_ANY, theirs_at);
	their_end = bound(theirs, VMADDR_CID_LOCAL, victim);
	if (child < 0 || their_end < 0 || !dials(their_end, VMADDR_CID_LOCAL, theirs_at))
		return false;
	their_child = accepted(their_door, SOON);
	return their_child >= 0 && sends(child, "EVIL") && receives(their_end, "EVIL", SOON);
}

/* A child that is still open when its client has gone; the kernel sends a reset when it is closed.
 */
static int lingering_child(unsigned int server_port, unsigned int client_port)
{
	int door = listener(ours, VMADDR_CID_ANY, server_port), child;
	int client = bound(ours, VMADDR_CID_LOCAL, client_port);

	if (!dials(client, VMADDR_CID_LOCAL, server_port))
		return -1;
	child = accepted(door, SURE_MS);
	if (child < 0 || !becomes(client, POLLOUT, SURE_MS))
		return -1;
	close_now(client);
	if (!becomes(child, POLLRDHUP, SURE_MS))
		return -1;
	close_now(door);
	settle();
	return child;
}

/* Theirs connects between two ports that ours had. */
static bool reset_by_lingering_at(unsigned int server_port, unsigned int client_port,
				  unsigned int their_port)
{
	int child = lingering_child(server_port, client_port);
	struct pair pair = { .server = -1 };

	if (child < 0)
		return false;
	pair.listener = listener(theirs, VMADDR_CID_ANY, their_port);
	pair.client = bound(theirs, VMADDR_CID_LOCAL, client_port);
	if (pair.listener < 0 || pair.client < 0 ||
	    !dials(pair.client, VMADDR_CID_LOCAL, their_port))
		return false;
	pair.server = accepted(pair.listener, SOON);
	if (pair.server < 0 || !becomes(pair.client, POLLOUT, SOON))
		return false;
	close_now(child);
	settle();
	return !is_unharmed(&pair);
}

static bool reset_by_lingering(void)
{
	unsigned int port = new_ports(2);

	return reset_by_lingering_at(port, port + 1, port);
}

static bool reset_by_lingering_any(void)
{
	unsigned int port = new_ports(3);

	return reset_by_lingering_at(port, port + 1, port + 2);
}

/* A connection of ours within itself, at these two ports. */
static int client_between(unsigned int client_port, unsigned int server_port, int *server)
{
	int door = listener(ours, VMADDR_CID_ANY, server_port);
	int client = bound(ours, VMADDR_CID_LOCAL, client_port);

	*server = -1;
	if (door < 0 || !dials(client, VMADDR_CID_LOCAL, server_port))
		return -1;
	*server = accepted(door, SURE_MS);
	return becomes(client, POLLOUT, SURE_MS) ? client : -1;
}

/*
 * An answer on its way, whose port another socket takes: that one calls where nobody answers, and
 * is connected to there by what it gets.
 */
static int ghost_by_late_answer(unsigned int from, unsigned int to)
{
	unsigned int port = new_ports(1);
	int door = listener(ours, VMADDR_CID_ANY, port),
	    first = bound(ours, VMADDR_CID_LOCAL, from);
	struct stall before, behind;
	int second;

	stall_prepare(&before);
	stall_prepare(&behind);
	stall_hold(&before);
	dials(first, VMADDR_CID_LOCAL, port);
	stall_hold(&behind);
	stall_end(&before);
	await_loopback_worker();
	close_now(first);
	second = bound(ours, VMADDR_CID_LOCAL, from);
	if (second >= 0)
		dials(second, VMADDR_CID_LOCAL, to);
	stall_end(&behind);
	if (second < 0 || accepted(door, SURE_MS) < 0 || !becomes(second, POLLOUT, SOON))
		return -1;
	return second;
}

static bool ghost_and_later_client(void)
{
	unsigned int port = new_ports(4), theirs_at = port + 3;
	int server, client = client_between(port + 1, port, &server), our_end;
	struct pair pair;

	our_end = ghost_by_late_answer(port + 2, port + 1);
	close_now(client);
	close_now(server);
	settle();
	pair.listener = listener(theirs, VMADDR_CID_ANY, theirs_at);
	pair.client = bound(theirs, VMADDR_CID_LOCAL, port + 1);
	if (our_end < 0 || pair.client < 0 || !dials(pair.client, VMADDR_CID_LOCAL, theirs_at))
		return false;
	pair.server = accepted(pair.listener, SOON);
	return pair.server >= 0 && sends(our_end, "EVIL") && receives(pair.client, "EVIL", SOON);
}

/* A call that is on its way when its port becomes theirs destroys what connects from there. */
static bool call_on_its_way(void)
{
	unsigned int port = new_ports(2), theirs_at = port + 1;
	int door = listener(ours, VMADDR_CID_ANY, port), fd = keep(socket_in(ours, SOCK_NONBLOCK));
	int their_end;
	struct stall stall;
	bool called;

	listener(theirs, VMADDR_CID_ANY, theirs_at);
	stall_begin(&stall);
	dials(fd, VMADDR_CID_LOCAL, port);
	close_now(door);
	their_end = bound(theirs, VMADDR_CID_LOCAL, port);
	called = their_end >= 0 && dials(their_end, VMADDR_CID_LOCAL, theirs_at);
	stall_end(&stall);
	return called && outcome(their_end);
}

/*
 * A bind() that is held up between its gate and the kernel's table, which nobody sees: meanwhile a
 * socket of ours is refused at that port, and still sends there.
 */
struct late_bind {
	int fd; /* of theirs */
	int caller;
	unsigned int port;   /* that it binds */
	unsigned int target; /* that it calls */
	struct hold hold;
	struct call bind, connect;
};

static int bind_late(void *arg)
{
	struct late_bind *late = arg;

	return bind_to(late->fd, VMADDR_CID_LOCAL, late->port);
}

static int connect_late(void *arg)
{
	struct late_bind *late = arg;

	return dial(late->fd, VMADDR_CID_LOCAL, late->target);
}

static void begin_bind(struct late_bind *late)
{
	late->port = new_ports(2);
	late->target = late->port + 1;
	late->fd = keep(socket_in(theirs, SOCK_NONBLOCK));
	late->caller = keep(socket_in(ours, SOCK_NONBLOCK));
	hold_lock(&late->hold, late->fd);
	call_begin(&late->bind, bind_late, late);
	call_await_lock(&late->bind);
}

/* False if the bind() came to nothing. */
static bool end_bind(struct late_bind *late)
{
	int place = bound(ours, VMADDR_CID_LOCAL, late->port);

	if (place >= 0 && dials(late->caller, VMADDR_CID_LOCAL, late->port))
		becomes(late->caller, POLLOUT, SOON);
	if (place >= 0)
		close_now(place);
	hold_release(&late->hold);
	return !call_end(&late->bind) && place >= 0;
}

static void send_size(int fd, unsigned long long size)
{
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size));
}

/* Its connect() has passed the gate, too, when it had no port yet. */
static bool number_to_late_bind(void)
{
	struct late_bind late;
	int door, err;
	bool is_bound;

	begin_bind(&late);
	door = listener(theirs, VMADDR_CID_ANY, late.target);
	call_begin(&late.connect, connect_late, &late);
	call_await_lock(&late.connect);
	is_bound = end_bind(&late);
	err = call_end(&late.connect);
	if (!is_bound || (err && err != EINPROGRESS) || accepted(door, SOON) < 0)
		return false;
	send_size(late.caller, 12345);
	settle();
	return can_send(late.fd) == 12345;
}

/* It connects when it has the port: what ours sends comes first, and destroys it. */
static bool reset_of_late_bind(void)
{
	struct late_bind late;
	struct stall stall;
	bool called;

	begin_bind(&late);
	listener(theirs, VMADDR_CID_ANY, late.target);
	if (!end_bind(&late))
		return false;
	stall_begin(&stall);
	send_size(late.caller, 12345);
	called = dials(late.fd, VMADDR_CID_LOCAL, late.target);
	stall_end(&stall);
	return called && outcome(late.fd);
}

static const struct attack attacks[] = {
	{ "cross-accept", cross_accept, "children of two listeners are each other's peer", 0 },
	{ "cross-accept-client", cross_accept_client, "a child and a client", 0 },
	{ "two-ghosts", two_ghosts, "two that connect to ports where nobody listens", 0 },
	{ "ghost-to-client", ghost_to_client, "one of those, to a client", 0 },
	{ "reset-by-destroying", reset_by_destroying, "a reset in the name of one that connects",
	  0 },
	{ "number-by-call", number_by_call, "the size of a buffer", 0 },
	{ "number-from-peer-port", number_from_peer_port, "from the port of a listener that left",
	  0 },
	{ "reset-by-lingering", reset_by_lingering, "a reset to ports that one had before", 0 },
	{ "reset-by-lingering-any", reset_by_lingering_any, "to one port that one had before", 0 },
	{ "ghost-by-late-answer", ghost_and_later_client, "a ghost of an answer on its way",
	  STALLS },
	{ "call-on-its-way", call_on_its_way, "a call to a port that changes hands", STALLS },
	{ "number-to-late-bind", number_to_late_bind, "a bind() and a connect() that are held up",
	  STALLS },
	{ "reset-of-late-bind", reset_of_late_bind, "a bind() that is held up", STALLS },
	{ "child-without-peer", child_without_peer, "a child whose peer has never called", 0 },
	{},
};

/* Each so often as makes sense. */
static int run(const struct attack *attack, long tries)
{
	long crossed = 0, i;

	if (attack->most && tries > attack->most)
		tries = attack->most;
	for (i = 0; i < tries; i++) {
		crossed += attack->try();
		close_all();
	}
	printf("%s\t%ld\t%ld\n", attack->name, tries, crossed);
	fflush(stdout);
	return crossed > 0;
}

static bool is_named(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static int run_all(const struct attack *attack, long tries, char **names)
{
	int crossed = 0;

	for (; attack->name; attack++)
		if (is_named(attack->name, names))
			crossed += run(attack, tries);
	return crossed;
}

#define POLICIES "/tmp/attacks"

/* Both are global and say no to each other. */
static void make_rules(void)
{
	must("mkdir -p " POLICIES
	     " && printf '[Match]\\nName=one\\n[Rules]\\nDeny=connect to namespace other\\n"
	     "Deny=accept from namespace other\\n' >" POLICIES "/one.policy"
	     " && printf '[Match]\\nName=other\\n[Rules]\\nDeny=connect to namespace one\\n"
	     "Deny=accept from namespace one\\n' >" POLICIES "/other.policy"
	     " && build/vsock-bpfd --once --policy-dir " POLICIES " >&2");
}

/* Both are made local with the sockets that they have. */
static void make_local(void)
{
	must("build/vsockctl -n one set ns_mode local && build/vsockctl -n other set ns_mode "
	     "local");
}

static pid_t switching;

/* One generation after the other, of two builds. */
static void switch_generations(void)
{
	switching = start_command("sh -c 'while :; do build/other/vsock-bpfd --once; "
				  "build/vsock-bpfd --once; done' >&2");
}

static bool make_world(const char *kind)
{
	bool switched = !strcmp(kind, "switched"), local = switched || !strcmp(kind, "local");
	bool ruled = !strcmp(kind, "ruled");

	if (!local && !ruled && strcmp(kind, "open"))
		return false;
	/* Gives the host a CID, so that a port can be had twice. */
	must("modprobe vhost_vsock");
	if (ns_init(&init))
		tap_bail("workers");
	if (ns_make(ours, "one", &init, NS_BY_ROOT) || ns_make(theirs, "other", &init, NS_BY_ROOT))
		tap_bail("namespaces");
	tries_prepare();
	make_old_sockets();
	if (local)
		make_local();
	if (ruled)
		make_rules();
	if (switched)
		switch_generations();
	return true;
}

int main(int argc, char **argv)
{
	long tries = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	int crossed;

	if (tries <= 0 || !make_world(argv[1])) {
		fputs("usage: attacks local|ruled|switched|open TRIES [NAME...]\n", stderr);
		return 2;
	}
	crossed = run_all(attacks, tries, argv + 3) + run_all(handovers, tries, argv + 3);
	if (switching)
		kill(switching, SIGKILL);
	return crossed ? 1 : 0;
}
