// SPDX-License-Identifier: GPL-2.0-only
#include "layer/caller.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "kernel/netns.h"
#include "lib/libbpf-log.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "caller.skel.h"

struct caller_program {
	struct caller *skel;
};

static int load(struct caller **skel)
{
	int ret;

	libbpf_log_start();
	*skel = caller__open();
	if (!*skel)
		return log_errno(errno, "BPF object");
	(*skel)->rodata->netns_has_cookie = netns_has_cookie();
	ret = caller__load(*skel);
	return ret ? log_errno(-ret, "loading what knows callers (--verbose tells more)") : 0;
}

int caller_program_load(struct caller_program **program)
{
	struct caller *skel = NULL;
	int ret = load(&skel);

	if (ret) {
		caller__destroy(skel);
		return ret;
	}
	*program = memory_checked(calloc(1, sizeof(**program)));
	(*program)->skel = skel;
	return 0;
}

void caller_program_free(struct caller_program *program)
{
	if (!program)
		return;
	caller__destroy(program->skel);
	free(program);
}

int caller_learn(const struct caller_program *program, int fd, struct caller_answer *caller)
{
	__u64 args[1] = { fd };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));
	int ret;

	program->skel->bss->answer.found = NO;
	ret = bpf_prog_test_run_opts(bpf_program__fd(program->skel->progs.caller), &options);
	if (ret)
		return ret;
	*caller = program->skel->bss->answer;
	return caller->found == YES ? 0 : -ESRCH;
}
