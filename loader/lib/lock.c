// SPDX-License-Identifier: GPL-2.0-only
#include "lib/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/log.h"

int lock_take(void)
{
	int fd = open(LOCK_FILE, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	int ret;

	if (fd < 0)
		return log_errno(errno, LOCK_FILE);
	do {
		ret = flock(fd, LOCK_EX);
	} while (ret && errno == EINTR);
	if (!ret)
		return fd;
	ret = log_errno(errno, LOCK_FILE);
	close(fd);
	return ret;
}

void lock_release(int lock)
{
	close(lock);
}
