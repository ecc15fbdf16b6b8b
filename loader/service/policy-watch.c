// SPDX-License-Identifier: GPL-2.0-only
#include "service/policy-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "layer/hold.h"
#include "lib/array.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "policy/audit.h"
#include "policy/policies.h"
#include "policy/switch.h"

#define CHANGES                                                                                    \
	(IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE_SELF |   \
	 IN_MOVE_SELF | IN_ONLYDIR)
#define MOUNTS "/proc/self/mountinfo"
/* A writer of one file mostly writes another; but some directories never come to rest. */
#define QUIET_USEC    200000
#define PATIENCE_USEC 1000000
#define AGAIN_USEC    (10 * USEC_PER_SEC)

/* Before each look. A name is there when it is reported; a process needs a while to enter. */
static const uint64_t looks[] = { 20000, 200000, 1000000, 5000000 };
#define LOOKS_NAMED 1
#define LOOKS_MADE  ARRAY_SIZE(looks)

/* Looking takes at most this part of the time. */
#define SHARE 10

/* How often it is said, while new namespaces wait, that somebody asks policies for them. */
#define BEAT_MAX_USEC 1000000

struct policy_watch {
	sd_event *event;
	char *dir;
	void (*applied)(void *arg);
	void *arg;
	sd_event_source *files, *parent;
	sd_event_source *mounts; /* NULL while no policy asks for a path */
	int mounts_fd;
	sd_event_source *reload, *look;
	uint64_t changed;		 /* first change that was not looked at; 0 for none */
	size_t looks_wanted, looks_done; /* since the last news */
	uint64_t look_cost, reload_cost; /* microseconds of the last one */
	uint64_t patience;		 /* of new namespaces */
	sd_event_source *beat;
	struct policy_set next; /* read, and not switched to yet */
	__u64 seen;		/* hash of the files that were tried last */
	bool tried;
	bool switched;		   /* once at least */
	bool audit;		   /* put in force with Audit=yes in all of them */
	struct policy_files plain; /* if so: the files as they are written */
	bool audits_on; /* what is in force may audit still, as it could not be replaced */
};

/* A start without policies is nothing to tell. */
static void say_outcome(int count, bool in_force, bool first)
{
	if (count < 0 && in_force)
		log_info("the new policies are in force; namespaces that were made meanwhile are "
			 "refused until the next look");
	else if (count < 0)
		log_info("the previous policies stay in force");
	else if (count)
		log_info("%d %s in force", count, count == 1 ? "policy" : "policies");
	else if (!first)
		log_info("no policy in force");
}

static void look_again(struct policy_watch *watch, size_t wanted);
static enum hold_work beat(struct policy_watch *watch);

static int on_mounts(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	look_again(arg, LOOKS_NAMED);
	return 0;
}

static void end_mounts(struct policy_watch *watch)
{
	watch->mounts = sd_event_source_disable_unref(watch->mounts);
	if (watch->mounts_fd >= 0)
		close(watch->mounts_fd);
	watch->mounts_fd = -1;
}

/* inotify does not report mounts, which may come long after the file of a path. */
static void follow_mounts(struct policy_watch *watch, bool by_path)
{
	int ret;

	end_mounts(watch);
	if (!by_path)
		return;
	watch->mounts_fd = open(MOUNTS, O_RDONLY | O_CLOEXEC);
	ret = watch->mounts_fd < 0 ? -errno
				   : sd_event_add_io(watch->event, &watch->mounts, watch->mounts_fd,
						     EPOLLPRI, on_mounts, watch);
	if (ret < 0)
		log_errno(-ret, MOUNTS ": paths are looked at late");
}

/* Looks for mistakes in the files as they are written, as it says the line of each. */
static int prepare_audit(struct policy_watch *watch, struct policy_files *files)
{
	struct policy_files plain;
	int ret;

	policy_files_copy(&plain, files);
	ret = policy_prepare(&watch->next, files);
	if (ret) {
		policy_files_free(&plain);
		return ret;
	}
	policy_set_close(&watch->next);
	policy_files_free(&watch->plain);
	policy_files_copy(files, &plain);
	watch->plain = plain;
	policy_files_audit(files);
	return policy_prepare(&watch->next, files);
}

static int prepare(struct policy_watch *watch, struct policy_files *files)
{
	watch->seen = policy_files_hash(files);
	watch->tried = true;
	policy_set_close(&watch->next);
	return watch->audit ? prepare_audit(watch, files) : policy_prepare(&watch->next, files);
}

int policy_watch_read(struct policy_watch *watch)
{
	struct policy_files files;
	int ret = policy_files_read(&files, watch->dir);

	return ret ? ret : prepare(watch, &files);
}

enum coverage policy_watch_coverage(const struct policy_watch *watch)
{
	return policy_coverage(&watch->next);
}

/* What comes while it goes on may be found by nobody but a look that comes later. */
static int conclude(struct policy_watch *watch, int count, bool in_force, uint64_t start)
{
	bool by_path = policies_ask_for_paths(&watch->next.policies);

	say_outcome(count, in_force, !watch->switched);
	watch->switched = true;
	policy_set_close(&watch->next);
	malloc_trim(0);
	watch->reload_cost = clock_usec() - start;
	beat(watch);
	if (!in_force)
		return count;
	follow_mounts(watch, by_path);
	if (count)
		look_again(watch, LOOKS_MADE);
	return count;
}

int policy_watch_switch(struct policy_watch *watch)
{
	uint64_t start = clock_usec();
	bool in_force;
	int ret;

	beat(watch);
	ret = policy_switch(&watch->next, &in_force);
	return conclude(watch, ret, in_force, start);
}

/* Reads the files that are given, or those that are there. */
static int reload(struct policy_watch *watch, struct policy_files *files)
{
	uint64_t start = clock_usec();
	bool in_force = false;
	int ret;

	beat(watch);
	ret = files ? prepare(watch, files) : policy_watch_read(watch);
	if (!ret)
		ret = policy_switch(&watch->next, &in_force);
	if (ret >= 0)
		watch->audits_on = false;
	return conclude(watch, ret, in_force, start);
}

int policy_watch_reload(struct policy_watch *watch)
{
	return reload(watch, NULL);
}

static int set_timer(struct policy_watch *watch, sd_event_source **timer, uint64_t usec,
		     sd_event_time_handler_t handler)
{
	if (!*timer)
		return sd_event_add_time_relative(watch->event, timer, CLOCK_MONOTONIC, usec, 0,
						  handler, watch);
	sd_event_source_set_time_relative(*timer, usec);
	return sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

static int on_beat(sd_event_source *source, uint64_t time, void *arg);

/* A look, a reload or a machine that stands still may keep it from being said in time. */
static enum hold_work beat(struct policy_watch *watch)
{
	struct hold hold = {
		.patience = watch->patience,
		.valid = 2 * watch->patience + 2 * (watch->look_cost + watch->reload_cost),
	};
	uint64_t next = watch->patience / 2;
	enum hold_work work = hold_renew(&hold);

	if (work != HOLD_NOTHING)
		set_timer(watch, &watch->beat, next < BEAT_MAX_USEC ? next : BEAT_MAX_USEC,
			  on_beat);
	return work;
}

static bool looks_soon(const struct policy_watch *watch)
{
	return watch->looks_wanted && looks[watch->looks_done] <= BEAT_MAX_USEC;
}

/* Whoever was held for long enough is let go by a look, which nothing else may ask for. */
static int on_beat(sd_event_source *source, uint64_t time, void *arg)
{
	struct policy_watch *watch = arg;

	if (beat(watch) == HOLD_LOOK && !looks_soon(watch))
		look_again(watch, LOOKS_NAMED);
	return 0;
}

void policy_watch_set_patience(struct policy_watch *watch, unsigned int seconds)
{
	watch->patience = seconds * USEC_PER_SEC;
	beat(watch);
}

static int watch_files(struct policy_watch *watch);

/* Other files of the parent change, too, one of which may be a link on the way: see what is new. */
static void take_new_files(struct policy_watch *watch)
{
	struct policy_files files;

	watch_files(watch);
	if (policy_files_read(&files, watch->dir))
		return;
	if (watch->tried && !watch->audits_on && policy_files_hash(&files) == watch->seen) {
		policy_files_free(&files);
		return;
	}
	reload(watch, &files);
	watch->applied(watch->arg);
}

static int on_files_settled(sd_event_source *source, uint64_t time, void *arg)
{
	struct policy_watch *watch = arg;

	watch->changed = 0;
	take_new_files(watch);
	if (!watch->audits_on)
		return 0;
	return set_timer(watch, &watch->reload, AGAIN_USEC, on_files_settled);
}

/* A reload takes the files. */
static int put_back(struct policy_watch *watch)
{
	struct policy_files plain = watch->plain;
	int ret;

	watch->plain = (struct policy_files){};
	ret = reload(watch, &plain);
	if (ret >= 0)
		return ret;
	/* The files are tried again until they are taken. */
	watch->audits_on = true;
	set_timer(watch, &watch->reload, AGAIN_USEC, on_files_settled);
	return ret;
}

static void say_plain(void)
{
	log_info("Audit=yes holds only where a file says so");
}

static int begin_audit(struct policy_watch *watch)
{
	int ret;

	log_info("Audit=yes holds in all policies while vsockctl learns");
	ret = reload(watch, NULL);
	if (ret >= 0)
		return 0;
	watch->audit = false;
	/* What has failed may be in force, if it got as far as that. */
	if (!watch->plain.count || put_back(watch) >= 0)
		say_plain();
	return ret;
}

static int end_audit(struct policy_watch *watch)
{
	int ret = reload(watch, NULL);

	if (ret < 0)
		ret = put_back(watch);
	if (ret < 0)
		return ret;
	policy_files_free(&watch->plain);
	say_plain();
	return 0;
}

int policy_watch_audit(struct policy_watch *watch, bool audit)
{
	if (watch->audit == audit)
		return 0;
	watch->audit = audit;
	return audit ? begin_audit(watch) : end_audit(watch);
}

static int on_file(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	struct policy_watch *watch = arg;
	uint64_t now = clock_usec();

	if (!watch->changed)
		watch->changed = now;
	if (now - watch->changed > PATIENCE_USEC)
		return 0;
	return set_timer(watch, &watch->reload, QUIET_USEC, on_files_settled);
}

static int watch_dir(struct policy_watch *watch, sd_event_source **source, const char *path)
{
	int ret;

	sd_event_source_disable_unref(*source);
	*source = NULL;
	ret = sd_event_add_inotify(watch->event, source, path, CHANGES, on_file, watch);
	/* Its parent tells when it comes. */
	return ret == -ENOENT || ret == -ENOTDIR ? 0 : ret;
}

static int watch_files(struct policy_watch *watch)
{
	char parent[PATH_MAX];
	int ret;

	snprintf(parent, sizeof(parent), "%s", watch->dir);
	ret = watch_dir(watch, &watch->parent, dirname(parent));
	return ret < 0 ? ret : watch_dir(watch, &watch->files, watch->dir);
}

static int on_look(sd_event_source *source, uint64_t time, void *arg);

static int next_look(struct policy_watch *watch)
{
	uint64_t wait = looks[watch->looks_done], rest = SHARE * watch->look_cost;

	return set_timer(watch, &watch->look, wait > rest ? wait : rest, on_look);
}

static int on_look(sd_event_source *source, uint64_t time, void *arg)
{
	struct policy_watch *watch = arg;
	uint64_t start = clock_usec();

	policy_assign_again();
	malloc_trim(0);
	watch->look_cost = clock_usec() - start;
	beat(watch);
	if (++watch->looks_done < watch->looks_wanted)
		return next_look(watch);
	watch->looks_wanted = watch->looks_done = 0;
	return 0;
}

/* Many that come at once are looked at together. */
static void look_again(struct policy_watch *watch, size_t wanted)
{
	bool first_is_due = watch->looks_wanted && !watch->looks_done;

	if (watch->looks_wanted < wanted)
		watch->looks_wanted = wanted;
	if (first_is_due)
		return;
	watch->looks_done = 0;
	next_look(watch);
}

void policy_watch_named(struct policy_watch *watch)
{
	look_again(watch, LOOKS_NAMED);
}

void policy_watch_made(struct policy_watch *watch)
{
	look_again(watch, LOOKS_MADE);
}

struct policy_watch *policy_watch_start(sd_event *event, const char *dir,
					void (*applied)(void *arg), void *arg)
{
	struct policy_watch *watch = memory_checked(calloc(1, sizeof(*watch)));
	int ret;

	watch->event = event;
	watch->mounts_fd = -1;
	watch->applied = applied;
	watch->arg = arg;
	watch->dir = memory_strdup(dir);
	ret = watch_files(watch);
	if (ret >= 0)
		return watch;
	log_errno(-ret, "watching %s", dir);
	policy_watch_end(watch);
	return NULL;
}

void policy_watch_end(struct policy_watch *watch)
{
	if (!watch)
		return;
	sd_event_source_unref(watch->files);
	sd_event_source_unref(watch->parent);
	sd_event_source_unref(watch->reload);
	sd_event_source_unref(watch->look);
	sd_event_source_unref(watch->beat);
	end_mounts(watch);
	hold_end();
	policy_set_close(&watch->next);
	policy_files_free(&watch->plain);
	free(watch->dir);
	free(watch);
}
