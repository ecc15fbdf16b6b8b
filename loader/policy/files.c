// SPDX-License-Identifier: GPL-2.0-only
#include "policy/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/ends-in.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/regular-file.h"

/* Files may be replaced while they are read, all at once as in a mounted ConfigMap. */
#define READ_TRIES 10

bool policy_file_is_policy(const struct policy_file *file)
{
	return ends_in(file->base, POLICY_ENDING);
}

/* Hidden files, which a mounted ConfigMap has some of, and what editors and packagers leave. */
static bool is_aside(const char *name)
{
	return *name == '.' || ends_in(name, "~") || strstr(name, POLICY_ENDING ".dpkg-") ||
	       strstr(name, POLICY_ENDING ".ucf-") || strstr(name, POLICY_ENDING ".rpm");
}

static void add_file(struct policy_files *files, const char *path)
{
	struct policy_file *file = array_add(files->file, files->count, files->room);
	char *slash;
	int fd;

	*file = (struct policy_file){ .path = memory_strdup(path) };
	slash = strrchr(file->path, '/');
	file->base = slash ? slash + 1 : file->path;
	fd = regular_file_open(path, &file->seen);
	if (fd < 0) {
		file->error = -fd;
		return;
	}
	file->error = -regular_file_read(fd, &file->bytes, &file->size);
	close(fd);
}

static int is_wanted(const struct dirent *entry)
{
	return !is_aside(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Each wanted name, in order. Returns their number, -ENOENT without `dir`, or -errno, said. */
static int list(const char *dir, struct dirent ***entries)
{
	int count = scandir(dir, entries, is_wanted, by_name);

	if (count >= 0 || errno == ENOENT)
		return count < 0 ? -ENOENT : count;
	return log_errno(errno, "%s", dir);
}

static void free_list(struct dirent **entries, int count)
{
	while (count > 0)
		free(entries[--count]);
	free(entries);
}

static int read_directory(struct policy_files *files, const char *dir)
{
	struct dirent **entries = NULL;
	int count = list(dir, &entries), i;
	char *path;

	for (i = 0; i < count; i++) {
		path = memory_printf("%s/%s", dir, entries[i]->d_name);
		add_file(files, path);
		free(path);
	}
	free_list(entries, count);
	return count == -ENOENT || count > 0 ? 0 : count;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether the path still leads to what was seen, as it was. */
static bool is_unchanged(const char *path, const struct stat *seen)
{
	struct stat now;

	return !stat(path, &now) && now.st_dev == seen->st_dev && now.st_ino == seen->st_ino &&
	       now.st_size == seen->st_size && is_same_time(&now.st_mtim, &seen->st_mtim) &&
	       is_same_time(&now.st_ctim, &seen->st_ctim);
}

static bool are_unchanged(const struct policy_files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		if (!files->file[i].error &&
		    !is_unchanged(files->file[i].path, &files->file[i].seen))
			return false;
	return true;
}

/* Whether the directory has these files still, and no others. */
static bool has_same_names(const struct policy_files *files, const char *dir)
{
	struct dirent **entries = NULL;
	int count = list(dir, &entries), i;
	bool same = count < 0 ? !files->count : (size_t)count == files->count;

	for (i = 0; same && i < count; i++)
		same = !strcmp(entries[i]->d_name, files->file[i].base);
	free_list(entries, count);
	return same;
}

int policy_files_read(struct policy_files *files, const char *dir)
{
	int tries, ret;

	*files = (struct policy_files){};
	for (tries = 0; tries < READ_TRIES; tries++) {
		ret = read_directory(files, dir);
		if (ret || (are_unchanged(files) && has_same_names(files, dir)))
			return ret;
		policy_files_free(files);
	}
	return log_error(EAGAIN, "%s: keeps changing", dir);
}

static int by_base(const void *a, const void *b)
{
	const struct policy_file *x = a, *y = b;

	return strcmp(x->base, y->base);
}

void policy_files_read_all(struct policy_files *files, char *const *paths, size_t count)
{
	size_t i;

	*files = (struct policy_files){};
	for (i = 0; i < count; i++)
		add_file(files, paths[i]);
	if (files->count)
		qsort(files->file, files->count, sizeof(*files->file), by_base);
}

void policy_files_copy(struct policy_files *copy, const struct policy_files *files)
{
	struct policy_file *file;
	size_t i;

	*copy = (struct policy_files){};
	for (i = 0; i < files->count; i++) {
		file = array_add(copy->file, copy->count, copy->room);
		*file = files->file[i];
		file->path = memory_strdup(file->path);
		file->base = strrchr(file->path, '/') ? strrchr(file->path, '/') + 1 : file->path;
		file->bytes = memory_checked(malloc(file->size + 1));
		memcpy(file->bytes, files->file[i].bytes, file->size);
	}
}

void policy_files_free(struct policy_files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++) {
		free(files->file[i].path);
		free(files->file[i].bytes);
	}
	free(files->file);
	*files = (struct policy_files){};
}

__u64 policy_files_hash(const struct policy_files *files)
{
	const struct policy_file *file;
	__u64 hash = 0;
	size_t i;

	for (i = 0; i < files->count; i++) {
		file = &files->file[i];
		if (!policy_file_is_policy(file))
			continue;
		hash = hash_bytes(hash ?: HASH_START, file->base, strlen(file->base) + 1);
		hash = hash_bytes(hash, file->bytes, file->size);
		/* What could not be read may be read later, and be the same but for that. */
		if (file->error)
			hash = hash_bytes(hash, &file->error, sizeof(file->error));
	}
	return hash;
}
