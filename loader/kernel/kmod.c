// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/kmod.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/log.h"

static int explain(const char *name, int error)
{
	struct utsname uts;

	uname(&uts);
	if (error == ENOENT)
		return log_error(ENOENT, "module %s: not in /lib/modules/%s", name, uts.release);
	return log_errno(error, "module %s", name);
}

/* libkmod's own lines would stand beside ours. */
static struct kmod_ctx *quiet_kmod(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	if (ctx)
		kmod_set_log_priority(ctx, -1);
	return ctx;
}

static int insert_first(struct kmod_list *list)
{
	struct kmod_module *module;
	int ret;

	if (!list)
		return -ENOENT;
	module = kmod_module_get_module(list);
	ret = kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL,
					      NULL, NULL, NULL);
	kmod_module_unref(module);
	return ret > 0 ? -EPERM : ret;
}

int module_load(const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	int ret;

	if (module_present(name))
		return 0;
	ctx = quiet_kmod();
	if (!ctx)
		return explain(name, ENOMEM);
	ret = kmod_module_new_from_lookup(ctx, name, &list);
	if (!ret)
		ret = insert_first(list);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return ret ? explain(name, -ret) : 0;
}

/* A state that is not known must not count as absent: the module would stay without hooks. */
__attribute__((noreturn)) static void cannot_tell(const char *name, int error)
{
	errno = error;
	err(EXIT_FAILURE, "module %s", name);
}

/* "live", if it is a module and has started. */
static bool read_state(const char *name, char state[16])
{
	char path[PATH_MAX];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return false;
	size = fd < 0 ? -1 : read(fd, state, 15);
	if (size < 0)
		cannot_tell(name, errno);
	close(fd);
	state[size] = '\0';
	return true;
}

/* A list among the files of the modules has it. */
static bool is_built_in(const char *name)
{
	struct kmod_ctx *ctx = quiet_kmod();
	struct kmod_module *module = NULL;
	int state = -ENOMEM;

	if (ctx && !kmod_module_new_from_name(ctx, name, &module))
		state = kmod_module_get_initstate(module);
	if (state < 0 && state != -ENOENT)
		cannot_tell(name, -state);
	kmod_module_unref(module);
	kmod_unref(ctx);
	return state == KMOD_MODULE_BUILTIN;
}

/* The kernel is asked first: libkmod reads its lists, and dies where it gets no memory for them. */
bool module_present(const char *name)
{
	char state[16];

	return read_state(name, state) ? !strncmp(state, "live", 4) : is_built_in(name);
}

bool module_known(const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_ctx *ctx;
	bool known;

	if (module_present(name))
		return true;
	ctx = quiet_kmod();
	if (!ctx)
		cannot_tell(name, ENOMEM);
	known = !kmod_module_new_from_lookup(ctx, name, &list) && list;
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return known;
}
