// SPDX-License-Identifier: GPL-2.0-only
#include "policy/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/rmtree.h"
#include "lib/run-dir.h"

static int write_bytes(int fd, const char *bytes, size_t size)
{
	ssize_t done;

	for (; size; bytes += done, size -= done) {
		done = write(fd, bytes, size);
		if (done < 0)
			return -errno;
	}
	return 0;
}

static int write_file(const struct policy_file *file)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), STORE_NEXT "/%s", file->base);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ret = fd < 0 ? -errno : write_bytes(fd, file->bytes, file->size);
	if (fd >= 0 && close(fd) && !ret)
		ret = -errno;
	return ret ? log_errno(-ret, "%s", path) : 0;
}

static int make_next(void)
{
	int ret = run_dir_make();

	if (ret)
		return ret;
	ret = rmtree(STORE_NEXT);
	if (!ret && mkdir(STORE_NEXT, 0700))
		ret = -errno;
	return ret ? log_errno(-ret, STORE_NEXT) : 0;
}

int store_write(const struct policy_files *files)
{
	int ret = make_next();
	size_t i;

	for (i = 0; !ret && i < files->count; i++)
		if (policy_file_is_policy(&files->file[i]))
			ret = write_file(&files->file[i]);
	return ret;
}

int store_commit(void)
{
	int ret = rmtree(STORE_IN_FORCE);

	if (!ret && rename(STORE_NEXT, STORE_IN_FORCE))
		ret = -errno;
	return ret ? log_errno(-ret, STORE_IN_FORCE) : 0;
}

/* Whether a folder has the set with this hash; it is read into `files`, then. */
static bool read_if(struct policy_files *files, const char *dir, __u64 hash)
{
	if (!policy_files_read(files, dir) && policy_files_hash(files) == hash)
		return true;
	policy_files_free(files);
	return false;
}

int store_read(struct policy_files *files, __u64 hash)
{
	return read_if(files, STORE_IN_FORCE, hash) || read_if(files, STORE_NEXT, hash) ? 0
											: -ENOENT;
}

int store_commit_left_over(__u64 hash)
{
	struct policy_files files;

	if (access(STORE_NEXT, F_OK) || !hash || !read_if(&files, STORE_NEXT, hash))
		return 0;
	policy_files_free(&files);
	return store_commit();
}
