// SPDX-License-Identifier: GPL-2.0-only
/*
 * From audited traffic to policies: what is learned lets the same traffic pass once it is in force,
 * and nothing else. Learning itself changes nothing.
 */
#include <errno.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/command.h"
#include "lib/follow.h"
#include "lib/lines.h"
#include "lib/sockets.h"
#include "lib/tap.h"
#include "lib/world.h"

#define BPFD	 "build/vsock-bpfd"
#define CTL	 "build/vsockctl"
#define POLICIES "/tmp/policy.d"
#define LEARN	 CTL " learn --policy-dir " POLICIES
#define LOG	 "/tmp/log.json"
#define LIVE	 "/tmp/live.policy"
#define OUT	 "/tmp/learned.d"
#define PORT	 5432
#define CALLS	 3

static struct said said;
static struct ns init, web1, web2, db, app;
static pid_t service;

static bool says(int status, const char *words, const char *line)
{
	command(&said, "%s", line);
	if (said.status == status && (strstr(said.out, words) || strstr(said.err, words)))
		return true;
	tap_said(&said);
	return false;
}

static bool settles(const char *line)
{
	return settles_within(&said, 60000, 0, line);
}

static pid_t start_follower(const char *line)
{
	pid_t pid = start_command("%s", line);

	await_poll(&said, 60000, pid, line);
	return pid;
}

static int end(pid_t pid)
{
	kill(pid, SIGTERM);
	return wait_command(pid);
}

/* --- The world --- */

static void write_policy(const char *name, const char *text)
{
	must("mkdir -p " POLICIES " && printf '%%b' '%s' >/tmp/new && mv /tmp/new " POLICIES
	     "/%s.policy",
	     text, name);
}

static void make(struct ns *ns, const char *name)
{
	if (ns_make(ns, name, &init, NS_BY_ROOT))
		tap_bail("namespace %s", name);
}

static void serve_in(struct ns *ns, unsigned int port)
{
	if (worker_socket(&ns->listener, SOCK_STREAM) || worker_listen(&ns->listener, port))
		tap_bail("a listener in %s", ns->name);
}

/* A machine that is busy needs its time. */
static int call_from(struct ns *ns, unsigned int port)
{
	int fd = socket_in(ns, 0), err;

	set_patience(fd, 60000);
	err = dial(fd, VMADDR_CID_LOCAL, port);
	close(fd);
	if (err)
		tap_diag("%s to port %u: %s", ns->name, port, strerror(err));
	return err;
}

static void start_service(void)
{
	service = start_command(BPFD " --policy-dir " POLICIES " >>/tmp/service.out 2>&1");
	if (!settles(CTL " reload"))
		tap_bail("the service does not answer");
}

static void set_up(void)
{
	must("modprobe -a vhost_vsock vsock_loopback");
	if (ns_init(&init))
		tap_bail("workers");
	make(&web1, "web1");
	make(&web2, "web2");
	make(&db, "db");
	make(&app, "app");
	write_policy("web",
		     "[Match]\\nName=web*\\n[Namespace]\\nMode=local\\nAudit=yes\\n[Rules]\\n"
		     "Deny=connect to anyone port 9\\n");
	write_policy("db", "[Match]\\nName=db\\n[Namespace]\\nMode=local\\nAudit=yes\\n");
	start_service();
	serve_in(&init, 22);
	serve_in(&web1, 80);
	serve_in(&db, PORT);
}

/* --- Learning --- */

static bool traffic_passes(void)
{
	int i, failed = 0;

	for (i = 0; i < CALLS; i++)
		failed += !!call_from(&web1, PORT);
	failed += !!call_from(&web2, PORT);
	failed += !!call_from(&web1, 22);
	return !failed;
}

/* Each call from web to db is told by both ends. */
static bool is_logged(void)
{
	const struct want wants[] = { { "kind", "audited" },
				      { "verb", "connect" },
				      { "origin.policy", "web" },
				      { "origin.mode", "local" },
				      { "target.namespace", "(init)" },
				      { "target.mode", "global" },
				      {} };
	const struct want all[] = { { "kind", "audited" }, {} };

	return line_comes(LOG, wants) && lines_count(LOG, all) == 2 * (CALLS + 1) + 1;
}

static void learn_live(void)
{
	pid_t monitor = start_follower(CTL " --json monitor >" LOG);
	pid_t learn = start_follower(LEARN " >" LIVE " 2>" LIVE ".err");

	tap_ok(traffic_passes(), "what is audited passes");
	tap_ok(is_logged(), "each end tells what it would refuse, with its policy and mode");
	tap_ok(end(learn) == 0, "learn ends when it is interrupted");
	end(monitor);
	tap_ok(says(0, "",
		    "grep -qx 'Allow=connect to namespace db port 5432' " LIVE
		    " && grep -qx 'Allow=connect to namespace (init) port 22' " LIVE
		    " && grep -qx 'Allow=accept from namespace web1 port 5432' " LIVE
		    " && grep -qx 'Allow=accept from namespace web2 port 5432' " LIVE
		    " && [ $(grep -c ^Allow= " LIVE ") = 4 ]"),
	       "it has learned a rule for each side of what was seen");
	tap_ok(says(0, "", "grep -qx '# 4 calls from web1, web2 to db' " LIVE),
	       "and says how often, and of whom");
}

static void learn_from_log(void)
{
	tap_ok(says(0, "", LEARN " --from-log " LOG " --output " OUT), "a log is learned from");
	tap_ok(says(0, "",
		    "[ \"$(cat " OUT "/db.policy " OUT "/web.policy | grep .)\" = "
		    "\"$(grep . " LIVE " | grep -v ', changed$')\" ]"),
	       "the same");
	tap_ok(says(0, "\"text\": \"# 4 calls from web1, web2 to db\\nAllow=connect",
		    LEARN " --from-log " LOG " --json"),
	       "as JSON, too");
	must("rm " OUT "/db.policy && echo mine >" OUT "/web.policy");
	tap_ok(says(1, "web.policy: nothing is written: File exists",
		    LEARN " --from-log " LOG " --output " OUT),
	       "files are not overwritten");
	tap_ok(says(0, "mine", "cat " OUT "/*"), "none of them, and no other is left there");
	tap_ok(says(1, "put in force", LEARN " --from-log " LOG " --output " POLICIES),
	       "nothing is written where it would be put in force");
	tap_ok(says(1, "put in force",
		    CTL " learn --policy-dir /tmp/none --from-log " LOG " --output /tmp/none") &&
		       access("/tmp/none", F_OK),
	       "nor is that made if it is not there");
	tap_ok(says(1, "/tmp/bad.json:2: not a line",
		    "{ head -1 " LOG "; echo refused; } >/tmp/bad.json; " LEARN
		    " --from-log /tmp/bad.json"),
	       "a line that is none is told");
	must("rm -r " OUT);
}

/* --- What was learned, in force --- */

static void put_in_force(void)
{
	must(LEARN " --from-log " LOG " --output " OUT);
	tap_ok(says(0, "good", CTL " --policy-dir " OUT " check"), "what was learned is good");
	must("cp " OUT "/*.policy " POLICIES "/ && " CTL " reload");
	must("rm -r " OUT);
}

static void check_in_force(void)
{
	tap_ok(call_from(&app, PORT) == 0,
	       "learning has changed nothing: the rest is still audited");
	put_in_force();
	tap_ok(traffic_passes(), "in force, it lets the same traffic pass");
	tap_ok(call_from(&app, PORT) == ECONNRESET, "another namespace is refused");
	tap_ok(call_from(&db, 80) == ECONNRESET, "so is the way back");
	tap_ok(call_from(&db, 22) == ECONNRESET, "and another peer");
	tap_ok(says(3, "refused", CTL " explain web1 db 5433"), "and another port");
	tap_ok(says(3, "Deny=connect to anyone port 9", CTL " explain web1 db 9"),
	       "what the policy had before it has still");
}

/* --- Without audit --- */

/* app refuses, so that nobody asks db, which would refuse, too. */
static void learn_refused(void)
{
	const struct want wants[] = {
		{ "kind", "refused" }, { "origin.namespace", "app" }, { "target.mode", "local" }, {}
	};
	pid_t monitor;

	write_policy("app", "[Match]\\nName=app\\n[Namespace]\\nMode=local\\n");
	must(CTL " reload");
	/* What was not accepted fills its queue. */
	worker_close(&db.listener);
	serve_in(&db, PORT);
	monitor = start_follower(CTL " --json monitor >" LOG);
	tap_ok(call_from(&app, PORT) == ECONNRESET, "a call that both ends refuse");
	tap_ok(line_comes(LOG, wants), "is told once");
	end(monitor);
	put_in_force();
	tap_ok(call_from(&app, PORT) == 0, "both sides are learned from that");
	tap_ok(says(0, "left out: 1 call: the policies allow them already",
		    LEARN " --from-log " LOG),
	       "and not once more");
}

/* --- With Audit=yes meanwhile --- */

static bool is_put_back(void)
{
	return settles("! " CTL " rules | grep -q Audit=yes") && call_from(&db, 80) == ECONNRESET;
}

/* What was not accepted fills the queue of a listener. */
static pid_t start_audit(void)
{
	pid_t pid;

	worker_close(&web1.listener);
	serve_in(&web1, 80);
	pid = start_follower(LEARN " --apply-audit >" LIVE " 2>" LIVE ".err");

	if (call_from(&db, 80))
		tap_bail("what was refused is not audited");
	return pid;
}

static void learn_by_audit(void)
{
	pid_t learn, more;

	tap_ok(call_from(&db, 80) == ECONNRESET, "no policy audits");
	learn = start_audit();
	tap_ok(says(0, "", "[ $(" CTL " rules | grep -c Audit=yes) = 3 ]"),
	       "with --apply-audit all do");
	tap_ok(says(1, "", "grep -q ^Audit= " POLICIES "/*.policy"), "and no file is changed");
	must(CTL " reload");
	tap_ok(!call_from(&db, 80), "also after a reload");
	more = start_audit();
	end(more);
	tap_ok(!call_from(&db, 80), "and after another learner has ended");
	tap_ok(end(learn) == 0 &&
		       says(0, "", "grep -qx 'Allow=connect to namespace web1 port 80' " LIVE),
	       "it learns from that");
	tap_ok(is_put_back(), "and what was there is in force again");
}

static void learn_and_die(void)
{
	pid_t learn = start_audit();

	kill(learn, SIGKILL);
	wait_command(learn);
	tap_ok(is_put_back(), "so it is when learn is killed");
	learn = start_audit();
	write_policy("wrong", "[Match]\nName=a/b\n");
	end(learn);
	tap_ok(is_put_back(), "and when the files are wrong by then");
	must("rm " POLICIES "/wrong.policy && " CTL " reload");
	learn = start_audit();
	kill(service, SIGKILL);
	wait_command(service);
	tap_ok(wait_command(learn) == 1 &&
		       says(0, "", "grep -q 'stays until it starts' " LIVE ".err"),
	       "it says so when the service is killed");
	start_service();
	tap_ok(is_put_back(), "which puts it back when it starts");
}

static void check_usage(void)
{
	tap_ok(says(2, "nothing is audited", LEARN " --apply-audit --from-log " LOG), "no audit");
	tap_ok(says(2, "not a time", LEARN " --for 1x"), "no time");
	tap_ok(says(2, "either", LEARN " --for 1s --from-log " LOG), "either of both");
	tap_ok(says(1, "No such file", LEARN " --from-log /tmp/nowhere"), "no log");
	tap_ok(says(0, "nothing was learned", LEARN " --for 1s"), "a time that ends");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	set_up();
	learn_live();
	learn_from_log();
	check_in_force();
	learn_refused();
	learn_by_audit();
	learn_and_die();
	check_usage();
	end(service);
	return tap_end();
}
