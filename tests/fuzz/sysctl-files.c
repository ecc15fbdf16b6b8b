// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes are a file of sysctl.d. */
#include <string.h>

#include "kernel/sysctl-files.h"
#include "fuzz.h"

static unsigned int count_lines(const uint8_t *data, size_t size)
{
	unsigned int lines = 1;

	while (size--)
		lines += *data++ == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sysctl_setting setting = { .key = "net/vsock/child_ns_mode" };

	sysctl_setting_take(&setting, "file", (const char *)data, size);
	check(!setting.file == !setting.value);
	if (!setting.file)
		return 0;
	/* It is a line of the file, and nothing but the value. */
	check(setting.line >= 1 && setting.line <= count_lines(data, size));
	check(!strchr(setting.value, '\n') && strlen(setting.value) < size);
	check(!*setting.value || !strchr(" \t\r", *setting.value));
	sysctl_setting_free(&setting);
	return 0;
}
