// SPDX-License-Identifier: GPL-2.0-only
#include "service/microhttpd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/array.h"
#include "lib/log.h"

/* What its header describes. */
#define LIBRARY "libmicrohttpd.so.12"

static struct microhttpd library;

static const struct {
	const char *name;
	void **function;
} functions[] = {
	{ "MHD_start_daemon", (void **)&library.start_daemon },
	{ "MHD_stop_daemon", (void **)&library.stop_daemon },
	{ "MHD_run", (void **)&library.run },
	{ "MHD_get_timeout", (void **)&library.get_timeout },
	{ "MHD_get_daemon_info", (void **)&library.get_daemon_info },
	{ "MHD_get_connection_info", (void **)&library.get_connection_info },
	{ "MHD_set_connection_option", (void **)&library.set_connection_option },
	{ "MHD_create_response_from_buffer", (void **)&library.create_response_from_buffer },
	{ "MHD_add_response_header", (void **)&library.add_response_header },
	{ "MHD_queue_response", (void **)&library.queue_response },
	{ "MHD_destroy_response", (void **)&library.destroy_response },
};

_Static_assert(ARRAY_SIZE(functions) == sizeof(library) / sizeof(void *),
	       "each function has a name");

/* It is never unloaded. */
static bool find_functions(void)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (!handle)
		return false;
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		*functions[i].function = dlsym(handle, functions[i].name);
		if (!*functions[i].function)
			return false;
	}
	return true;
}

const struct microhttpd *microhttpd_load(void)
{
	static bool loaded;

	loaded = loaded || find_functions();
	if (loaded)
		return &library;
	log_error(ENOENT, "MetricsListen= needs libmicrohttpd: %s", dlerror());
	return NULL;
}
