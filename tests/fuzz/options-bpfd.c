// SPDX-License-Identifier: GPL-2.0-only
/* Any words are a command line of vsock-bpfd: one thing to do, or 2. */
#include "options.h"

#include "../../loader/service/main.c"

#undef main
#undef exit

void libbpf_log_verbose(void)
{
}

int config_read(struct config *config, const char *path)
{
	check(!path || strlen(path) < (size_t)-1);
	memset(config, 0, sizeof(*config));
	return 0;
}

int policy_prepare_dir(struct policy_set *set, const char *dir)
{
	check(dir != NULL);
	*set = (struct policy_set){ .hash = strlen(dir) };
	return 0;
}

enum coverage policy_coverage(const struct policy_set *set)
{
	check(set != NULL);
	return RECORDING;
}

int policy_switch(const struct policy_set *set, bool *in_force)
{
	*in_force = !(set->hash % 2);
	return set->hash % 2 ? -EINVAL : 3;
}

void policy_set_close(struct policy_set *set)
{
	*set = (struct policy_set){};
}

int service_attach(const struct config *config, enum coverage coverage)
{
	check(config && coverage == RECORDING);
	acted++;
	return 0;
}

int service_run(const char *config_path, const char *policy_dir)
{
	check(policy_dir != NULL && (!config_path || strlen(config_path) < (size_t)-1));
	acted++;
	return 0;
}

int layer_detach(void)
{
	acted++;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status = run_words(program_main, data, size);

	check(status >= 0 && status <= USAGE && acted <= 1);
	check(status != USAGE || !acted);
	return 0;
}
