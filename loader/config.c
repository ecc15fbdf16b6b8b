// SPDX-License-Identifier: GPL-2.0-only
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "report.h"

struct reader {
	struct config *config;
	char mistake[160]; /* the first one */
};

/* The words of systemd. */
static int parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*value = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

static void note_mistake(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note_mistake(struct reader *reader, const char *format, ...)
{
	va_list args;

	if (reader->mistake[0])
		return;
	va_start(args, format);
	vsnprintf(reader->mistake, sizeof(reader->mistake), format, args);
	va_end(args);
}

/* libinih wants 0 for a mistake; it goes on, and tells the line of the first. */
static int on_key(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *reader = arg;

	if (strcmp(section, "Service"))
		note_mistake(reader, "[%s]: no such section; there is [Service]", section);
	else if (strcmp(key, "LoadModules"))
		note_mistake(reader, "%s=: no such key; [Service] has LoadModules=", key);
	else if (parse_bool(value, &reader->config->load_modules))
		note_mistake(reader, "LoadModules=%s: neither yes nor no", value);
	else
		return 1;
	return 0;
}

int config_read(struct config *config, const char *path)
{
	struct reader reader = { .config = config };
	const char *name = path ?: CONFIG_FILE;
	FILE *file;
	int line;

	*config = (struct config){ .load_modules = true };
	file = fopen(name, "re");
	if (!file && errno == ENOENT && !path)
		return 0;
	if (!file)
		return fail_errno(errno, "%s", name);
	line = ini_parse_file(file, on_key, &reader);
	fclose(file);
	if (!line)
		return 0;
	return fail(EINVAL, "%s:%d: %s", name, line,
		    reader.mistake[0] ? reader.mistake : "neither [Section] nor Key=value");
}
