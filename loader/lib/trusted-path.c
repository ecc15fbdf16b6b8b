// SPDX-License-Identifier: GPL-2.0-only
#include "lib/trusted-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40

/* A walk to a file along folders that only root can change. */
struct walk {
	int fd;		     /* of where it has come to */
	char rest[PATH_MAX]; /* what is still to go */
	int links;
};

static int check_folder(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH) ? -EPERM : 0;
}

static int go_to(struct walk *walk, int fd)
{
	if (fd < 0)
		return -errno;
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int go_to_root(struct walk *walk)
{
	return go_to(walk, open("/", O_PATH | O_CLOEXEC));
}

/* What it says comes before the rest. The link at `fd` is in a folder of root's, so its own. */
static int follow_link(struct walk *walk, int fd)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	strcpy(rest, walk->rest);
	if (snprintf(walk->rest, sizeof(walk->rest), "%s/%s", target, rest) >=
	    (int)sizeof(walk->rest))
		return -ENAMETOOLONG;
	return *target == '/' ? go_to_root(walk) : 0;
}

/* The next word of the rest; none is left if it is empty. */
static void cut_word(struct walk *walk, char word[PATH_MAX])
{
	char *begin = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(begin, "/");

	memcpy(word, begin, length);
	word[length] = '\0';
	memmove(walk->rest, begin + length, strlen(begin + length) + 1);
}

static int step(struct walk *walk, const char *word)
{
	struct stat st;
	int ret = check_folder(walk->fd), fd;

	if (ret)
		return ret;
	fd = openat(walk->fd, word, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && !S_ISLNK(st.st_mode))
		return go_to(walk, fd);
	ret = follow_link(walk, fd);
	close(fd);
	return ret;
}

int trusted_path_open(const char *path)
{
	struct walk walk = { .fd = -1 };
	char word[PATH_MAX];
	int ret;

	if (*path != '/' || strlen(path) >= sizeof(walk.rest))
		return -EINVAL;
	strcpy(walk.rest, path);
	ret = go_to_root(&walk);
	for (cut_word(&walk, word); !ret && *word; cut_word(&walk, word))
		ret = step(&walk, word);
	if (!ret)
		return walk.fd;
	if (walk.fd >= 0)
		close(walk.fd);
	return ret;
}

int trusted_path_check_folder(const char *path)
{
	int fd = trusted_path_open(path), ret;

	if (fd < 0)
		return fd;
	ret = check_folder(fd);
	close(fd);
	return ret;
}
