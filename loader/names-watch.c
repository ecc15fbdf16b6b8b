// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ip netns add` makes an empty file, and mounts the namespace on it afterwards, which
 * inotify does not tell. So a name that is no namespace yet waits for the next change of
 * the mount table; only while one waits is that table watched.
 */
#include "names-watch.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARENT	    "/run"
#define FOLDER	    "netns" /* NETNS_DIR in PARENT */
#define MOUNTS	    "/proc/self/mountinfo"
#define CAME	    (IN_CREATE | IN_MOVED_TO)
#define WENT	    (IN_DELETE | IN_MOVED_FROM)
#define FOLDER_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)

struct names_watch {
	sd_event *event;
	void (*changed)(void *arg);
	void *arg;
	struct names names;
	sd_event_source *folder; /* /run/netns, */
	sd_event_source *parent; /* or where it will be */
	sd_event_source *mounts;
	int mounts_fd;
	char **waiting; /* names that are no namespace yet */
	size_t count, room;
};

static int watch_folder(struct names_watch *watch);
static void load(struct names_watch *watch);

static void set_waiting(struct names_watch *watch)
{
	sd_event_source_set_enabled(watch->mounts, watch->count ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void forget_waiting(struct names_watch *watch, const char *name)
{
	size_t i;

	for (i = 0; i < watch->count && strcmp(watch->waiting[i], name); i++)
		;
	if (i == watch->count)
		return;
	free(watch->waiting[i]);
	watch->waiting[i] = watch->waiting[--watch->count];
}

static void wait_for(struct names_watch *watch, const char *name)
{
	forget_waiting(watch, name);
	if (watch->count == watch->room) {
		watch->room = watch->room ? 2 * watch->room : 16;
		watch->waiting = reallocarray(watch->waiting, watch->room, sizeof(*watch->waiting));
		if (!watch->waiting)
			err(EXIT_FAILURE, NULL);
	}
	watch->waiting[watch->count] = strdup(name);
	if (!watch->waiting[watch->count])
		err(EXIT_FAILURE, NULL);
	watch->count++;
}

/* -EINVAL if it is no namespace, or none yet. */
static int take_name(struct names_watch *watch, const char *name)
{
	struct netns ns;
	int ret = netns_open_named(&ns, name);

	if (ret)
		return ret;
	names_add(&watch->names, name, ns.id);
	netns_close(&ns);
	watch->changed(watch->arg);
	return 0;
}

static void try_waiting(struct names_watch *watch)
{
	size_t i = 0;

	while (i < watch->count) {
		if (take_name(watch, watch->waiting[i]) == -EINVAL) {
			i++;
			continue;
		}
		free(watch->waiting[i]);
		watch->waiting[i] = watch->waiting[--watch->count];
	}
	set_waiting(watch);
}

static int on_mounts(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	try_waiting(arg);
	return 0;
}

static void on_name(struct names_watch *watch, uint32_t what, const char *name)
{
	if (name[0] == '.')
		return;
	if (what & WENT) {
		names_remove(&watch->names, name);
		watch->changed(watch->arg);
		forget_waiting(watch, name);
		set_waiting(watch);
		return;
	}
	if (take_name(watch, name) != -EINVAL)
		return;
	wait_for(watch, name);
	set_waiting(watch);
	/* It may have been mounted before the mount table was watched. */
	try_waiting(watch);
}

static int on_folder(sd_event_source *source, const struct inotify_event *told, void *arg)
{
	struct names_watch *watch = arg;

	(void)source;
	if (told->mask & FOLDER_GONE)
		return watch_folder(watch);
	if (told->mask & IN_Q_OVERFLOW)
		load(watch);
	else if (told->len)
		on_name(watch, told->mask, told->name);
	return 0;
}

static int on_parent(sd_event_source *source, const struct inotify_event *told, void *arg)
{
	(void)source;
	return told->len && !strcmp(told->name, FOLDER) ? watch_folder(arg) : 0;
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
	names_free(&watch->names);
	names_load(&watch->names);
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
	struct names_watch *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
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
	if (watch->mounts_fd >= 0)
		close(watch->mounts_fd);
	while (watch->count)
		free(watch->waiting[--watch->count]);
	free(watch->waiting);
	names_free(&watch->names);
	free(watch);
}

const struct names *names_watch_names(const struct names_watch *watch)
{
	return &watch->names;
}
