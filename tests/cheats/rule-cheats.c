// SPDX-License-Identifier: GPL-2.0-only
/*
 * What processes do that know how rules come to hold: they change places after the gate was
 * asked, and make namespaces while policies are switched.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/play.h"
#include "lib/tap.h"
#include "kernel/kernel-probe.h"
#include "layer/netns-records.h"

#define DIR	  "/tmp/policy.d"
#define APPLY	  "build/vsock-bpfd --once --policy-dir " DIR " 2>/dev/null"
#define HOST_PORT 6000
#define LIMIT_MS  60000
#define SWITCHES  24
#define SECRET	  "secret"

static struct ns ours, friend, theirs;

static void write_policy(const char *name, const char *rules)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "mkdir -p " DIR " && printf '[Match]\\nName=%s\\n[Rules]\\n%s\\n' >" DIR
		 "/%s.policy",
		 name, rules, name);
	if (run(line))
		tap_bail("%s", line);
}

static void apply(void)
{
	if (run(APPLY))
		tap_bail("the policies are refused");
}

static bool socket_hears(int fd)
{
	char data[64];

	return recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0;
}

static bool can_send(int fd)
{
	return send(fd, SECRET, sizeof(SECRET), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* The rule of connect was asked of a guest that may be reached, and another one answers. */
static void answered_by_another(void)
{
	struct guest guest, thief;
	uint64_t cid = new_cid();
	struct connecting this;
	struct hold hold;
	int fd, err;

	start_guest(&guest, &friend, cid);
	fd = socket_in(&ours);
	hold_lock(&hold, fd);
	connect_begin(&this, fd, cid);
	call_await_lock(&this.call);
	guest_close(&guest);
	start_guest(&thief, &theirs, cid);
	hold_release(&hold);
	err = connect_end(&this, &thief);
	tap_diag("connect: %s", err ? strerrorname_np(err) : "ok");
	tap_ok(err || !can_send(fd), "a guest that rules deny has the CID by now: nothing is sent");
	if (!err)
		inject(&thief, VIRTIO_VSOCK_OP_RW, PORT, port_of(fd), SECRET);
	settle(&thief);
	tap_ok(!socket_hears(fd), "and nothing heard of it");
	guest_close(&thief);
	close(fd);
}

/* A guest gets a CID that its namespace may not have, behind the gate. */
static void cid_changes_to_denied(void)
{
	struct connecting this;
	uint64_t denied = 77;
	struct guest guest, thief;
	struct hold hold;
	int fd, err;

	start_guest(&guest, &friend, denied);
	fd = socket_in(&ours);
	hold_lock(&hold, fd);
	connect_begin(&this, fd, denied);
	call_await_lock(&this.call);
	guest_close(&guest);
	start_guest(&thief, &ours, denied);
	hold_release(&hold);
	err = connect_end(&this, &thief);
	tap_ok(err || !can_send(fd), "a guest that may not have the CID takes it over: no use");
	guest_close(&thief);
	close(fd);
}

/* A socket was made, and even bound, before there was any policy. */
static void made_before(void)
{
	int early, listener = listener_in(&theirs, HOST_PORT), err;
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = HOST_PORT };

	run("rm -rf " DIR " && mkdir " DIR);
	apply();
	early = socket_in(&ours);
	write_policy("ours", "Deny=connect to namespace theirs");
	apply();
	err = connect(early, (struct sockaddr *)&to, sizeof(to)) ? errno : 0;
	tap_ok(err == ECONNRESET && accept(listener, NULL, NULL) < 0,
	       "a socket from before the policy is bound by it");
	close(early);
	close(listener);
}

/*
 * --- Whom rules let talk is not transitive: ours may talk to friend, friend to theirs ---
 *
 * What is recorded of a port must not be that of friend alone, if theirs is there, too.
 */

#define SHARED_PORT 7000
#define OWN_PORT    7001
#define DEAD_PORT   7002
#define SIZE	    4096
#define MORE	    65536 /* a socket may send that much at once, if its peer is not of SIZE */

static int bound_in(const struct ns *ns, unsigned int port)
{
	struct sockaddr_vm own = { .svm_family = AF_VSOCK,
				   .svm_cid = VMADDR_CID_ANY,
				   .svm_port = port };
	int fd = socket_in(ns);

	if (!bind(fd, (void *)&own, sizeof(own)))
		return fd;
	close(fd);
	return -1;
}

static int call_port(int fd, unsigned int port)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = port };

	if (fcntl(fd, F_SETFL, 0))
		tap_bail("fcntl: %m");
	return connect(fd, (void *)&to, sizeof(to)) ? errno : 0;
}

struct pair {
	int near, far;
};

/* A connection of ours from the shared port; false if that is refused. */
static bool connect_ours(struct pair *pair)
{
	int listener = listener_in(&ours, OWN_PORT);

	pair->near = bound_in(&ours, SHARED_PORT);
	pair->far = -1;
	if (pair->near >= 0 && !call_port(pair->near, OWN_PORT))
		pair->far = accept(listener, NULL, NULL);
	close(listener);
	return pair->far >= 0;
}

/* One worker delivers all packets in order: by now, those that were sent before. */
static void let_arrive(void)
{
	int listener = listener_in(&init_ns, HOST_PORT), fd = socket_in(&init_ns);

	if (call_port(fd, HOST_PORT))
		tap_bail("init does not connect");
	close(fd);
	close(listener);
}

static bool still_sends(const struct pair *pair)
{
	static char data[MORE];

	let_arrive();
	return send(pair->near, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(data);
}

static void close_pair(const struct pair *pair)
{
	close(pair->near);
	close(pair->far);
}

/* Two clients of friend's, whose peers have left. */
static void linger(int *client, const struct ns *ns, int listener, unsigned int port)
{
	struct pollfd left = { .events = POLLRDHUP };
	int child;

	*client = socket_in(ns);
	if (call_port(*client, port))
		tap_bail("%s does not connect", ns->name);
	child = accept(listener, NULL, NULL);
	close(child);
	left.fd = *client;
	if (child < 0 || poll(&left, 1, LIMIT_MS) != 1)
		tap_bail("a peer that leaves");
}

/* Where packets carry no socket (5.10) the namespace that a peer was of is not known. */
static bool knows_who_left(void)
{
	struct kernel kernel;

	kernel_probe(&kernel);
	return kernel.packet_socket;
}

static void lingering_of_two(void)
{
	int listener = listener_in(&friend, SHARED_PORT), first, second, again;
	struct pair pair;
	bool refused;

	linger(&first, &friend, listener, SHARED_PORT);
	linger(&second, &theirs, listener, SHARED_PORT);
	close(listener);
	refused = !connect_ours(&pair);
	again = bound_in(&friend, SHARED_PORT);
	close(second);
	tap_ok(refused || still_sends(&pair),
	       "a port with lingering sockets of two: one whom rules deny resets nobody (%s)",
	       refused ? "refused" : "ours has the port");
	tap_ok((again >= 0) == knows_who_left(), "the namespace that both had called: its port %s",
	       again >= 0 ? "is its own" : "is kept");
	close_pair(&pair);
	close(again);
	close(first);
}

static void calls_of_two(void)
{
	int place = bound_in(&friend, SHARED_PORT), first = socket_in(&friend);
	int second = socket_in(&theirs);
	unsigned long long size = SIZE;
	struct pair pair;
	bool refused;

	if (call_port(first, SHARED_PORT) != ECONNRESET ||
	    call_port(second, SHARED_PORT) != ECONNRESET)
		tap_bail("calls that are refused");
	close(place);
	refused = !connect_ours(&pair);
	setsockopt(second, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MIN_SIZE, &size, sizeof(size));
	setsockopt(second, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size));
	tap_ok(refused || still_sends(&pair),
	       "a port that two have called: one whom rules deny tells ours no number (%s)",
	       refused ? "refused" : "ours has the port");
	close_pair(&pair);
	close(first);
	close(second);
}

/* A tenant that keeps a dead connection open takes nothing from another one. */
static void service_of_two(void)
{
	int listener = listener_in(&friend, DEAD_PORT), stale, fd = socket_in(&ours), err;

	linger(&stale, &theirs, listener, DEAD_PORT);
	err = call_port(fd, DEAD_PORT);
	tap_ok(!err, "a dead connection of theirs is open: ours calls the same service: %s",
	       err ? strerrorname_np(err) : "ok");
	close(fd);
	close(stale);
	close(listener);
}

static void without_transitivity(void)
{
	run("rm -rf " DIR " && mkdir " DIR);
	write_policy("ours",
		     "Deny=connect to namespace theirs\\nDeny=accept from namespace theirs");
	apply();
	lingering_of_two();
	calls_of_two();
	service_of_two();
}

/* --- Namespaces whose policy is not known, and what is made from them --- */

static bool is_pending(const struct netns_records *records, const struct netns_record *record)
{
	__u32 half = records->state->half;

	return record->binding[half].policy == POLICY_PENDING &&
	       record->binding[!half].policy == POLICY_PENDING;
}

/* As a reload leaves a namespace that it could not assign: with a cell of the set before. */
static int leave_pending(const struct netns_records *records, netns_id id)
{
	__u32 half = records->state->half;
	struct netns_record record;
	int ret = netns_records_read(records, id, &record);

	if (ret)
		return ret;
	record.bound_by = PARENT;
	record.binding[half].policy = POLICY_PENDING;
	record.binding[!half].policy = 1;
	return netns_records_write(records, id, &record);
}

static bool child_is_pending(const struct netns_records *records)
{
	struct netns_record record;
	struct netns own;

	enter(&theirs);
	if (unshare(CLONE_NEWNET) || netns_open(&own, NULL))
		return false;
	return !netns_records_read(records, own.id, &record) && is_pending(records, &record);
}

static __u64 refusals(netns_id id, enum reason reason)
{
	int map = bpf_obj_get("/sys/fs/bpf/vsock-bpfd/counters");
	struct counters counters = {};

	if (map < 0)
		tap_bail("counters: %s", strerror(errno));
	bpf_map_lookup_elem(map, &id, &counters);
	close(map);
	return counters.refused[reason];
}

/* No rule refuses it: what rules there are is not known. */
static void bind_of_pending(netns_id id)
{
	__u64 unknown = refusals(id, REASON_UNKNOWN), by_rule = refusals(id, REASON_BIND);
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = 4001 };
	int fd = socket_in(&theirs);
	int err = bind(fd, (void *)&address, sizeof(address)) ? errno : 0;

	tap_ok(err == EACCES && refusals(id, REASON_UNKNOWN) == unknown + 1 &&
		       refusals(id, REASON_BIND) == by_rule,
	       "one whose policy is not known binds no port, for that reason");
	close(fd);
}

/* The next reload gives that cell to another policy. */
static void child_of_pending(void)
{
	struct netns_record before;
	struct netns_records records;
	struct netns netns;
	int status = 1;
	pid_t pid;

	if (netns_open(&netns, "theirs") || netns_records_open(&records) ||
	    netns_records_read(&records, netns.id, &before) || leave_pending(&records, netns.id))
		tap_bail("the record of theirs");
	bind_of_pending(netns.id);
	pid = fork();
	if (!pid)
		_exit(!child_is_pending(&records));
	waitpid(pid, &status, 0);
	tap_ok(!status, "a child of one whose policy is not known has no cell of an earlier set");
	if (netns_records_write(&records, netns.id, &before))
		tap_bail("the record of theirs, as it was");
	netns_records_close(&records);
	netns_close(&netns);
}

/* --- Namespaces, made one inside the other as fast as can be --- */

struct chain {
	unsigned long made, tried, let_through;
	bool end;
};

static bool passes(void)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = HOST_PORT };
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool passed = !connect(fd, (struct sockaddr *)&to, sizeof(to));

	close(fd);
	return passed;
}

/* Those that were left are freed a while later, and until then there may be no memory for more. */
static bool make_child(void)
{
	if (!unshare(CLONE_NEWNET))
		return true;
	if (errno != ENOMEM && errno != ENOSPC)
		_exit(1);
	usleep(1000);
	return false;
}

static void run_chain(volatile struct chain *chain)
{
	enter(&ours);
	while (!chain->end) {
		if (!make_child())
			continue;
		chain->made++;
		/* Trying takes time, in which no child is made. */
		if (chain->made % 4)
			continue;
		chain->tried++;
		chain->let_through += passes();
	}
	/* Still there for a last try. */
	raise(SIGSTOP);
	chain->tried++;
	chain->let_through += passes();
	_exit(0);
}

static void children_under_switches(void)
{
	volatile struct chain *chain = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int listener = listener_in(&theirs, HOST_PORT), i, status;
	char name[8];
	pid_t pid;

	write_policy("ours", "Deny=connect to namespace theirs");
	apply();
	pid = fork();
	if (!pid)
		run_chain(chain);
	for (i = 0; i < SWITCHES; i++) {
		/* The place that theirs had in this half is by now that of one without rules. */
		snprintf(name, sizeof(name), "%02d", i);
		write_policy(name, "");
		apply();
	}
	chain->end = true;
	waitpid(pid, &status, WUNTRACED);
	apply();
	apply();
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	tap_diag("%lu namespaces were made, one inside the other, %lu tried", chain->made,
		 chain->tried);
	tap_ok(!status && chain->made > SWITCHES && chain->tried > 2 && !chain->let_through,
	       "children that are made while policies are switched: %lu let through",
	       chain->let_through);
	tap_ok(accept(listener, NULL, NULL) < 0, "and the listener has nobody to accept");
	close(listener);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(1200);
	if (run("modprobe vhost_vsock && ip netns add first && ip netns del first && rm "
		"-rf " DIR) ||
	    ns_init(&init_ns) || ns_make(&ours, "ours", &init_ns, NS_BY_ROOT) ||
	    ns_make(&friend, "friend", &init_ns, NS_BY_ROOT) ||
	    ns_make(&theirs, "theirs", &init_ns, NS_BY_ROOT))
		tap_bail("namespaces: %m");
	write_policy("ours", "Deny=connect to namespace theirs\\nDeny=guest 77");
	apply();
	answered_by_another();
	cid_changes_to_denied();
	without_transitivity();
	made_before();
	child_of_pending();
	children_under_switches();
	ns_remove(&theirs);
	ns_remove(&friend);
	ns_remove(&ours);
	return tap_end();
}
