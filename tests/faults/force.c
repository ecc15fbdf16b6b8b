// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/command.h"
#include "faults/force.h"
#include "lib/tap.h"
#include "lib/world.h"

#define WATCH_PORT 30000
#define PAUSE_USEC 2000

/* `fenced` is local in A and in B; the other four are told apart by rules. */
static struct ns init, a, b, c, d, fenced;
static bool native;

/* --- The two sets --- */

static void write_policy(const char *dir, const char *file, const char *name, const char *rest)
{
	must("mkdir -p %s && printf '[Match]\\nName=%s\\n%s\\n' >%s/%s.policy", dir, name, rest,
	     dir, file);
}

static void write_sets(void)
{
	must("rm -rf " POLICY_A " " POLICY_B);
	write_policy(POLICY_A, "a", "a",
		     "[Rules]\\nDeny=connect to namespace b port 20000-65535\\n"
		     "Deny=connect to namespace d");
	write_policy(POLICY_B, "00-c", "c", "[Rules]\\nDeny=connect to namespace d");
	write_policy(POLICY_B, "a", "a", "[Rules]\\nDeny=connect to namespace b");
	if (native)
		return;
	write_policy(POLICY_A, "fenced", "fenced", "[Namespace]\\nMode=local");
	write_policy(POLICY_B, "fenced", "fenced", "[Namespace]\\nMode=local");
}

static void make(struct ns *ns, const char *name, const struct ns *parent)
{
	int err = ns_make(ns, name, parent, NS_BY_ROOT);

	if (err)
		tap_bail("namespace %s: %s", name, strerror(err));
}

void force_begin(void)
{
	native = is_native();
	must(BPFD " --detach 2>/dev/null");
	/* The first prepares the folder, and what is mounted there before stays below. */
	must("ip netns add first && ip netns del first");
	if (ns_init(&init))
		tap_bail("workers");
	make(&a, "a", &init);
	make(&b, "b", &init);
	make(&c, "c", &init);
	make(&d, "d", &init);
	make(&fenced, "fenced", &init);
	write_sets();
}

void force_end(void)
{
	ns_remove(&fenced);
	ns_remove(&d);
	ns_remove(&c);
	ns_remove(&b);
	ns_remove(&a);
	must(BPFD " --detach 2>/dev/null");
}

/* --- Which one holds --- */

struct found {
	int a_b, a_c, a_d, c_d;	   /* by rules */
	int init_fenced, fenced_c; /* by modes */
};

static bool is(const struct found *found, int a_b, int a_d, int c_d, int by_modes)
{
	return found->a_b == a_b && !found->a_c && found->a_d == a_d && found->c_d == c_d &&
	       found->init_fenced == by_modes && found->fenced_c == by_modes;
}

static void say_half(const struct found *found)
{
	tap_diag("a to b: %s, to c: %s, to d: %s; c to d: %s; init to fenced: %s, fenced to c: %s",
		 strerrorname_np(found->a_b), strerrorname_np(found->a_c),
		 strerrorname_np(found->a_d), strerrorname_np(found->c_d),
		 strerrorname_np(found->init_fenced), strerrorname_np(found->fenced_c));
}

char force_found(void)
{
	const int no = ECONNRESET, by_modes = native ? 0 : ECONNRESET;
	struct found found = {
		.a_b = reach(&a, &b),
		.init_fenced = reach(&init, &fenced),
		.fenced_c = reach(&fenced, &c),
		.a_c = reach(&a, &c),
		.a_d = reach(&a, &d),
		.c_d = reach(&c, &d),
	};

	if (is(&found, no, no, 0, by_modes))
		return IN_FORCE_A;
	if (is(&found, no, 0, no, by_modes))
		return IN_FORCE_B;
	if (is(&found, 0, 0, 0, 0))
		return OPEN;
	say_half(&found);
	return A_HALF;
}

bool force_binds_children(void)
{
	struct ns child;
	int err;

	make(&child, "child", &a);
	err = reach(&child, &b);
	ns_remove(&child);
	if (err != ECONNRESET)
		tap_diag("child of a to b: %s", strerrorname_np(err));
	return err == ECONNRESET;
}

bool force_restore(const char *program)
{
	static struct said said;
	char found;

	command(&said, "%s --once --policy-dir " POLICY_A, program);
	if (said.status) {
		tap_said(&said);
		return false;
	}
	found = force_found();
	if (found != IN_FORCE_A) {
		tap_diag("the next start leaves %c", found);
		return false;
	}
	command(&said, CTL " status");
	if (said.status)
		tap_said(&said);
	return !said.status;
}

/* --- Watching --- */

/* Shared with the process that tries. */
static struct watch {
	unsigned long tries, through, other;
	int last_error;
} * watch;
static pid_t watchers[2];

static struct sockaddr_vm address(unsigned int cid)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				     .svm_cid = cid,
				     .svm_port = WATCH_PORT };
}

/* Children end with the test. */
static pid_t fork_into(const struct ns *ns)
{
	pid_t pid = fork();

	if (pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(ns->fd, CLONE_NEWNET))
		_exit(1);
	return 0;
}

static void serve(int ready)
{
	struct sockaddr_vm any = address(VMADDR_CID_ANY);
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 64) ||
	    write(ready, "", 1) != 1)
		_exit(1);
	while (true)
		close(accept(fd, NULL, NULL));
}

static void try_for_ever(void)
{
	struct sockaddr_vm to = address(VMADDR_CID_LOCAL);
	int fd;

	while (true) {
		fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to))) {
			watch->through++;
		} else if (errno != ECONNRESET) {
			watch->other++;
			watch->last_error = errno;
		}
		watch->tries++;
		close(fd);
		usleep(PAUSE_USEC);
	}
}

void force_watch(void)
{
	int ready[2];
	char byte;

	watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (watch == MAP_FAILED || pipe(ready))
		tap_bail("a watch: %s", strerror(errno));
	watchers[0] = fork_into(&b);
	if (!watchers[0])
		serve(ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		tap_bail("no listener to watch");
	close(ready[0]);
	watchers[1] = fork_into(&a);
	if (!watchers[1])
		try_for_ever();
}

unsigned long force_watched(unsigned long *tries)
{
	unsigned long through;
	int i;

	for (i = 0; i < 2; i++) {
		kill(watchers[i], SIGKILL);
		waitpid(watchers[i], NULL, 0);
	}
	*tries = watch->tries;
	through = watch->through;
	if (watch->other)
		tap_diag("%lu tries ended otherwise, the last with %s", watch->other,
			 strerrorname_np(watch->last_error));
	munmap(watch, sizeof(*watch));
	return through;
}
