// SPDX-License-Identifier: GPL-2.0-only
#include "policy/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/rmtree.h"

/* Files may be replaced while they are copied: all of them have to be of one time. */
#define STAGE_TRIES 10

int store_make_dir(void)
{
	if (mkdir(STORE_DIR, 0700) && errno != EEXIST)
		return log_errno(errno, STORE_DIR);
	return 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t size;

	do {
		size = sendfile(to, from, NULL, 1 << 20);
	} while (size > 0);
	return size ? -errno : 0;
}

/* Waits for nobody, who writes into a pipe. -EINVAL if it is no regular file. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &stat) && S_ISREG(stat.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int copy_file(const char *from, const char *to)
{
	int in, out, ret;

	in = open_regular(from);
	if (in < 0)
		return log_errno(-in, "%s", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ret = out < 0 ? -errno : copy_bytes(in, out);
	close(in);
	if (out >= 0 && close(out) && !ret)
		ret = -errno;
	return ret ? log_errno(-ret, "%s", to) : 0;
}

/* What policies_read() takes: it has seen the directory before, and said what is none. */
static int is_policy(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && end != entry->d_name && *entry->d_name != '.' && !strcmp(end, ".policy");
}

static int each_file(const char *dir, int (*work)(const char *dir, const char *name, void *arg),
		     void *arg)
{
	struct dirent **names;
	int count, i, ret = 0;

	count = scandir(dir, &names, is_policy, alphasort);
	if (count < 0)
		return errno == ENOENT ? 0 : log_errno(errno, "%s", dir);
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = work(dir, names[i]->d_name, arg);
		free(names[i]);
	}
	free(names);
	return ret;
}

static int stage_file(const char *dir, const char *name, void *arg)
{
	char from[PATH_MAX], to[PATH_MAX];

	(void)arg;
	snprintf(from, sizeof(from), "%s/%s", dir, name);
	snprintf(to, sizeof(to), STORE_NEXT "/%s", name);
	return copy_file(from, to);
}

static int copy_files(const char *dir)
{
	int ret = rmtree(STORE_NEXT);

	if (!ret && mkdir(STORE_NEXT, 0700))
		ret = -errno;
	if (ret)
		return log_errno(-ret, STORE_NEXT);
	return each_file(dir, stage_file, NULL);
}

int store_commit(void)
{
	int ret = rmtree(STORE_IN_FORCE);

	if (!ret && rename(STORE_NEXT, STORE_IN_FORCE))
		ret = -errno;
	return ret ? log_errno(-ret, STORE_IN_FORCE) : 0;
}

static int hash_file(const char *dir, const char *name, void *arg)
{
	char path[PATH_MAX], bytes[4096];
	__u64 *hash = arg;
	ssize_t size = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open_regular(path);
	/* What is no regular file has no bytes; whoever reads policies says so. */
	if (fd < 0 && fd != -EINVAL)
		return log_errno(-fd, "%s", path);
	*hash = hash_bytes(*hash ?: HASH_START, name, strlen(name) + 1);
	if (fd < 0)
		return 0;
	while ((size = read(fd, bytes, sizeof(bytes))) > 0)
		*hash = hash_bytes(*hash, bytes, size);
	close(fd);
	return size ? log_errno(EIO, "%s", path) : 0;
}

int store_hash(const char *dir, __u64 *hash)
{
	*hash = 0;
	return each_file(dir, hash_file, hash);
}

int store_stage(const char *dir)
{
	__u64 staged, there;
	int tries, ret = store_make_dir();

	for (tries = 0; !ret && tries < STAGE_TRIES; tries++) {
		ret = copy_files(dir);
		if (!ret)
			ret = store_hash(STORE_NEXT, &staged);
		if (!ret)
			ret = store_hash(dir, &there);
		if (!ret && staged == there)
			return 0;
	}
	return ret ? ret : log_error(EAGAIN, "%s: changes all the time", dir);
}

static bool holds(const char *dir, __u64 hash)
{
	__u64 found;

	return !store_hash(dir, &found) && found == hash;
}

const char *store_find(__u64 hash)
{
	if (holds(STORE_IN_FORCE, hash))
		return STORE_IN_FORCE;
	return holds(STORE_NEXT, hash) ? STORE_NEXT : NULL;
}
