// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl doctor: one line for each thing the layer needs of this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"
#include "layer/doctor.h"
#include "lib/config.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/text-table.h"

static const char *diagnosis_name(enum diagnosis diagnosis)
{
	static const char *const names[] = { "ok", "note", "missing" };

	return names[diagnosis];
}

static void print_line(enum diagnosis diagnosis, const char *what, const char *text, void *arg)
{
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colour = table_colour();

	printf("%s%-7s%s  %-13s  %s\n", colour ? colours[diagnosis] : "", diagnosis_name(diagnosis),
	       colour ? "\033[0m" : "", what, text);
}

static void add_to_list(enum diagnosis diagnosis, const char *what, const char *text, void *list)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "what", what);
	json_add_text(object, "finding", diagnosis_name(diagnosis));
	json_add_text(object, "text", text);
	json_object_array_add(list, object);
}

/* If that can be known. */
static bool loads_modules(void)
{
	struct config config;

	return config_read(&config, NULL) || config.load_modules;
}

int command_doctor(const struct options *options, int argc, char **argv)
{
	struct doctor doctor = { .tell = print_line, .loads_modules = loads_modules };

	if (options->json) {
		doctor.tell = add_to_list;
		doctor.arg = json_object_new_array();
	}
	doctor_run(&doctor);
	if (options->json)
		print_json(doctor.arg);
	return doctor.missing
		       ? log_error(ENOTSUP, "%d missing: isolation is not complete", doctor.missing)
		       : 0;
}
