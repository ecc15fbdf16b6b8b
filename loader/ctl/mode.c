// SPDX-License-Identifier: GPL-2.0-only
/* vsockctl get, vsockctl set: the two knobs of one namespace. */
#include <errno.h>
#include <stdio.h>

#include "ctl/command.h"
#include "ctl/own-mode-client.h"
#include "layer/modes.h"
#include "lib/json.h"
#include "lib/log.h"

static int parse_knob(const char *text, enum knob *knob)
{
	if (!knob_parse(text, knob))
		return 0;
	log_error(EINVAL, "%s: not a knob; they are ns_mode and child_ns_mode", text);
	return USAGE;
}

static int print_mode(const struct options *options, enum knob knob, enum vsock_mode mode)
{
	struct json_object *object;

	if (!options->json)
		return puts(mode_name(mode)) < 0 ? -EIO : 0;
	object = json_object_new_object();
	json_add_text(object, knob_name(knob), mode_name(mode));
	return print_json(object);
}

static int get(const char *netns, enum knob knob, enum vsock_mode *mode)
{
	struct netns ns;
	int ret;

	if (!is_root_of_machine())
		return own_mode_get(netns, knob, mode);
	ret = netns_open(&ns, netns);
	if (ret)
		return ret;
	ret = mode_get(&ns, knob, mode);
	netns_close(&ns);
	return ret;
}

int command_get(const struct options *options, int argc, char **argv)
{
	enum vsock_mode mode;
	enum knob knob;
	int ret = parse_knob(argv[0], &knob);

	if (!ret)
		ret = get(options->netns, knob, &mode);
	return ret ?: print_mode(options, knob, mode);
}

static int set(const char *netns, enum knob knob, enum vsock_mode mode)
{
	struct netns ns;
	int ret;

	if (!is_root_of_machine())
		return own_mode_set(netns, knob, mode);
	ret = netns_open(&ns, netns);
	if (ret)
		return ret;
	ret = mode_set(&ns, knob, mode);
	netns_close(&ns);
	return ret;
}

int command_set(const struct options *options, int argc, char **argv)
{
	enum vsock_mode mode;
	enum knob knob;
	int ret = parse_knob(argv[0], &knob);

	if (ret)
		return ret;
	if (mode_parse(argv[1], &mode)) {
		log_error(EINVAL, "%s: '%s' is neither global nor local", argv[0], argv[1]);
		return USAGE;
	}
	return set(options->netns, knob, mode);
}
