// SPDX-License-Identifier: GPL-2.0-only
#include "service/child-default.h"

#include <errno.h>
#include <string.h>

#include "kernel/netns.h"
#include "kernel/sysctl-modes.h"
#include "layer/modes.h"
#include "lib/log.h"
#include "lib/printable.h"

#define KEY "net.vsock.child_ns_mode"

static int fail_value(const struct sysctl_setting *setting)
{
	char value[64];

	printable(value, sizeof(value), setting->value, strlen(setting->value));
	log_error(EINVAL, "%s:%u: " KEY " = %s: neither global nor local", setting->file,
		  setting->line, value);
	return setting->may_fail ? 0 : -EINVAL;
}

int child_default_read(struct child_default *wanted)
{
	int ret;

	*wanted = (struct child_default){ .setting.key = "net/vsock/child_ns_mode" };
	if (kernel_has_modes())
		return 0;
	ret = sysctl_setting_read(&wanted->setting, "");
	if (ret || !wanted->setting.file)
		return ret;
	if (mode_parse(wanted->setting.value, &wanted->mode))
		return fail_value(&wanted->setting);
	wanted->is_set = true;
	return 0;
}

static int apply(const struct child_default *wanted, const struct netns *init)
{
	const struct sysctl_setting *setting = &wanted->setting;
	enum vsock_mode now;
	int ret = mode_get_written(init, &now);

	if (ret < 0)
		return ret;
	if (ret && now != wanted->mode) {
		log_error(EBUSY, "%s:%u: " KEY " = %s: it was written before, and is %s",
			  setting->file, setting->line, mode_name(wanted->mode), mode_name(now));
		return setting->may_fail ? 0 : 1;
	}
	return mode_set(init, CHILD_NS_MODE, wanted->mode);
}

int child_default_apply(const struct child_default *wanted)
{
	struct netns init;
	int ret;

	if (!wanted->is_set || kernel_has_modes())
		return 0;
	ret = netns_open_init(&init);
	if (ret)
		return ret;
	ret = apply(wanted, &init);
	netns_close(&init);
	return ret;
}

void child_default_free(struct child_default *wanted)
{
	sysctl_setting_free(&wanted->setting);
}
