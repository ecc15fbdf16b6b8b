// SPDX-License-Identifier: GPL-2.0-only
#include "lib/regular-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/memory.h"

static int check_regular(int fd, struct stat *seen)
{
	if (fstat(fd, seen))
		return -errno;
	if (S_ISREG(seen->st_mode))
		return 0;
	return S_ISDIR(seen->st_mode) ? -EISDIR : -EINVAL;
}

int regular_file_open(const char *path, struct stat *seen)
{
	int ret, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	ret = check_regular(fd, seen);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int regular_file_read(int fd, char **bytes, size_t *size)
{
	size_t room = 1 << 12;
	ssize_t got;

	*bytes = NULL;
	*size = 0;
	do {
		room *= 2;
		*bytes = memory_checked(realloc(*bytes, room));
		while ((got = read(fd, *bytes + *size, room - *size)) > 0)
			*size += got;
	} while (*size == room);
	return got < 0 ? -errno : 0;
}
