// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes are a configuration, or a mistake in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	char path[32];
	int fd = file_of(data, size), ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = config_read(&config, path);
	close(fd);
	check(!ret || ret == -EINVAL);
	if (ret)
		return 0;
	check(config.metrics_sec >= 1 &&
	      memchr(config.metrics_file, 0, sizeof(config.metrics_file)));
	check(memchr(config.metrics_listen.text, 0, sizeof(config.metrics_listen.text)) &&
	      config.metrics_listen.size <= sizeof(config.metrics_listen.local));
	check(!*config.metrics_file || *config.metrics_file == '/');
	return 0;
}
