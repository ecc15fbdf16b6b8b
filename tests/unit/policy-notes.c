// SPDX-License-Identifier: GPL-2.0-only
/* What is noted of files that are good, and what is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/netns.h"
#include "lib/trusted-path.h"
#include "policy/notes.h"
#include "policy/policies.h"
#include "lib/log.h"
#include "unit.h"

int log_error(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	return -error;
}

int log_errno(int error, const char *format, ...)
{
	(void)format;
	return -error;
}

/* Plays a machine on which /home is somebody else's. */
int trusted_path_check_folder(const char *path)
{
	return strncmp(path, "/home/", 6) ? -ENOENT : -EPERM;
}

static char place[] = "/tmp/notes-XXXXXX";

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

static int begin(void **state)
{
	(void)state;
	return system("rm -rf d; mkdir d");
}

static void put(const char *name, const char *match, const char *rest)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "d/%s.policy", name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "[Match]\n%s\n%s", match, rest);
	fclose(file);
}

#define LOCAL_ONES "[Namespace]\nMode=local\n[Rules]\n"
#define RULES	   "[Rules]\n"

/* All that is noted: lines of "FILE:LINE: text", of which the text may be a beginning. */
static void noted(const char *const *lines)
{
	struct policies policies;
	struct notes notes;
	char line[1024];
	size_t i;

	assert_int_equal(policies_read(&policies, "d"), 0);
	notes_take(&notes, &policies);
	for (i = 0; i < notes.count && lines[i]; i++) {
		snprintf(line, sizeof(line), "%s:%u: %s", notes.note[i].file, notes.note[i].line,
			 notes.note[i].text);
		if (strncmp(line, lines[i], strlen(lines[i])))
			fail_msg("\"%s\", not \"%s\"", line, lines[i]);
	}
	if (i < notes.count || lines[i])
		fail_msg("%zu notes; next: %s", notes.count,
			 i < notes.count ? notes.note[i].text : lines[i]);
	notes_free(&notes);
	policies_free(&policies);
}

#define NOTED(...) noted((const char *const[]){ __VA_ARGS__, NULL })
#define NOTHING()  noted((const char *const[]){ NULL })

static void test_globs(void **state)
{
	(void)state;
	put("a",
	    "Name=.x web\nPath=/run/docker/netns/ /home/me/* /proc/1/ns/net /run/*\n"
	    "Cgroup=*pods* /a/ /machine.slice/* * /sys/fs/cgroup/b /a//b /a/./b /a/../b\nPod=Web/a "
	    "my_app/b web/*",
	    LOCAL_ONES);
	NOTED("d/a.policy:0: Name=.x: names that begin with a dot",
	      "d/a.policy:0: Path=/run/docker/netns/: fits no file; what is in the folder is "
	      "/run/docker/netns/*",
	      "d/a.policy:0: Path=/home/me/*: a folder on the way",
	      "d/a.policy:0: Path=/proc/1/ns/net: nothing below /proc",
	      "d/a.policy:0: Cgroup=*pods*: fits also what is named so",
	      "d/a.policy:0: Cgroup=/a/: fits no cgroup",
	      "d/a.policy:0: Cgroup=/sys/fs/cgroup/b: fits no cgroup; the path of the one there is "
	      "/b",
	      "d/a.policy:0: Cgroup=/a//b: fits no cgroup",
	      "d/a.policy:0: Cgroup=/a/./b: fits no cgroup", "d/a.policy:0: Pod=Web/a: fits no pod",
	      "d/a.policy:0: Pod=my_app/b: fits no pod",
	      "d/a.policy:0: no namespace gets this policy: a pod is told before");
}

static void test_covered(void **state)
{
	(void)state;
	put("a", "Name=web* db", LOCAL_ONES);
	put("b", "Name=web1 db", LOCAL_ONES);
	put("c", "Name=web1\nCgroup=/x/*", LOCAL_ONES);
	put("d", "Name=web-*", LOCAL_ONES);
	put("e", "Name=we*", LOCAL_ONES);
	put("f", "Cgroup=/x/*", LOCAL_ONES);
	put("g", "Name=web?", LOCAL_ONES);
	/* As a name a star is one letter; as a glob it is more. */
	put("h", "Name=x?", LOCAL_ONES);
	put("i", "Name=x*", LOCAL_ONES);
	put("j", "Pod=web/*", LOCAL_ONES);
	put("k", "Pod=web/a", LOCAL_ONES);
	put("l", "Pod=db/a", LOCAL_ONES);
	NOTED("d/b.policy:0: no namespace gets this policy: d/a.policy comes first",
	      "d/c.policy:0: no namespace gets this policy: d/a.policy",
	      "d/d.policy:0: no namespace gets this policy: d/a.policy",
	      "d/g.policy:0: no namespace gets this policy: d/a.policy",
	      "d/k.policy:0: no namespace gets this policy: d/j.policy");
}

/* The initial namespace is not meant by a star. */
static void test_not_covered(void **state)
{
	(void)state;
	put("a", "Name=*", LOCAL_ONES);
	put("b", "Name=(init)", RULES "Deny=bind port 1\n");
	NOTHING();
}

static void test_dead(void **state)
{
	(void)state;
	put("a", "Name=a",
	    RULES "Deny=accept from anyone port 9,20-30\n"
		  "Allow=accept from namespace x port 9\n"
		  "Allow=accept from guest 5 port 9,31\n"
		  "Allow=connect to namespace x port 9\n"
		  "Deny=connect to guest 3-9\n"
		  "Allow=connect to guest 4,6 port 1\n"
		  "Deny=accept from namespace x port 10-19\n"
		  "Allow=accept from namespace x port 9-30\n"
		  "Allow=accept from namespace y port 9-30\n");
	NOTED("d/a.policy:5: Allow=accept from namespace x port 9: never holds",
	      "d/a.policy:9: Allow=connect to guest 4,6 port 1: never holds",
	      "d/a.policy:11: Allow=accept from namespace x port 9-30: never holds");
}

static void test_other_end(void **state)
{
	(void)state;
	put("a", "Name=a",
	    RULES "Allow=connect to policy b port 1\n"
		  "Allow=connect to policy b port 22\n"
		  "Allow=connect to namespace bb port 80\n"
		  "Allow=connect to namespace elsewhere port 80\n"
		  "Allow=connect to policy c port 80\n"
		  "Allow=accept from policy b\n"
		  "Allow=connect to policy d port 1\n");
	put("b", "Name=b*",
	    LOCAL_ONES "Allow=accept from anyone port 22\n"
		       "Deny=accept from policy a port 70-90\n"
		       "Allow=connect to namespace a\n");
	put("c", "Name=c", RULES "Deny=bind port 1\n");
	put("d", "Name=d", "[Namespace]\nMode=local\nAudit=yes\n");
	NOTED("d/a.policy:4: Allow=connect to policy b port 1: the other end is local, and "
	      "d/b.policy has no Allow=accept from that agrees",
	      "d/a.policy:6: Allow=connect to namespace bb port 80: a Deny=accept from of "
	      "d/b.policy refuses it");
}

static void test_nothing(void **state)
{
	(void)state;
	put("a", "Name=a", "[Namespace]\nMode=global\n");
	put("b", "Name=b", "[Namespace]\nAudit=yes\n");
	NOTED("d/a.policy:0: sets nothing");
}

static void test_guests(void **state)
{
	(void)state;
	put("a", "Guest=40-49", "");
	put("b", "Guest=42 45-47", LOCAL_ONES);
	put("c", "Guest=30-60", LOCAL_ONES "Allow=connect to namespace web port 1\n");
	put("d", "Name=web", LOCAL_ONES "Allow=accept from policy c port 1\n");
	NOTED("d/b.policy:0: no guest gets this policy: d/a.policy comes first",
	      "d/c.policy:0: Guest=: fits guest 40, too, which gets d/a.policy, as that comes "
	      "first");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_globs),     TEST(test_covered), TEST(test_not_covered), TEST(test_dead),
		TEST(test_other_end), TEST(test_nothing), TEST(test_guests),
	};

	return cmocka_run_group_tests_name("policy-notes", tests, make_place, remove_place);
}
