// SPDX-License-Identifier: GPL-2.0-only
/* Policy files: every mistake with its line, what is understood, and who gets which. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/audit.h"
#include "policy/match.h"
#include "policy/read.h"
#include "policy/policies.h"
#include "lib/log.h"
#include "unit.h"
#include "lib/keywords.h"

/* What was said, line by line. */
static char said[1 << 14];

int log_error(int error, const char *format, ...)
{
	size_t length = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + length, sizeof(said) - length, format, args);
	va_end(args);
	strcat(said, "\n");
	return -error;
}

int log_errno(int error, const char *format, ...)
{
	(void)format;
	strcat(said, strerror(error));
	return -error;
}

static char place[] = "/tmp/policy-XXXXXX";

static void put_bytes(const char *name, const char *text, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	close(fd);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static int begin(void **state)
{
	(void)state;
	said[0] = '\0';
	return system("rm -rf d; mkdir d");
}

static int make_place(void **state)
{
	(void)state;
	return mkdtemp(place) ? chdir(place) : -1;
}

static int remove_place(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return chdir("/") || system(command);
}

/* One file with this text is refused, and this is all that is said. */
static void refused_bytes(const char *text, size_t size, const char *why)
{
	struct policies policies;

	said[0] = '\0';
	put_bytes("d/web.policy", text, size);
	assert_int_equal(policies_read(&policies, "d"), -EINVAL);
	assert_string_equal(said, why);
	assert_int_equal(policies.count, 0);
}

static void refused(const char *text, const char *why)
{
	refused_bytes(text, strlen(text), why);
}

/* A rule in line 4. */
static void bad_rule(const char *rule, const char *why)
{
	char text[512], line[512];

	snprintf(text, sizeof(text), "[Match]\nName=web\n[Rules]\n%s\n", rule);
	snprintf(line, sizeof(line), "d/web.policy:4: %s\n", why);
	refused(text, line);
}

static void read_good(struct policies *policies)
{
	int ret = policies_read(policies, "d");

	assert_string_equal(said, "");
	assert_int_equal(ret, 0);
}

static void read_text(struct policies *policies, const char *text)
{
	put("d/web.policy", text);
	read_good(policies);
	assert_int_equal(policies->count, 1);
}

static void test_sections(void **state)
{
	(void)state;
	refused("", "d/web.policy: there is no [Match]: the policy would fit nothing\n");
	refused("[Rules]\nDeny=bind\n",
		"d/web.policy: there is no [Match]: the policy would fit nothing\n");
	refused("[Match]\n\n[Rules]\n", "d/web.policy:1: [Match] needs Name=, Path=, Cgroup=, "
					"Annotation=, Pod= or Guest=\n");
	refused("[Match]\nName=a\n[Rule]\nDeny=bind\n",
		"d/web.policy:3: [Rule]: no such section; did you mean Rules?\n");
	refused("[Match]\nName=a\n[Surprise]\n", "d/web.policy:3: [Surprise]: no such section\n");
	refused("[Match]\nName=a\n[match]\n",
		"d/web.policy:3: [match]: no such section; did you mean Match?\n");
	refused("[Match]\nName=a\n[Rules]\n[Match]\nName=b\n",
		"d/web.policy:4: [Match]: is already in line 1\n");
	refused("[Match]\nName=a\n[Rules] # mine\n",
		"d/web.policy:3: a section is [Name] and nothing else\n");
	refused("[Match]\nName=a\n[Rules\nDeny=bind\n",
		"d/web.policy:3: a section is [Name] and nothing else\n");
	refused("Name=a\nPath=/b\n[Match]\nName=a\n",
		"d/web.policy:1: there is no [Section] before it\n");
}

static void test_keys(void **state)
{
	(void)state;
	refused("[Match]\nNmae=a\n",
		"d/web.policy:2: Nmae=: no such key in [Match]; did you mean Name?\n");
	refused("[Match]\nName=a\n[Namespace]\nmode=local\n",
		"d/web.policy:4: mode=: no such key in [Namespace]; did you mean Mode?\n");
	refused("[Match]\nName=a\n[Rules]\nForbid=bind\n",
		"d/web.policy:4: Forbid=: no such key in [Rules]\n");
	refused("[Match]\nName=a\nMode=local\n",
		"d/web.policy:3: Mode=: belongs in [Namespace], not in [Match]\n");
	refused("[Match]\nName=a\n[Namespace]\nDeny=bind\n",
		"d/web.policy:4: Deny=: belongs in [Rules], not in [Namespace]\n");
	refused("[Match]\nName=a\n[Rules]\nPath=/a\n",
		"d/web.policy:4: Path=: belongs in [Match], not in [Rules]\n");
	refused("[Match]\nName=\nName=a\n", "d/web.policy:2: Name=: missing value\n");
	refused("[Match]\nName=a\n[Namespace]\nMode=local\n\nMode=local\n",
		"d/web.policy:6: Mode=: is already in line 4\n");
	refused("[Match]\nName=a\n[Namespace]\nInherit=no\nInherit=yes\nAudit=no\nAudit=no\n"
		"ChildMode=local\nChildMode=local\n",
		"d/web.policy:5: Inherit=: is already in line 4\n"
		"d/web.policy:7: Audit=: is already in line 6\n"
		"d/web.policy:9: ChildMode=: is already in line 8\n");
	refused("[Match]\nName=a\n[Namespace]\nMode=locl\n",
		"d/web.policy:4: Mode=locl: neither global nor local; did you mean local?\n");
	refused("[Match]\nName=a\n[Namespace]\nChildMode=none\n",
		"d/web.policy:4: ChildMode=none: neither global nor local\n");
	refused("[Match]\nName=a\n[Namespace]\nLog=yes\nLog=accept\n",
		"d/web.policy:4: Log=yes: not accepted, which is all that can be logged\n"
		"d/web.policy:5: Log=: is already in line 4\n");
	refused("[Match]\nName=a\n[Namespace]\nAudit=maybe\nInherit=2\n",
		"d/web.policy:4: Audit=maybe: neither yes nor no\n"
		"d/web.policy:5: Inherit=2: neither yes nor no\n");
	refused("[Match]\nName=a\n[Namespace]\nMode=local\nChildMode=global\n",
		"d/web.policy:5: ChildMode=global: a local namespace makes only local ones\n");
	refused("[Match]\nName=db (init)\n[Namespace]\nMode=local\n",
		"d/web.policy:4: Mode=local: Name=(init) stays global; ChildMode= is for what it "
		"makes\n");
}

static void test_globs(void **state)
{
	(void)state;
	refused("[Match]\nName=/run/netns/a\n",
		"d/web.policy:2: Name=/run/netns/a: a name has no slash; Path= is for paths\n");
	refused("[Match]\nPath=/a docker/netns\n",
		"d/web.policy:2: Path=docker/netns: begins with neither / nor *\n");
	refused("[Match]\nCgroup=machine.slice\n",
		"d/web.policy:2: Cgroup=machine.slice: begins with neither / nor *\n");
	refused("[Match]\nName=!kube-*\n", "d/web.policy:2: Name=!kube-*: there is no negation; a "
					   "policy that comes first takes "
					   "out what it fits\n");
	refused("[Match]\nName=web* # text\n",
		"d/web.policy:2: Name=#: a comment needs a line of its own\n");
	refused("[Match]\nName=\"web\"\n",
		"d/web.policy:2: Name=\"web\": quotes are ordinary characters here; "
		"'?' fits a blank\n");
	refused("[Match]\nPath=/run/netns/c-*,/run/docker/netns/*\n",
		"d/web.policy:2: Path=/run/netns/c-*,/run/docker/netns/*: values are separated by "
		"blanks, not by commas\n");
	refused("[Match]\nName=a[bc\n", "d/web.policy:2: Name=a[bc: a '[' without its ']'\n");
	refused("[Match]\nName=a[]\n", "d/web.policy:2: Name=a[]: a '[' without its ']'\n");
	refused("[Match]\nName=a[!]\n", "d/web.policy:2: Name=a[!]: a '[' without its ']'\n");
	refused("[Match]\nName=a[\n", "d/web.policy:2: Name=a[: a '[' without its ']'\n");
	refused("[Match]\nName=a\\\n", "d/web.policy:2: Name=a\\: ends with a backslash\n");
	refused("[Match]\nAnnotation=tenant\n",
		"d/web.policy:2: Annotation=tenant: not KEY=GLOB\n");
	refused("[Match]\nAnnotation==a\n", "d/web.policy:2: Annotation==a: not KEY=GLOB\n");
	refused("[Match]\nAnnotation=io.*=a\n",
		"d/web.policy:2: Annotation=io.*=a: a glob can only come after the '='\n");
	refused("[Match]\nPod=web\n", "d/web.policy:2: Pod=web: not NAMESPACE/NAME\n");
	refused("[Match]\nPod=/web\n", "d/web.policy:2: Pod=/web: not NAMESPACE/NAME\n");
	refused("[Match]\nPod=web/\n", "d/web.policy:2: Pod=web/: not NAMESPACE/NAME\n");
	refused("[Match]\nPod=a/b/c\n", "d/web.policy:2: Pod=a/b/c: not NAMESPACE/NAME\n");
	refused("[Match]\nPod=a/b,c\n", "d/web.policy:2: Pod=a/b,c: values are separated by "
					"blanks, not by commas\n");
}

static void test_lines(void **state)
{
	static const char nul[] = "[Match]\nName=a\0b\n", late[] = "[Match]\nName=a\n# \0\n";

	(void)state;
	refused("[Match]\nName=a\nweb\n", "d/web.policy:3: neither [Section] nor Key=value\n");
	refused("[Match]\nName: a\n", "d/web.policy:2: neither [Section] nor Key=value\n");
	refused("[Match]\n=a\nName=b\n", "d/web.policy:2: there is no key before the '='\n");
	refused("[Match]\nName=a ; the web\n",
		"d/web.policy:2: a comment needs a line of its own\n");
	refused_bytes(nul, sizeof(nul) - 1,
		      "d/web.policy:2: control character 0x00 is not allowed\n");
	refused_bytes(late, sizeof(late) - 1,
		      "d/web.policy:3: control character 0x00 is not allowed\n");
	refused("[Match]\nName=a\rName=b\n",
		"d/web.policy:2: control character 0x0d is not allowed\n");
	refused("[Match]\nName=a\033[1m\n",
		"d/web.policy:2: control character 0x1b is not allowed\n");
}

static void test_utf8(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xc3",
		"\xc0\xaf",
		"\xe0\x80\xaf",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xff",
		"\xe2\x82",
		"\xe2\x28\xa1",
	};
	static const char *const good[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xa7" };
	struct policies policies;
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "[Match]\nName=a\n# %s\n", bad[i]);
		refused(text, "d/web.policy:3: this is not UTF-8\n");
	}
	said[0] = '\0';
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(text, sizeof(text), "[Match]\nName=a%s\n", good[i]);
		read_text(&policies, text);
		policies_free(&policies);
	}
}

/* Editors of other systems: a mark in front, and another end of line. Blanks mean nothing. */
static void test_taken_as_meant(void **state)
{
	struct policies policies;

	(void)state;
	read_text(&policies, "\xef\xbb\xbf[Match]\r\nName=a\r\n  ; x\r\n\t[Rules]\r\n"
			     "  Deny = accept  from\tguests \r\n\tDeny=bind");
	assert_int_equal(policies.policy[0].names.count, 1);
	assert_string_equal(policies.policy[0].names.glob[0], "a");
	assert_int_equal(policies.policy[0].rules, 2);
	assert_string_equal(policies.policy[0].rule[0].text, "accept from guests");
	assert_int_equal(policies.policy[0].rule[0].line, 5);
	assert_string_equal(policies.policy[0].rule[1].text, "bind");
	policies_free(&policies);
}

/* A line is taken whole or not at all. */
static void test_long_lines(void **state)
{
	char text[4096], name[1024];
	struct policies policies;
	size_t length, taken = 0;

	(void)state;
	for (length = 100; length < sizeof(name); length++) {
		memset(name, 'a', length);
		name[length] = '\0';
		snprintf(text, sizeof(text), "[Match]\nName=%s\n", name);
		put("d/web.policy", text);
		said[0] = '\0';
		if (policies_read(&policies, "d"))
			break;
		assert_string_equal(policies.policy[0].names.glob[0], name);
		taken = length;
		policies_free(&policies);
	}
	assert_true(taken > 180 && length < sizeof(name));
	snprintf(text, sizeof(text),
		 "d/web.policy:2: longer than %zu bytes; several lines with one key add up\n",
		 taken + strlen("Name="));
	assert_string_equal(said, text);
}

static void test_rules(void **state)
{
	(void)state;
	bad_rule("Allow=conect to host", "conect: a rule begins with connect, accept, bind or "
					 "guest; did you mean connect?");
	bad_rule("Deny=everything",
		 "everything: a rule begins with connect, accept, bind or guest");
	bad_rule("Allow=bind port 1", "bind is allowed unless a rule denies it: only Deny=bind is "
				      "a rule");
	bad_rule("Allow=guest 3", "guest is allowed unless a rule denies it: only Deny=guest is a "
				  "rule");
	bad_rule("Deny=connect", "connect: missing 'to' and peer");
	bad_rule("Deny=connect from guests", "connect: 'to' has to follow, not 'from'");
	bad_rule("Deny=accept to guests", "accept: 'from' has to follow, not 'to'");
	bad_rule("Deny=connect to", "to: missing peer");
	bad_rule("Deny=accept from geusts",
		 "geusts: neither anyone, host, guests, guest CID, namespace NAME nor policy NAME; "
		 "did you mean guests?");
	bad_rule("Deny=connect to web",
		 "web: neither anyone, host, guests, guest CID, namespace NAME nor policy NAME");
	bad_rule("Deny=connect to guest", "guest: missing CID (write 'guests' for all)");
	bad_rule("Deny=connect to namespace", "namespace: missing name");
	bad_rule("Deny=connect to policy", "policy: missing name");
	bad_rule("Deny=connect to namespace web*",
		 "namespace web*: rules take exact names; give those namespaces a policy, and name "
		 "it");
	bad_rule("Deny=connect to namespace /run/netns/a",
		 "namespace /run/netns/a: a name, not a path");
	bad_rule("Deny=connect to policy wbe", "policy wbe: there is no such policy; did you mean "
					       "web?");
	bad_rule("Deny=connect to policy tenant", "policy tenant: there is no such policy");
	bad_rule("Deny=bind prot 1", "prot: here only port LIST may follow; did you mean port?");
	bad_rule("Deny=bind port", "port: missing number");
	bad_rule("Deny=bind port 1 2", "2: nothing may follow here");
	bad_rule("Deny=accept from host port 1 # ssh", "#: nothing may follow here");
	bad_rule("Deny=guest 3 port 1", "port: nothing may follow here");
}

static void test_numbers(void **state)
{
	static const char *const forms[] = { "x",     "1,",   ",1", "1,,2", "1-", "-1",
					     "1-2-3", "0x16", "+1", "1;2",  "1.5" };
	char rule[64], why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		snprintf(rule, sizeof(rule), "Deny=bind port %s", forms[i]);
		snprintf(why, sizeof(why),
			 "%s: numbers, ranges like 8-15, and commas, without blanks", forms[i]);
		bad_rule(rule, why);
	}
	bad_rule("Deny=bind port 1, 2",
		 "1,: numbers, ranges like 8-15, and commas, without blanks");
	bad_rule("Deny=bind port 99-3", "99-3: 99-3: the range is reversed");
	bad_rule("Deny=bind port 4294967295", "4294967295: ports are 0 to 4294967294");
	bad_rule("Deny=bind port 1-4294967296", "1-4294967296: ports are 0 to 4294967294");
	bad_rule("Deny=bind port 18446744073709551617",
		 "18446744073709551617: ports are 0 to 4294967294");
	bad_rule("Deny=guest 2", "2: CIDs of guests are 3 to 4294967294");
	bad_rule("Deny=guest 0-9", "0-9: CIDs of guests are 3 to 4294967294");
	bad_rule("Deny=connect to guest 4294967295",
		 "4294967295: CIDs of guests are 3 to 4294967294");
}

static void is_rule(const struct rule *rule, enum decision decision, enum rule_verb verb,
		    enum rule_peer peer, const char *text)
{
	assert_int_equal(rule->decision, decision);
	assert_int_equal(rule->verb, verb);
	assert_int_equal(rule->peer, peer);
	assert_string_equal(rule->text, text);
}

static void test_understood(void **state)
{
	struct policies policies;
	const struct policy *policy;
	const struct ranges *ports;

	(void)state;
	put("d/other.policy", "[Match]\nName=o\n");
	put("d/web.policy",
	    "[Match]\nName=web* db\nName=x\nPath=/run/*\nCgroup=/a\n"
	    "Annotation=k=v=w\nPod=a/b* c/d\n[Namespace]\nMode=global\nChildMode=local\n"
	    "Audit=on\nLog=accepted\nInherit=No\n[Rules]\n"
	    "Allow=connect to namespace db port 5432\n"
	    "Allow=connect to policy other port 80,443,8000-8100\n"
	    "Allow=accept from guest 42\nDeny=connect to host\n"
	    "Deny=connect to anyone port 0-4294967294\nDeny=guest 3-99,4294967294\n"
	    "Deny=accept from guests\nDeny=bind\nDeny=guest\n");
	read_good(&policies);
	assert_int_equal(policies.count, 2);
	policy = policies_find(&policies, "web");
	assert_string_equal(policy->file, "d/web.policy");
	assert_int_equal(policy->names.count, 3);
	assert_string_equal(policy->names.glob[2], "x");
	assert_string_equal(policy->annotations.glob[0], "k=v=w");
	assert_int_equal(policy->pods.count, 2);
	assert_string_equal(policy->pods.glob[1], "c/d");
	assert_true(policy->sets_mode && policy->sets_child_mode);
	assert_int_equal(policy->mode, GLOBAL);
	assert_int_equal(policy->child_mode, LOCAL);
	assert_true(policy->audit);
	assert_true(policy->log_accepted);
	assert_false(policy->inherit);
	assert_int_equal(policy->rules, 9);
	is_rule(&policy->rule[0], ALLOW, CONNECT, BY_NAME, "connect to namespace db port 5432");
	assert_string_equal(policy->rule[0].name, "db");
	is_rule(&policy->rule[1], ALLOW, CONNECT, BY_POLICY,
		"connect to policy other port 80,443,8000-8100");
	ports = &policy->rule[1].ports;
	assert_int_equal(ports->count, 3);
	assert_int_equal(ports->range[2].first, 8000);
	assert_int_equal(ports->range[2].last, 8100);
	is_rule(&policy->rule[2], ALLOW, ACCEPT, BY_CID, "accept from guest 42");
	assert_int_equal(policy->rule[2].cids.range[0].last, 42);
	assert_int_equal(policy->rule[2].ports.range[0].last, 4294967295U);
	is_rule(&policy->rule[3], DENY, CONNECT, OUTSIDE, "connect to host");
	is_rule(&policy->rule[4], DENY, CONNECT, ANYONE, "connect to anyone port 0-4294967294");
	assert_int_equal(policy->rule[4].ports.range[0].last, 4294967294U);
	is_rule(&policy->rule[5], DENY, GUEST, ANYONE, "guest 3-99,4294967294");
	assert_int_equal(policy->rule[5].cids.count, 2);
	is_rule(&policy->rule[6], DENY, ACCEPT, BY_CID, "accept from guests");
	is_rule(&policy->rule[7], DENY, BIND, ANYONE, "bind");
	is_rule(&policy->rule[8], DENY, GUEST, ANYONE, "guest");
	policy = policies_find(&policies, "other");
	assert_false(policy->sets_mode || policy->sets_child_mode || policy->audit ||
		     policy->log_accepted);
	assert_true(policy->inherit);
	assert_null(policies_find(&policies, "we"));
	policies_free(&policies);
}

/* All of them, in order, up to what people read. */
static void test_many_mistakes(void **state)
{
	char text[2048] = "[Match]\nName=a\n[Rules]\n", expected[4096] = "", line[128];
	struct policies policies;
	int i;

	(void)state;
	put("d/b.policy", "[Match]\nName=b\nName=[\n[Rules]\nDeny=connect to policy x\nDeny=x\n");
	put("d/a.policy", "[Match]\nName=b\n[Rules]\nDeny=bind port 4294967295\n");
	assert_int_equal(policies_read(&policies, "d"), -EINVAL);
	assert_string_equal(said,
			    "d/a.policy:4: 4294967295: ports are 0 to 4294967294\n"
			    "d/b.policy:3: Name=[: a '[' without its ']'\n"
			    "d/b.policy:5: policy x: there is no such policy\n"
			    "d/b.policy:6: x: a rule begins with connect, accept, bind or guest\n");
	for (i = 0; i < 25; i++) {
		strcat(text, "Deny=bind port 4294967295\n");
		snprintf(line, sizeof(line),
			 "d/a.policy:%d: 4294967295: ports are 0 to 4294967294\n", i + 4);
		if (i < MISTAKES_KEPT)
			strcat(expected, line);
	}
	strcat(expected, "and 8 more mistakes\n");
	put("d/a.policy", text);
	said[0] = '\0';
	assert_int_equal(policies_read(&policies, "d"), -EINVAL);
	assert_string_equal(said, expected);
}

static void test_directory(void **state)
{
	static const char good[] = "[Match]\nName=a\n";
	struct policies policies;
	int ret;

	(void)state;
	ret = policies_read(&policies, "missing");
	assert_int_equal(ret, 0);
	assert_int_equal(policies.count, 0);
	policies_free(&policies);
	/* Order of files, not of names: '-' comes before '.'. */
	put("d/a.policy", good);
	put("d/a-b.policy", good);
	put("d/10-z.policy", good);
	put("d/Z.policy", good);
	put("d/.hidden", "junk");
	put("d/.policy", "junk");
	put("d/a.policy~", "junk");
	put("d/a.policy.dpkg-old", "junk");
	put("d/a.policy.rpmsave", "junk");
	read_good(&policies);
	assert_int_equal(policies.count, 4);
	assert_string_equal(policies.policy[0].name, "10-z");
	assert_string_equal(policies.policy[1].name, "Z");
	assert_string_equal(policies.policy[2].name, "a-b");
	assert_string_equal(policies.policy[3].name, "a");
	assert_ptr_equal(policies_find(&policies, "a"), &policies.policy[3]);
	assert_ptr_equal(policies_find(&policies, "a-b"), &policies.policy[2]);
	policies_free(&policies);
	put("d/README", "junk");
	put("d/we b.policy", good);
	put("d/we*.policy", good);
	assert_int_equal(mkdir("d/dir.policy", 0700), 0);
	assert_int_equal(mkfifo("d/fifo.policy", 0600), 0);
	assert_int_equal(symlink("nowhere", "d/link.policy"), 0);
	assert_int_equal(policies_read(&policies, "d"), -EINVAL);
	assert_string_equal(
		said, "d/README: does not end in .policy; begin its name with a dot if it is to be "
		      "ignored\n"
		      "d/dir.policy: Is a directory\n"
		      "d/fifo.policy: not a regular file\n"
		      "d/link.policy: No such file or directory\n"
		      "d/we b.policy: a policy's name has no blanks\n"
		      "d/we*.policy: a policy's name has none of *?[\n");
	said[0] = '\0';
	put("file", "");
	assert_int_equal(policies_read(&policies, "file"), -ENOTDIR);
	assert_string_equal(said, strerror(ENOTDIR));
}

/* As kubelet mounts it. */
static void test_config_map(void **state)
{
	struct policies policies;

	(void)state;
	assert_int_equal(mkdir("d/..2026_11_24", 0700), 0);
	put("d/..2026_11_24/web.policy", "[Match]\nName=a\n");
	assert_int_equal(symlink("..2026_11_24", "d/..data"), 0);
	assert_int_equal(symlink("..data/web.policy", "d/web.policy"), 0);
	read_good(&policies);
	assert_int_equal(policies.count, 1);
	assert_string_equal(policies.policy[0].name, "web");
	policies_free(&policies);
}

static void test_files(void **state)
{
	char *files[] = { (char *)"d/b.policy", (char *)"e/a.policy", (char *)"d/a.policy" };
	struct policies policies;

	(void)state;
	assert_int_equal(system("rm -rf e; mkdir e"), 0);
	put("d/b.policy", "[Match]\nName=a\n[Rules]\nDeny=connect to policy a\n");
	put("e/a.policy", "[Match]\nName=a\n");
	put("d/a.policy", "[Match]\nName=a\n");
	assert_int_equal(policies_load_files(&policies, files, 2), 0);
	assert_int_equal(policies.count, 2);
	assert_string_equal(policies.policy[0].name, "a");
	policies_free(&policies);
	/* A set of their own: d/a.policy is not in it. */
	assert_int_equal(policies_load_files(&policies, files, 1), -EINVAL);
	policies_free(&policies);
	assert_int_equal(policies_load_files(&policies, files, 3), -EINVAL);
	assert_int_equal(policies.mistakes, 1);
	assert_non_null(strstr(policies.mistake[0].reason, "another policy of this name is "));
	policies_free(&policies);
}

static void test_match(void **state)
{
	static const struct annotation annotations[] = { { "a", "tenant-x" }, { "bb", "1" } };
	static const struct annotation other[] = { { "a", "x" }, { "aa", "tenant-x" }, { "", "" } };
	char *name[1], *path[1], *cgroup[1];
	struct traits traits = {};
	struct policies policies;

	(void)state;
	put("d/1.policy", "[Match]\nName=web* db\n");
	put("d/2.policy", "[Match]\nPath=/run/docker/netns/*\n");
	put("d/3.policy", "[Match]\nName=*\nCgroup=/machine.slice/*\n");
	put("d/4.policy", "[Match]\nAnnotation=a=tenant-*\nAnnotation=b=1\n");
	put("d/5.policy", "[Match]\nName=x (init)\n");
	put("d/6.policy", "[Match]\nName=*\n");
	put("d/7.policy", "[Match]\nPath=*\n");
	put("d/8.policy", "[Match]\nPod=tenant-*/web-? kubevirt/*\nAnnotation=a=tenant-*\n");
	put("d/9.policy", "[Match]\nPod=*/*\n");
	read_good(&policies);
#define IS(own, kind, value) (own[0] = (value), traits.kind = (struct texts){ own, 1 })
#define HAS(number)	     assert_int_equal(policies_match(&policies, &traits), (number)-1)
	assert_true(policies_match(&policies, &traits) == NO_POLICY);
	IS(name, names, "web1");
	HAS(1);
	assert_true(policy_fits(&policies.policy[5], &traits));
	IS(name, names, "dbx");
	HAS(6);
	IS(path, paths, "/run/docker/netns/ab12");
	HAS(2);
	IS(path, paths, "/run/netns/dbx");
	IS(cgroup, cgroups, "/machine.slice/libpod-1.scope/container");
	HAS(3);
	/* Different keys must all fit. */
	traits.names.count = 0;
	HAS(7);
	traits.paths.count = 0;
	assert_true(policies_match(&policies, &traits) == NO_POLICY);
	traits.annotations = annotations;
	traits.annotation_count = 2;
	HAS(4);
	traits.annotations = other;
	traits.annotation_count = 3;
	assert_true(policies_match(&policies, &traits) == NO_POLICY);
	traits.pod = "tenant-a/web-1";
	HAS(9);
	traits.annotations = annotations;
	traits.annotation_count = 1;
	HAS(4);
	assert_true(policy_fits(&policies.policy[7], &traits));
	traits.pod = "tenant-a/web-11";
	assert_false(policy_fits(&policies.policy[7], &traits));
	traits.pod = NULL;
	assert_false(policy_fits(&policies.policy[7], &traits));
	/* The initial namespace, only by its name. */
	traits = (struct traits){};
	IS(name, names, "(init)");
	IS(path, paths, "/proc/1/ns/net");
	IS(cgroup, cgroups, "/");
	HAS(5);
	assert_false(policy_fits(&policies.policy[5], &traits));
	assert_false(policy_fits(&policies.policy[6], &traits));
	/* What does not fit its name has no claim to it either. */
	assert_false(policy_is_ruled_out(&policies.policy[4], &traits));
	assert_true(policy_is_ruled_out(&policies.policy[5], &traits));
	assert_true(policy_is_ruled_out(&policies.policy[6], &traits));
#undef IS
#undef HAS
	policies_free(&policies);
}

static void test_hints(void **state)
{
	static const char *const known[] = { "Allow", "Deny", "port" };

	(void)state;
	assert_string_equal(keywords_hint("Alow", known, 3).text, "; did you mean Allow?");
	assert_string_equal(keywords_hint("ALLOW", known, 3).text, "; did you mean Allow?");
	assert_string_equal(keywords_hint("Dney", known, 3).text, "; did you mean Deny?");
	assert_string_equal(keywords_hint("ports", known, 3).text, "; did you mean port?");
	assert_string_equal(keywords_hint("Permit", known, 3).text, "");
	assert_string_equal(keywords_hint("", known, 3).text, "");
	assert_string_equal(
		keywords_hint("a word that is longer than anything that has a name here", known, 3)
			.text,
		"");
}

static void test_guests(void **state)
{
	struct policies policies;
	const struct ranges *guests;

	(void)state;
	refused("[Match]\nGuest=2\n",
		"d/web.policy:2: Guest=2: CIDs of guests are 3 to 4294967294\n");
	refused("[Match]\nGuest=42 4294967295\n",
		"d/web.policy:2: Guest=4294967295: CIDs of guests are 3 to 4294967294\n");
	refused("[Match]\nGuest=9-5\n", "d/web.policy:2: Guest=9-5: 9-5: the range is reversed\n");
	refused("[Match]\nGuest=web\n", "d/web.policy:2: Guest=web: numbers, ranges like 8-15, and "
					"commas, without blanks\n");
	refused("[Match]\nGuest=42\nName=web\n",
		"d/web.policy:3: Name=: is for namespaces, and this policy for guests: "
		"Guest= stands alone\n");
	refused("[Match]\nPod=a/b\nGuest=42\n",
		"d/web.policy:2: Pod=: is for namespaces, and this policy for guests: "
		"Guest= stands alone\n");
	refused("[Match]\nGuest=42\n[Namespace]\nChildMode=local\nAudit=yes\nInherit=no\n",
		"d/web.policy:4: ChildMode=: guests make no namespaces\n"
		"d/web.policy:6: Inherit=: guests make no namespaces\n");
	refused("[Match]\nGuest=42\n[Rules]\nDeny=bind port 1\nDeny=guest 42\n",
		"d/web.policy:4: Deny=bind port 1: rules for guests are about connect and accept\n"
		"d/web.policy:5: Deny=guest 42: rules for guests are about connect and accept\n");
	said[0] = '\0';
	put("d/web.policy", "[Match]\nGuest=3 42,50-59\nGuest=4294967294\n");
	put("d/xyz.policy", "[Match]\nGuest=40-50\n");
	read_good(&policies);
	guests = &policies.policy[0].guests;
	assert_int_equal(guests->count, 4);
	assert_int_equal(guests->range[2].last, 59);
	assert_true(policies_match_guest(&policies, 4) == NO_POLICY);
	assert_int_equal(policies_match_guest(&policies, 50), 0);
	assert_int_equal(policies_match_guest(&policies, 49), 1);
	policies_free(&policies);
}

/* A policy for guests is for no namespace, whatever is known of it. */
static void test_guests_and_namespaces(void **state)
{
	char *name[] = { "web" };
	const struct traits none = {}, traits = { .names = { name, 1 } };
	struct policies policies;

	(void)state;
	put("d/web.policy", "[Match]\nGuest=3-99\n[Namespace]\nMode=local\n");
	read_good(&policies);
	assert_true(policies_match(&policies, &traits) == NO_POLICY);
	assert_true(policies_match(&policies, &none) == NO_POLICY);
	assert_false(policies_hold_new(&policies));
	assert_true(policies_have_rules(&policies));
	policies_free(&policies);
}

/*
 * Anything may stand in a file: it is read or refused, and what is refused has a reason. The
 * text is a copy of its own, so that reading behind its end is seen by whoever looks for that.
 */
static void read_mutated(const char *text, size_t size, unsigned int *good, unsigned int *bad)
{
	struct policies policies = {};
	char *copy = malloc(size + !size);

	assert_non_null(copy);
	memcpy(copy, text, size);
	policy_read(&policies, "web", "web.policy", copy, size);
	assert_int_equal(policies.count, 1);
	*(policies.mistakes ? bad : good) += 1;
	if (policies.mistakes)
		assert_true(*policies.mistake[0].reason);
	policies_free(&policies);
	free(copy);
}

static void test_mutated(void **state)
{
	static const char seed[] =
		"[Match]\nName=web* db (init)\nPath=/run/[a-z]*\nCgroup=/a\n"
		"Annotation=k=v\nPod=a/b*\n[Namespace]\nChildMode=local\nAudit=yes\n"
		"Inherit=no\n[Rules]\nAllow=connect to namespace db port 5432\n"
		"Allow=accept from guest 42,50-60 port 22,80-90\n"
		"Deny=connect to policy web\nDeny=bind port 1-1023\n"
		"Deny=guest 3-99\n# \xc3\xa9\n";
	static const char odd[] = "[]=:;#*?\\-, \t\r\n\0\x80\xc3\xff"
				  "09aP(";
	unsigned int random = 1, good = 0, bad = 0, i, j;
	char text[sizeof(seed)];

	(void)state;
	/* Cut off anywhere, */
	for (i = 0; i < sizeof(seed); i++)
		read_mutated(seed, i, &good, &bad);
	/* and with one to four bytes that are something else. */
	for (i = 0; i < 100000; i++) {
		memcpy(text, seed, sizeof(text));
		for (j = 0; j <= i % 4; j++) {
			random = random * 1103515245 + 12345;
			text[(random >> 8) % (sizeof(text) - 1)] =
				odd[(random >> 20) % sizeof(odd)];
		}
		read_mutated(text, sizeof(text) - 1, &good, &bad);
	}
	assert_true(good > 1000 && bad > 1000);
}

/* --- As they would be with Audit=yes --- */

static void audits(const char *text, const char *wanted)
{
	struct policy_file file = { .path = "d/a.policy", .base = "a.policy" };
	struct policy_files files = { .file = &file, .count = 1 };
	struct policies policies = {};

	file.size = strlen(text);
	file.bytes = strdup(text);
	policy_files_audit(&files);
	assert_int_equal(file.size, strlen(wanted));
	assert_memory_equal(file.bytes, wanted, file.size);
	policy_read(&policies, "a", "d/a.policy", file.bytes, file.size);
	assert_int_equal(policies.mistakes, 0);
	assert_true(policies.policy[0].audit);
	policies_free(&policies);
	free(file.bytes);
}

static void test_audit(void **state)
{
	(void)state;
	audits("[Match]\nName=a", "[Match]\nName=a\n[Namespace]\nAudit=yes\n");
	audits(" [Namespace]\r\n\tAudit =no\n# Audit=no\nMode=local\n[Match]\nName=a\n",
	       " [Namespace]\r\nAudit=yes\n# Audit=no\nMode=local\n[Match]\nName=a\n");
	audits("\xef\xbb\xbf[Namespace]\nAudit=yes\n[Match]\nName=Audit=no\n",
	       "[Namespace]\nAudit=yes\n[Match]\nName=Audit=no\n");
}

int main(void)
{
#define WITH_DIRECTORY(test) cmocka_unit_test_setup(test, begin)
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(test_sections),	    WITH_DIRECTORY(test_keys),
		WITH_DIRECTORY(test_globs),	    WITH_DIRECTORY(test_lines),
		WITH_DIRECTORY(test_utf8),	    WITH_DIRECTORY(test_taken_as_meant),
		WITH_DIRECTORY(test_long_lines),    WITH_DIRECTORY(test_rules),
		WITH_DIRECTORY(test_numbers),	    WITH_DIRECTORY(test_understood),
		WITH_DIRECTORY(test_many_mistakes), WITH_DIRECTORY(test_directory),
		WITH_DIRECTORY(test_config_map),    WITH_DIRECTORY(test_files),
		WITH_DIRECTORY(test_match),	    WITH_DIRECTORY(test_hints),
		WITH_DIRECTORY(test_guests),	    WITH_DIRECTORY(test_guests_and_namespaces),
		WITH_DIRECTORY(test_mutated),	    WITH_DIRECTORY(test_audit),
	};

	return cmocka_run_group_tests_name("policy", tests, make_place, remove_place);
}
