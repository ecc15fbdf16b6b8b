// SPDX-License-Identifier: GPL-2.0-only
/* Any words are a command line of vsockctl: one command with as many arguments as it takes, or 2.
 */
#include "options.h"

#include "../../loader/ctl/main.c"

#undef main
#undef exit

static int act(int argc, char **argv)
{
	int i;

	acted++;
	for (i = 0; i < argc; i++)
		check(argv[i] != NULL);
	check(!argv[argc]);
	return argc % 2 ? -EIO : 0;
}

/* clang-format off */
#define VERB(name) \
	int name(const struct options *options, int argc, char **argv) \
	{ \
		check(!options->netns || strlen(options->netns) < (size_t)-1); \
		return act(argc, argv); \
	}
/* clang-format on */

VERB(command_get)
VERB(command_set)
VERB(command_list)
VERB(command_cid)
VERB(command_cids)
VERB(command_rules)
VERB(command_check)
VERB(command_reload)
VERB(command_status)
VERB(command_monitor)
VERB(command_metrics)
VERB(command_explain)
VERB(command_sockets)
VERB(command_resolve)
VERB(command_learn)
VERB(command_doctor)

void libbpf_log_verbose(void)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status = run_words(program_main, data, size);

	check(status >= 0 && status <= USAGE && acted <= 1);
	check(status != USAGE || !acted);
	return 0;
}
