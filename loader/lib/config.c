// SPDX-License-Identifier: GPL-2.0-only
#include "lib/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/ends-in.h"
#include "lib/keywords.h"
#include "lib/log.h"
#include "lib/number.h"

#define METRICS_ENDING	".prom"
#define METRICS_SEC_MAX 86400
#define HOLD_SEC_MAX	60

struct reader {
	struct config *config;
	char mistake[320]; /* the first one */
};

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

static int take_bool(struct reader *reader, const char *key, const char *value, bool *flag)
{
	if (!keywords_bool(value, flag))
		return 0;
	note_mistake(reader, "%s=%s: neither yes nor no", key, value);
	return -EINVAL;
}

static int take_cids(struct reader *reader, const char *value)
{
	static const char *const words[] = { "shared", "own" };
	int place = keywords_find(value, words, ARRAY_SIZE(words));

	if (place < 0) {
		note_mistake(reader, "CIDs=%s: neither shared nor own", value);
		return -EINVAL;
	}
	reader->config->own_cids = place == 1;
	return 0;
}

static int take_load_modules(struct reader *reader, const char *value)
{
	return take_bool(reader, "LoadModules", value, &reader->config->load_modules);
}

static int take_public_socket(struct reader *reader, const char *value)
{
	return take_bool(reader, "PublicSocket", value, &reader->config->public_socket);
}

/* What node_exporter reads ends so; anything else would be written and never seen. */
static bool is_metrics_file(const char *path)
{
	return path[0] == '/' && ends_in(strrchr(path, '/') + 1, METRICS_ENDING);
}

static int take_metrics_file(struct reader *reader, const char *value)
{
	struct config *config = reader->config;

	if (!is_metrics_file(value))
		note_mistake(reader,
			     "MetricsFile=%s: not an absolute path that ends in " METRICS_ENDING,
			     value);
	else if (strlen(value) >= sizeof(config->metrics_file))
		note_mistake(reader, "MetricsFile=: longer than %zu characters",
			     sizeof(config->metrics_file) - 1);
	else {
		strcpy(config->metrics_file, value);
		return 0;
	}
	return -EINVAL;
}

static int take_metrics_listen(struct reader *reader, const char *value)
{
	if (!listen_address_parse(&reader->config->metrics_listen, value))
		return 0;
	note_mistake(reader,
		     "MetricsListen=%s: neither ADDRESS:PORT, as 127.0.0.1:9766 or [::1]:9766, nor "
		     "the path of a socket, of at most %zu characters",
		     value, sizeof(reader->config->metrics_listen.text) - 1);
	return -EINVAL;
}

static int take_seconds(struct reader *reader, const char *key, const char *value,
			unsigned int least, unsigned int most, unsigned int *seconds)
{
	if (!number_parse(value, least, most, seconds))
		return 0;
	note_mistake(reader, "%s=%s: not a number of seconds from %u to %u", key, value, least,
		     most);
	return -EINVAL;
}

static int take_metrics_sec(struct reader *reader, const char *value)
{
	return take_seconds(reader, "MetricsSec", value, 1, METRICS_SEC_MAX,
			    &reader->config->metrics_sec);
}

static int take_hold_sec(struct reader *reader, const char *value)
{
	return take_seconds(reader, "HoldSec", value, 0, HOLD_SEC_MAX, &reader->config->hold_sec);
}

static const struct key {
	const char *name;
	int (*take)(struct reader *reader, const char *value);
} keys[] = {
	{ "CIDs", take_cids },
	{ "HoldSec", take_hold_sec },
	{ "LoadModules", take_load_modules },
	{ "MetricsFile", take_metrics_file },
	{ "MetricsListen", take_metrics_listen },
	{ "MetricsSec", take_metrics_sec },
	{ "PublicSocket", take_public_socket },
};

static const struct key *find_key(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* libinih wants 0 for a mistake; it goes on, and tells the line of the first. */
static int on_key(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;
	const struct key *key = find_key(name);

	if (strcmp(section, "Service"))
		note_mistake(reader, "[%s]: no such section; there is [Service]", section);
	else if (!key)
		note_mistake(reader,
			     "%s=: no such key; [Service] has CIDs=, HoldSec=, LoadModules=, "
			     "MetricsFile=, MetricsListen=, MetricsSec= and PublicSocket=",
			     name);
	else
		return !key->take(reader, value);
	return 0;
}

int config_read(struct config *config, const char *path)
{
	struct reader reader = { .config = config };
	const char *name = path ?: CONFIG_FILE;
	FILE *file;
	int line;

	*config = (struct config){
		.load_modules = true,
		.metrics_sec = 15,
		.hold_sec = 2,
		.public_socket = true,
	};
	file = fopen(name, "re");
	if (!file && errno == ENOENT && !path)
		return 0;
	if (!file)
		return log_errno(errno, "%s", name);
	line = ini_parse_file(file, on_key, &reader);
	fclose(file);
	if (!line)
		return 0;
	return log_error(EINVAL, "%s:%d: %s", name, line,
			 reader.mistake[0] ? reader.mistake : "neither [Section] nor Key=value");
}
