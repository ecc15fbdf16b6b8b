// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ip netns add` makes an empty file, often with mode 000, and mounts the namespace on it
 * afterwards, which inotify does not tell. So a name that cannot be read yet, for whatever
 * reason, waits for the next change of the mount table, or for a while, until it can be or is
 * gone; only while one waits is that table watched. One that stays unreadable is reported.
 */
#include "service/names-watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/log.h"
#include "lib/memory.h"

#define PARENT	    "/run"
#define FOLDER	    "netns" /* NETNS_DIR in PARENT */
#define MOUNTS	    "/proc/self/mountinfo"
#define CAME	    (IN_CREATE | IN_MOVED_TO)
#define WENT	    (IN_DELETE | IN_MOVED_FROM)
#define FOLDER_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
#define RETRY_USEC  1000000
/* Mounting takes far less, on any machine. */
#define PATIENCE 10 /* retries */

/* A name that is no namespace yet. */
struct waiting {
	char *name;
	int error;
	unsigned int retries;
};

struct names_watch {
	sd_event *event;
	void (*changed)(void *arg);
	void *arg;
	struct netns_names names;
	sd_event_source *folder; /* /run/netns, */
	sd_event_source *parent; /* or where it will be */
	sd_event_source *mounts;
	int mounts_fd;
	sd_event_source *retry;
	struct waiting *waiting;
	size_t count, room;
};

static int watch_folder(struct names_watch *watch);
static void load(struct names_watch *watch);

static int on_retry(sd_event_source *source, uint64_t now, void *arg);

/* Mounting, which the table tells of, mends these. */
static bool waits_for_mount(const struct waiting *waiting)
{
	return waiting->error == -EINVAL || waiting->error == -EACCES;
}

static bool is_worth_retry(const struct waiting *waiting)
{
	return waiting->retries < PATIENCE || !waits_for_mount(waiting);
}

static void set_retry(struct names_watch *watch)
{
	bool wanted = false;
	size_t i;

	for (i = 0; i < watch->count; i++)
		wanted |= is_worth_retry(&watch->waiting[i]);
	if (wanted && !watch->retry)
		sd_event_add_time_relative(watch->event, &watch->retry, CLOCK_MONOTONIC, RETRY_USEC,
					   0, on_retry, watch);
	else if (!wanted)
		watch->retry = sd_event_source_disable_unref(watch->retry);
}

static void set_waiting(struct names_watch *watch)
{
	sd_event_source_set_enabled(watch->mounts, watch->count ? SD_EVENT_ON : SD_EVENT_OFF);
	set_retry(watch);
}

static void remove_waiting(struct names_watch *watch, size_t i)
{
	free(watch->waiting[i].name);
	watch->waiting[i] = watch->waiting[--watch->count];
}

static void forget_waiting(struct names_watch *watch, const char *name)
{
	size_t i;

	for (i = 0; i < watch->count && strcmp(watch->waiting[i].name, name); i++)
		;
	if (i < watch->count)
		remove_waiting(watch, i);
}

static void wait_for(struct names_watch *watch, const char *name)
{
	forget_waiting(watch, name);
	*array_add(watch->waiting, watch->count, watch->room) =
		(struct waiting){ .name = memory_strdup(name) };
}

/* -ENOENT if it is gone, another error if it is no namespace yet. */
static int take_name(struct names_watch *watch, const char *name)
{
	struct netns ns;
	int ret = netns_open_named(&ns, name);

	if (ret)
		return ret;
	netns_names_add(&watch->names, name, ns.id);
	netns_close(&ns);
	watch->changed(watch->arg);
	return 0;
}

static void try_waiting(struct names_watch *watch)
{
	size_t i = 0;
	int ret;

	while (i < watch->count) {
		ret = take_name(watch, watch->waiting[i].name);
		if (!ret || ret == -ENOENT)
			remove_waiting(watch, i);
		else
			watch->waiting[i++].error = ret;
	}
	set_waiting(watch);
}

static void say_unreadable(const struct waiting *waiting)
{
	if (waiting->error == -EINVAL)
		log_error(EINVAL, NETNS_DIR "/%s: not a network namespace; ignored until it is",
			  waiting->name);
	else
		log_errno(-waiting->error,
			  NETNS_DIR "/%s: no policy fits its name until it can be read",
			  waiting->name);
}

static int on_retry(sd_event_source *source, uint64_t now, void *arg)
{
	struct names_watch *watch = arg;
	size_t i;

	watch->retry = sd_event_source_disable_unref(watch->retry);
	try_waiting(watch);
	for (i = 0; i < watch->count; i++)
		if (watch->waiting[i].retries < PATIENCE && ++watch->waiting[i].retries == PATIENCE)
			say_unreadable(&watch->waiting[i]);
	set_retry(watch);
	return 0;
}

static int on_mounts(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	try_waiting(arg);
	return 0;
}

static void on_name(struct names_watch *watch, uint32_t what, const char *name)
{
	if (name[0] == '.')
		return;
	if (what & WENT) {
		netns_names_remove(&watch->names, name);
		watch->changed(watch->arg);
		forget_waiting(watch, name);
		set_waiting(watch);
		return;
	}
	wait_for(watch, name);
	set_waiting(watch);
	/* It may have been mounted before the mount table was watched. */
	try_waiting(watch);
}

static int on_folder(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	struct names_watch *watch = arg;

	if (event->mask & FOLDER_GONE)
		return watch_folder(watch);
	if (event->mask & IN_Q_OVERFLOW)
		load(watch);
	else if (event->len)
		on_name(watch, event->mask, event->name);
	return 0;
}

static int on_parent(sd_event_source *source, const struct inotify_event *event, void *arg)
{
	return event->len && !strcmp(event->name, FOLDER) ? watch_folder(arg) : 0;
}

static int add_folder(struct names_watch *watch)
{
	return sd_event_add_inotify(watch->event, &watch->folder, NETNS_DIR,
				    CAME | WENT | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
				    on_folder, watch);
}

/* Before the first `ip netns add` there is no folder: then its parent is watched. */
static int add_folder_or_parent(struct names_watch *watch)
{
	int ret = add_folder(watch);

	if (ret == -ENOENT && !watch->parent) {
		ret = sd_event_add_inotify(watch->event, &watch->parent, PARENT, CAME | IN_ONLYDIR,
					   on_parent, watch);
		/* It may have come in between. */
		if (ret >= 0)
			ret = add_folder(watch);
	}
	if (ret >= 0)
		watch->parent = sd_event_source_disable_unref(watch->parent);
	return ret == -ENOENT ? 0 : ret;
}

/* A file that is on the folder's own file system has nothing mounted on it yet. */
static void load_waiting(struct names_watch *watch)
{
	struct stat folder, st;
	struct dirent *entry;
	DIR *dir = opendir(NETNS_DIR);

	if (!dir)
		return;
	if (fstat(dirfd(dir), &folder))
		folder.st_dev = 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    st.st_dev == folder.st_dev && S_ISREG(st.st_mode))
			wait_for(watch, entry->d_name);
	closedir(dir);
	try_waiting(watch);
}

static void load(struct names_watch *watch)
{
	netns_names_free(&watch->names);
	netns_names_load(&watch->names);
	watch->changed(watch->arg);
	load_waiting(watch);
}

/* The watch comes before the names, so that none is missed in between. */
static int watch_folder(struct names_watch *watch)
{
	int ret;

	watch->folder = sd_event_source_disable_unref(watch->folder);
	ret = add_folder_or_parent(watch);
	load(watch);
	return ret;
}

static int watch_mounts(struct names_watch *watch)
{
	int ret;

	watch->mounts_fd = open(MOUNTS, O_RDONLY | O_CLOEXEC);
	if (watch->mounts_fd < 0)
		return -errno;
	ret = sd_event_add_io(watch->event, &watch->mounts, watch->mounts_fd, EPOLLPRI, on_mounts,
			      watch);
	if (ret >= 0)
		set_waiting(watch);
	return ret;
}

int names_watch_start(struct names_watch **watch, sd_event *event, void (*changed)(void *arg),
		      void *arg)
{
	struct names_watch *new = memory_checked(calloc(1, sizeof(*new)));
	int ret;

	new->event = event;
	new->changed = changed;
	new->arg = arg;
	new->mounts_fd = -1;
	ret = watch_mounts(new);
	if (ret >= 0)
		ret = watch_folder(new);
	if (ret < 0) {
		names_watch_stop(new);
		return ret;
	}
	*watch = new;
	return 0;
}

void names_watch_stop(struct names_watch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->folder);
	sd_event_source_disable_unref(watch->parent);
	sd_event_source_disable_unref(watch->mounts);
	sd_event_source_disable_unref(watch->retry);
	if (watch->mounts_fd >= 0)
		close(watch->mounts_fd);
	while (watch->count)
		remove_waiting(watch, watch->count - 1);
	free(watch->waiting);
	netns_names_free(&watch->names);
	free(watch);
}

const struct netns_names *names_watch_names(const struct names_watch *watch)
{
	return &watch->names;
}
