// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict alone, in nanoseconds of the machine at hand: loaded and asked by
 * BPF_PROG_TEST_RUN, attached to nothing. The kernel's own statistics of a program count
 * its time, and the clock's in it: a program that returns at once tells how much that is.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "policy/compile.h"
#include "policy/policies.h"
#include "verdict.skel.h"

#define RUNS	   100000
#define OWN	   1000
#define FRIEND	   1001
#define ALONE	   1002
#define RULES_FILE "/tmp/bench-verdict.policy"

static struct verdict_bpf *bpf;

static struct layer_state *state;

static struct bpf_prog_info info_of(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size))
		err(EXIT_FAILURE, "what the kernel knows of the program");
	return info;
}

static double run(int program, netns_id from, netns_id to)
{
	__u64 args[5] = { from, 0, to, 0, PORT };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));
	struct bpf_prog_info before = info_of(program), after;
	int i;

	for (i = 0; i < RUNS; i++)
		if (bpf_prog_test_run_opts(program, &options))
			err(EXIT_FAILURE, "test run");
	after = info_of(program);
	return (double)(after.run_time_ns - before.run_time_ns) / (after.run_cnt - before.run_cnt);
}

static int load_nothing(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "nothing", "GPL", code, 2, NULL);

	if (program < 0)
		err(EXIT_FAILURE, "a program that returns at once");
	return program;
}

static void add_namespace(netns_id id, enum vsock_mode mode, __u32 policy)
{
	struct netns_record record = { .mode = mode, .child_mode = mode };

	record.binding[0].policy = policy;
	if (bpf_map__update_elem(bpf->maps.namespaces, &id, sizeof(id), &record, sizeof(record), 0))
		err(EXIT_FAILURE, "a namespace");
}

/* Returns where the policy starts. */
static __u32 add_rules(int count)
{
	char *const files[] = { RULES_FILE };
	struct policies policies;
	struct peer_names names;
	struct compiled compiled;
	FILE *file = fopen(RULES_FILE, "w");
	__u32 i;

	if (!file)
		err(EXIT_FAILURE, RULES_FILE);
	fputs("[Match]\nName=own\n[Rules]\n", file);
	for (i = 0; i < (__u32)count; i++)
		fprintf(file, "Deny=%s anyone port %u\n", i % 2 ? "accept from" : "connect to",
			20000 + 2 * i);
	fclose(file);
	if (policies_load_files(&policies, files, 1))
		errx(EXIT_FAILURE, RULES_FILE);
	peer_names_take(&names, &policies);
	if (policies_compile(&policies, &names, &compiled))
		errx(EXIT_FAILURE, "%d rules", count);
	for (i = 0; i < compiled.count; i++)
		bpf_map__update_elem(bpf->maps.rules, &i, sizeof(i), &compiled.cells[i],
				     sizeof(*compiled.cells), 0);
	compiled_free(&compiled);
	peer_names_free(&names);
	policies_free(&policies);
	unlink(RULES_FILE);
	return policy_cell(0);
}

static void load(void)
{
	bpf = verdict_bpf__open_and_load();
	if (!bpf)
		err(EXIT_FAILURE, "the verdict");
	state = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(bpf->maps.data_state), 0);
	if (state == MAP_FAILED)
		err(EXIT_FAILURE, "its state");
	state->gates_wanted = YES;
	add_namespace(OWN, GLOBAL, 0);
	add_namespace(FRIEND, GLOBAL, 0);
	add_namespace(ALONE, LOCAL, 0);
}

/* By what is kept of the first call, and by modes and rules each time: see bpf/verdict-cache.h. */
static void report_both(const char *what, netns_id to, double clock)
{
	int program = bpf_program__fd(bpf->progs.ask);
	double kept, anew;

	state->verdict_epoch += 2;
	kept = run(program, OWN, to) - clock;
	state->verdict_epoch++;
	anew = run(program, OWN, to) - clock;
	state->verdict_epoch++;
	printf("%s\t%.0f ns\t%.0f ns\n", what, kept, anew);
}

void measure_verdict(void)
{
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME), nothing = load_nothing();
	struct bpf_prog_info info;
	double clock;

	if (stats < 0)
		err(EXIT_FAILURE, "statistics of programs");
	load();
	info = info_of(bpf_program__fd(bpf->progs.ask));
	printf("%zu instructions, %u bytes of machine code\n",
	       (size_t)info.xlated_prog_len / sizeof(struct bpf_insn), info.jited_prog_len);
	clock = run(nothing, OWN, OWN);
	printf("clock and nothing\t%.0f ns\n", clock);
	puts("\tkept\tasked anew");
	report_both("same namespace", OWN, clock);
	report_both("two global ones", FRIEND, clock);
	report_both("refused, and told", ALONE, clock);
	state->has_rules = YES;
	add_namespace(OWN, GLOBAL, add_rules(100));
	report_both("same namespace, 100 rules", OWN, clock);
	add_namespace(OWN, GLOBAL, add_rules(10000));
	report_both("same namespace, 10,000 rules", OWN, clock);
	close(stats);
}
