// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connects again and again until it gets SIGTERM, and then says what came of it:
 * who must never be accepted, and who must never be refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#ifndef VMADDR_CID_LOCAL
#define VMADDR_CID_LOCAL 1
#endif

#define PORTS	  32 /* of one storm: a port is no other namespace's while connections there close */
#define PAIRS_MAX 8

/*
 * After each connection, in ms. Whoever never sleeps leaves nothing of the processors to what is
 * switched under the storm, and holds up the grace periods (RCU tasks) that each program
 * which is attached waits for: an upgrade then takes minutes instead of seconds, and a
 * step of it sees no more connections. Where one set of programs replaces another, a step takes
 * tens of ms, and a longer pause is enough; where policies do, it is one write.
 */
#define PAUSE_MS 3

static const char usage[] =
	"usage: storm [--pause MS] FROM TO never|always|flees [FROM TO never|always|flees]...\n"
	"\n"
	"FROM and TO are names under /run/netns, or \"init\" for the caller's own. From each\n"
	"FROM two processes connect to a listener in TO, one blocking, one not; with \"new:\"\n"
	"before its name, each time from a namespace that is made in it for the one connection.\n"
	"What is accepted has to carry a byte either way. Who flees is gone before the answer.\n"
	"Prints \"storming\" when all have begun; on SIGTERM one line a process. Status 1 if a\n"
	"connection was accepted that never should be, or one failed that always should succeed,\n"
	"or if a process came to nothing.\n";

/* Shared with the processes; each writes its own. */
struct tally {
	unsigned long accepted; /* as the one who connects sees it */
	unsigned long refused;	/* ECONNRESET */
	unsigned long cut;	/* accepted, and carries nothing */
	unsigned long failed;	/* another errno, and which was the last */
	int last_error;
};

struct pair {
	const char *from, *to;
	enum {
		NEVER,
		ALWAYS,
		FLEES
	} wanted;
	unsigned int port;
	struct tally *tally[2]; /* blocking, not */
	unsigned long *got;	/* by the listener */
	pid_t processes[3];
};

static struct pair pairs[PAIRS_MAX];
static int pair_count;
static int pause_ms = PAUSE_MS;
static volatile sig_atomic_t ending;

static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void on_term(int number)
{
	(void)number;
	ending = 1;
}

/* What happens to the parent happens to all. */
static void become_child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	if (!strcmp(name, "init"))
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* A namespace, or with "new:" one that is made in it. */
static void enter_or_make(const char *name)
{
	if (strncmp(name, "new:", 4)) {
		enter(name);
		return;
	}
	enter(name + 4);
	if (unshare(CLONE_NEWNET))
		die("unshare");
}

static struct sockaddr_vm address(unsigned int cid, unsigned int port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
}

static int listen_on(unsigned int port)
{
	struct sockaddr_vm any = address(VMADDR_CID_ANY, port);
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096))
		die("listen");
	return fd;
}

/* Hears a byte and says one. */
static void reply(int fd)
{
	char byte;

	if (recv(fd, &byte, 1, 0) == 1)
		send(fd, &byte, 1, MSG_NOSIGNAL);
}

/* The listener is made by the parent's fork and is there before anyone connects. */
static void serve(const struct pair *pair, int ready)
{
	int listener, fd;

	become_child();
	enter(pair->to);
	listener = listen_on(pair->port);
	if (write(ready, "", 1) != 1)
		die("pipe");
	while (true) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		++*pair->got;
		reply(fd);
		close(fd);
	}
}

/*
 * A machine that is busy needs its time. One that is to be refused has less: a connect() that does
 * not wait keeps its socket as long, and the layer has room for 2,048 such sockets of a namespace.
 */
static struct timeval time_limit(const struct pair *pair)
{
	return (struct timeval){ .tv_sec = pair->wanted == NEVER ? 5 : 60 };
}

static int connect_one(const struct pair *pair, int fd, const struct sockaddr_vm *to, bool blocking)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	const struct timeval limit = time_limit(pair);
	socklen_t size = sizeof(int);
	int err;

	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		return 0;
	if (blocking || errno != EINPROGRESS)
		return errno;
	if (poll(&wait, 1, 60000) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) ? errno : err;
}

/* Says a byte and hears it: the other side has accepted then, and its queue never grows. */
static bool carries(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char byte = 'x';

	return send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && poll(&wait, 1, 60000) == 1 &&
	       recv(fd, &byte, 1, 0) == 1;
}

static void flee(struct tally *tally, int fd, const struct sockaddr_vm *to)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS)
		tally->failed++;
	else
		tally->accepted++;
}

static void count(struct tally *tally, int fd, int err)
{
	if (!err && carries(fd)) {
		tally->accepted++;
	} else if (!err) {
		tally->cut++;
	} else if (err == ECONNRESET) {
		tally->refused++;
	} else {
		tally->last_error = err;
		tally->failed++;
	}
}

static void connect_for_ever(const struct pair *pair, bool blocking)
{
	bool makes = !strncmp(pair->from, "new:", 4);
	struct sockaddr_vm to = address(VMADDR_CID_LOCAL, pair->port);
	int fd;

	become_child();
	enter_or_make(pair->from);
	while (true) {
		fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK),
			    0);
		if (fd < 0)
			die("socket");
		if (pair->wanted == FLEES)
			flee(pair->tally[!blocking], fd, &to);
		else
			count(pair->tally[!blocking], fd, connect_one(pair, fd, &to, blocking));
		close(fd);
		if (makes)
			enter_or_make(pair->from);
		usleep(pause_ms * 1000);
	}
}

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

static void start_pair(struct pair *pair)
{
	int ready[2], i;
	char byte;

	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	pair->processes[2] = fork_or_die();
	if (!pair->processes[2])
		serve(pair, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("a listener did not start");
	close(ready[0]);
	for (i = 0; i < 2; i++) {
		pair->processes[i] = fork_or_die();
		if (!pair->processes[i])
			connect_for_ever(pair, i == 0);
	}
}

static void stop_pair(struct pair *pair)
{
	int i;

	for (i = 0; i < 3; i++) {
		kill(pair->processes[i], SIGKILL);
		waitpid(pair->processes[i], NULL, 0);
	}
}

static unsigned long total(const struct tally *tally)
{
	return tally->accepted + tally->refused + tally->cut + tally->failed;
}

static bool judge_process(const struct pair *pair, bool blocking)
{
	static const char *const words[] = { "never", "always", "flees" };
	const struct tally *tally = pair->tally[!blocking];

	printf("%s to %s, %s, %s: %lu accepted, %lu refused, %lu cut, %lu failed", pair->from,
	       pair->to, words[pair->wanted], blocking ? "blocking" : "non-blocking",
	       tally->accepted, tally->refused, tally->cut, tally->failed);
	if (tally->failed)
		printf(" (%s)", strerrorname_np(tally->last_error));
	putchar('\n');
	if (tally->cut || tally->failed)
		return false;
	if (pair->wanted == NEVER)
		return tally->refused && !tally->accepted;
	return tally->accepted && !tally->refused;
}

static bool judge(const struct pair *pair)
{
	bool good = judge_process(pair, true);

	good &= judge_process(pair, false);
	if (pair->wanted == NEVER && *pair->got) {
		printf("%s to %s: its listener accepted %lu\n", pair->from, pair->to, *pair->got);
		good = false;
	}
	return good;
}

static void parse(int argc, char **argv)
{
	struct tally *shared;
	int i;

	if (argc < 4 || (argc - 1) % 3 || argc - 1 > 3 * PAIRS_MAX) {
		fputs(usage, stderr);
		exit(2);
	}
	/* Two tallies and a number a pair, and the number takes the room of a tally. */
	shared = mmap(NULL, 3 * PAIRS_MAX * sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (i = 1; i < argc; i += 3) {
		struct pair *pair = &pairs[pair_count];

		pair->from = argv[i];
		pair->to = argv[i + 1];
		pair->wanted = !strcmp(argv[i + 2], "always")  ? ALWAYS
			       : !strcmp(argv[i + 2], "flees") ? FLEES
							       : NEVER;
		pair->port = 50000 + getpid() % 100000 * PORTS + pair_count;
		pair->tally[0] = shared++;
		pair->tally[1] = shared++;
		pair->got = &(shared++)->accepted;
		pair_count++;
	}
}

static bool all_begun(void)
{
	int i;

	for (i = 0; i < pair_count; i++)
		if (!total(pairs[i].tally[0]) || !total(pairs[i].tally[1]))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	bool told = false, good = true;
	int i;

	if (argc > 2 && !strcmp(argv[1], "--pause")) {
		pause_ms = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, on_term);
	for (i = 0; i < pair_count; i++)
		start_pair(&pairs[i]);
	while (!ending) {
		if (!told && all_begun()) {
			puts("storming");
			told = true;
		}
		usleep(20 * 1000);
	}
	for (i = 0; i < pair_count; i++)
		stop_pair(&pairs[i]);
	for (i = 0; i < pair_count; i++)
		good &= judge(&pairs[i]);
	return good ? 0 : 1;
}
