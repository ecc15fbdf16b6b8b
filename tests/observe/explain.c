// SPDX-License-Identifier: GPL-2.0-only
/*
 * `vsockctl explain` says what a connection then does: random policies, first as policies that are
 * not in force, then in force, and each call is made for real.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"
#include "layer/layer.h"
#include "lib/command.h"
#include "lib/tap.h"
#include "policy/explain.h"
#include "policy/switch.h"

#define DIR    "/tmp/explain.d"
#define SPACES 5
#define GUESTS 2
#define CALLS  24 /* of one set of policies */
#define PORT   2000
#define PORTS  8
#define FROM   "n%d"

/* The first is the initial namespace. */
static struct netns spaces[SPACES];
static struct place places[SPACES];
static __u64 seed = 20261129;

static __u32 below(__u32 limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

static bool chance(__u32 in)
{
	return !below(in);
}

/* --- Random policies --- */

static void write_peer(FILE *file)
{
	switch (below(5)) {
	case 0:
		fputs("anyone", file);
		break;
	case 1:
		fputs(chance(2) ? "guests" : "guest 50", file);
		break;
	case 2:
		fprintf(file, "policy p%u", 1 + below(SPACES - 1));
		break;
	default:
		fprintf(file, "namespace n%u", 1 + below(SPACES - 1));
	}
}

static void write_rule(FILE *file)
{
	__u32 first = PORT + below(PORTS), last = first + below(3);

	if (chance(8)) {
		fprintf(file, "Deny=guest %u", 50 + below(GUESTS));
	} else if (chance(8)) {
		fprintf(file, "Deny=bind port %u", first);
	} else {
		fputs(chance(3) ? "Deny=" : "Allow=", file);
		fputs(chance(2) ? "connect to " : "accept from ", file);
		write_peer(file);
		if (!chance(3))
			fprintf(file, " port %u-%u", first, last);
	}
	fputc('\n', file);
}

/* Modes cannot be taken back, so that few policies have one. */
static void write_policy(int number)
{
	int rules = below(6);
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), DIR "/p%d.policy", number);
	file = fopen(path, "we");
	if (!file)
		tap_bail("%s: %s", path, strerror(errno));
	fprintf(file, "[Match]\nName=n%d\n[Namespace]\nAudit=%s\n", number,
		chance(8) ? "yes" : "no");
	if (number == 1 || chance(40))
		fputs("Mode=local\n", file);
	fputs("[Rules]\n", file);
	while (rules--)
		write_rule(file);
	fclose(file);
}

static void write_policies(void)
{
	int i;

	mkdir(DIR, 0700);
	for (i = 1; i < SPACES; i++)
		write_policy(i);
}

static bool put_in_force(void)
{
	struct policy_set set;
	bool in_force;
	bool good = !policy_prepare_dir(&set, DIR) && policy_switch(&set, &in_force) > 0;

	policy_set_close(&set);
	return good;
}

/* --- Calls --- */

struct call {
	int from, to; /* indices of namespaces */
	__u32 cid;    /* of a guest of `to`, or 0 */
	__u32 port;
	int type;
};

static struct call any_call(void)
{
	struct call call = { .from = below(SPACES),
			     .to = below(SPACES),
			     .port = PORT + below(PORTS) };

	if (chance(4)) {
		call.cid = 50 + below(GUESTS);
		call.to = 1 + call.cid - 50;
	}
	/* These guests have not said that they know SOCK_SEQPACKET. */
	call.type = !call.cid && chance(4) ? SOCK_SEQPACKET : SOCK_STREAM;
	return call;
}

static int in_netns(int space, int type)
{
	int fd;

	if (setns(spaces[space].fd, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
	fd = socket(AF_VSOCK, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (setns(spaces[0].fd, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
	return fd;
}

static int dial(const struct call *call)
{
	struct sockaddr_vm to = { .svm_family = AF_VSOCK,
				  .svm_cid = call->cid ?: VMADDR_CID_LOCAL,
				  .svm_port = call->port };
	int fd = in_netns(call->from, call->type), flags, err;
	struct timeval patience = { .tv_sec = 2 };

	if (fd < 0)
		return errno;
	flags = fcntl(fd, F_GETFL);
	if (!call->cid)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof(patience));
	err = connect(fd, (struct sockaddr *)&to, sizeof(to)) ? errno : 0;
	close(fd);
	return err;
}

/* A guest that does not run gets its request later; only the gate says that there is none. */
static bool passes_gate(int err)
{
	return err != ENODEV && err != ESOCKTNOSUPPORT;
}

/* What closes may hold the port a while. */
static int bind_when_free(int fd, const struct sockaddr_vm *at)
{
	int waited;

	for (waited = 0; bind(fd, (const struct sockaddr *)at, sizeof(*at)); waited += 100) {
		if (errno != EADDRINUSE || waited >= 60000)
			return -errno;
		usleep(100000);
	}
	return 0;
}

/* A policy may deny the bind: then nothing is there. */
static bool connects(const struct call *call)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = call->port };
	int listener, err;

	if (call->cid)
		return passes_gate(dial(call));
	listener = in_netns(call->to, call->type);
	if (listener < 0)
		return false;
	err = bind_when_free(listener, &at);
	if (err ? err != -EACCES : listen(listener, 8))
		tap_bail("listener: %s", strerror(err ? -err : errno));
	err = dial(call);
	close(listener);
	if (err && err != ECONNRESET)
		tap_diag("connect: %s", strerror(err));
	return !err;
}

static bool has_type(int type)
{
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_explained(struct explainer *explainer, const struct call *call, bool *allowed)
{
	struct place to = places[call->to];
	struct explanation why;

	if (call->cid) {
		to.netns = NETNS_UNKNOWN;
		to.cid = call->cid;
	}
	if (explain_call(explainer, &places[call->from], &to, call->port, &why))
		return false;
	*allowed = why.allowed;
	/* A reason that is a rule is a line; none is found that is not there. */
	if (why.caller.view.reason == REASON_RULE && !why.caller.rule)
		return false;
	return why.called.view.reason != REASON_RULE || why.called.rule;
}

static void complain(const struct call *call, bool tried, bool in_force, bool real)
{
	tap_diag("n%d to %s %d port %u type %d: not in force %s, in force %s, really %s",
		 call->from, call->cid ? "a guest of" : "n", call->to, call->port, call->type,
		 tried ? "allowed" : "refused", in_force ? "allowed" : "refused",
		 real ? "allowed" : "refused");
}

/* --- A set --- */

struct told {
	struct call call;
	bool tried, in_force;
};

static bool explain_all(struct told told[CALLS], const char *dir)
{
	struct explainer explainer;
	bool good = !explainer_open(&explainer, dir);
	int i;

	for (i = 0; good && i < CALLS; i++)
		good = is_explained(&explainer, &told[i].call,
				    dir ? &told[i].tried : &told[i].in_force);
	explainer_close(&explainer);
	return good;
}

static int count_agreed(const struct told told[CALLS], unsigned int *allowed)
{
	int i, agreed = 0;
	bool real;

	for (i = 0; i < CALLS; i++) {
		real = connects(&told[i].call);
		*allowed += real;
		if (real == told[i].tried && real == told[i].in_force)
			agreed++;
		else
			complain(&told[i].call, told[i].tried, told[i].in_force, real);
	}
	return agreed;
}

static bool try_set(unsigned int *agreed, unsigned int *allowed)
{
	bool seqpacket = has_type(SOCK_SEQPACKET);
	struct told told[CALLS];
	int i;

	for (i = 0; i < CALLS; i++) {
		told[i].call = any_call();
		if (!seqpacket)
			told[i].call.type = SOCK_STREAM;
	}
	write_policies();
	if (!explain_all(told, DIR) || !put_in_force() || !explain_all(told, NULL))
		return false;
	*agreed += count_agreed(told, allowed);
	return true;
}

static void random_cases(unsigned int wanted)
{
	unsigned int agreed = 0, asked = 0, allowed = 0;

	while (asked < wanted && agreed == asked) {
		asked += CALLS;
		if (!try_set(&agreed, &allowed))
			break;
	}
	tap_ok(agreed == asked,
	       "explain and connections agree in %u of %u, before and after a "
	       "reload",
	       agreed, asked);
	tap_ok(allowed > asked / 10 && allowed < asked - asked / 10, "of which %u connect",
	       allowed);
}

/* --- The command --- */

static struct said said;

static bool says(int status, const char *words, const char *line)
{
	command(&said, "%s", line);
	if (said.status == status && strstr(said.out, words))
		return true;
	tap_said(&said);
	return false;
}

static void make_guest(const char *name, __u64 cid)
{
	struct netns ns;
	int fd;

	if (netns_open(&ns, name) || setns(ns.fd, CLONE_NEWNET))
		tap_bail("%s: %s", name, strerror(errno));
	fd = open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid))
		tap_bail("guest %llu: %s", cid, strerror(errno));
	if (setns(spaces[0].fd, CLONE_NEWNET))
		tap_bail("setns: %s", strerror(errno));
	netns_close(&ns);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) < 0 || fclose(file))
		tap_bail("%s: %s", path, strerror(errno));
}

/* What it says to write is written. */
static void commands(void)
{
	must("rm -rf " DIR " && mkdir -p " DIR " /tmp/other.d");
	write_file(DIR "/p1.policy", "[Match]\nName=n1\n[Namespace]\nMode=local\n[Rules]\n"
				     "Deny=connect to namespace n2 port 9\n");
	tap_ok(put_in_force(), "one policy");
	tap_ok(says(3, "/run/vsock-bpfd/policy.d/p1.policy:6: Deny=connect to namespace n2 port 9",
		    "build/vsockctl explain n1 n2 9"),
	       "a rule is told with file and line, and the status is 3");
	must("mkdir -p /etc/vsock-bpfd/policy.d && cp " DIR "/* /etc/vsock-bpfd/policy.d");
	tap_ok(says(3, " /etc/vsock-bpfd/policy.d/p1.policy:6: Deny",
		    "build/vsockctl explain n1 n2 9"),
	       "where it stands for people, if that is what is in force");
	must("echo '#' >>/etc/vsock-bpfd/policy.d/p1.policy");
	tap_ok(says(3, " /run/vsock-bpfd/policy.d/p1.policy:6: Deny",
		    "build/vsockctl explain n1 n2 9"),
	       "and not if it has changed");
	tap_ok(says(3, "p1.policy:4: Mode=local", "build/vsockctl explain n2 n1 8"),
	       "so is a mode");
	tap_ok(says(3, "Allow=accept from namespace n2 port 8", "build/vsockctl explain n2 n1 8"),
	       "and what to write");
	tap_ok(says(3, "\"line\": 6", "build/vsockctl explain n1 n2 9 --json"), "as JSON, too");
	tap_ok(says(0, "allowed: connect from n2 to (init) port 8",
		    "build/vsockctl explain n2 '(init)' 8"),
	       "what is allowed has status 0");
	write_file("/tmp/other.d/p1.policy", "[Match]\nName=n1\n[Namespace]\nMode=local\n[Rules]\n"
					     "Allow=accept from namespace n2 port 8\n");
	command(&said, "build/vsockctl --policy-dir /tmp/other.d explain n2 n1 8");
	tap_ok(said.status == (kernel_has_modes() ? said.status : 0),
	       "once it is written it is allowed");
	tap_ok(says(3, "refused", "build/vsockctl explain n2 n1 8"), "and not before");
	tap_ok(says(3, "no guest", "build/vsockctl explain n2 guest 4711 8"),
	       "a guest that is not there is refused");
	tap_ok(says(3, "dgram", "build/vsockctl --type dgram explain n2 n3 8"),
	       "a type that the kernel has not");
	tap_ok(says(2, "", "build/vsockctl explain guest 50 guest 51 8"), "no way");
	tap_ok(says(2, "", "build/vsockctl explain n1 n2 x"), "no port");
	tap_ok(says(1, "", "build/vsockctl explain nowhere n2 8"), "no namespace");
}

/* Of a namespace without a record, which a trial would give one: the device stays as it is. */
static void trial_changes_nothing(void)
{
	must("ip netns add n9");
	write_file("/tmp/other.d/p9.policy", "[Match]\nName=n9\n[Rules]\nDeny=bind port 9\n");
	make_guest("n9", 59);
	tap_ok(says(0, "59 explain[", "build/vsockctl cids | tr -s ' '") &&
		       says(0, "] n9 ", "build/vsockctl cids | tr -s ' ' | grep '^59 '"),
	       "cids shows whose it is");
	command(&said, "build/vsockctl cids");
	tap_ok(!strncmp(said.err, "note: ", 6) == kernel_has_modes(),
	       "and on a kernel with modes what that is worth");
	tap_ok(says(0, "", "build/vsockctl explain n2 guest 59 8"), "a guest is reached");
	command(&said, "build/vsockctl --policy-dir /tmp/other.d explain n2 guest 59 8");
	tap_ok(said.status == 0, "and would be");
	tap_ok(says(0, "", "build/vsockctl explain n2 guest 59 8"), "and still is");
}

/* A guest of the initial namespace that a policy takes out of it. */
static void guest_of_its_own(void)
{
	must("rm -rf " DIR " && mkdir " DIR);
	write_file(DIR "/vm.policy", "[Match]\nGuest=58\n[Namespace]\nMode=local\n[Rules]\n"
				     "Allow=connect to namespace (init) port 9\n");
	tap_ok(put_in_force(), "a policy for a guest");
	make_guest("/proc/1/ns/net", 58);
	tap_ok(says(3, "vm.policy:4: Mode=local", "build/vsockctl explain '(init)' guest 58 8"),
	       "its mode is told with file and line");
	tap_ok(strstr(said.out, "vm.policy, [Rules]: Allow=accept from namespace (init) port 8"),
	       "and what to write");
	tap_ok(strstr(said.out, "without rules allows it"), "natively it is no end of its own");
	tap_ok(says(0, "vm.policy:6: Allow=connect", "build/vsockctl explain guest 58 '(init)' 9"),
	       "a rule lets it out");
	tap_ok(says(3, "Mode=local", "build/vsockctl explain guest 58 '(init)' 8"),
	       "at this port alone");
	tap_ok(says(0, "(58)\n", "build/vsockctl rules"), "the policy has a holder");
	tap_ok(says(0, "\"cid\": 58", "build/vsockctl --json rules"), "as JSON, too");
	if (!kernel_has_modes())
		tap_ok(says(0, "\"policy\": \"vm\"", "build/vsockctl --json cids"),
		       "and the guest its policy");
}

/* A mode that no policy has set, of the layer's or of the kernel's own. */
static void modes(void)
{
	if (kernel_has_modes()) {
		must("echo local >/proc/sys/net/vsock/child_ns_mode && ip netns add n8");
		tap_ok(says(3, "kernel:", "build/vsockctl explain n2 n8 8"),
		       "the kernel's own mode");
		return;
	}
	must("build/vsockctl -n n4 set ns_mode local");
	tap_ok(says(3, "it is local", "build/vsockctl --policy-dir /tmp/other.d explain n2 n4 8"),
	       "a mode that was set stays in a trial");
}

/* --- The world --- */

static void open_space(int i)
{
	char name[16];

	snprintf(name, sizeof(name), "n%d", i);
	if (i)
		must("ip netns add %s", name);
	if (i ? netns_open(&spaces[i], name) : netns_open_init(&spaces[i]))
		tap_bail("namespace %d", i);
	places[i].netns = spaces[i].id;
	if (kernel_has_modes())
		sysctl_mode_get(&spaces[i], "ns_mode", &places[i].native);
}

/* HOW MANY cases, and the SEED. */
int main(int argc, char **argv)
{
	unsigned int wanted = argc > 1 ? atoi(argv[1]) : 480;
	int i;

	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
	must("modprobe -a vhost_vsock vsock_loopback");
	must("mkdir -p /run/vsock-bpfd");
	for (i = 0; i < SPACES; i++)
		open_space(i);
	/* On 7.x it is attached with the first policy; guests are recorded from then on. */
	must("mkdir -p " DIR);
	write_policies();
	if (!put_in_force())
		tap_bail("the first policies");
	make_guest("n1", 50);
	make_guest("n2", 51);
	random_cases(wanted);
	/* What follows wants n2 global, and a mode of many random policies stays. */
	if (argc > 1)
		return tap_end();
	commands();
	trial_changes_nothing();
	guest_of_its_own();
	modes();
	return tap_end();
}
