# SPDX-License-Identifier: GPL-2.0-only
# How build/bench comes from tools/bench/, and the figures from it. Included by the
# Makefile, which gives CC, CFLAGS, LIB, BUILD and Q.

BENCH_OUT := $(BUILD)/tools/bench
BENCH_SRC := $(wildcard tools/bench/*.c)
BENCH_OBJ := $(patsubst tools/bench/%.c,$(BENCH_OUT)/%.o,$(filter-out %.bpf.c,$(BENCH_SRC)))

build-tests: $(BUILD)/bench

bench: deps ## what the layer costs, into docs/performance; 20 minutes
	@$(MAKE) --no-print-directory $(if $(V),,-s) all $(BUILD)/bench
	@tools/bench/run

bench-check: deps ## the same, held against what is recorded there
	@$(MAKE) --no-print-directory $(if $(V),,-s) all $(BUILD)/bench
	@tools/bench/run --check

$(BUILD)/bench: $(BENCH_OBJ) $(LIB) $(BUILD)/libguest.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs $(LIBS)) -o $@

$(BUILD)/blocks.so: tools/bench/plugin/blocks.c tools/bench/plugin/qemu-plugin.h
	@echo "  LINK  $@"
	$(Q)$(CC) -std=gnu11 $(WARN) $(CFLAGS) -shared -fPIC -fvisibility=hidden $< -o $@

$(BENCH_OUT)/%.o: tools/bench/%.c $(BENCH_OUT)/floor.skel.h $(BUILD)/verdict.skel.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -std=gnu11 $(WARN) $(CPPFLAGS) -Itools/bench -Itools/guest \
		-I$(BENCH_OUT) $(CFLAGS) -Wno-missing-field-initializers -MMD -MP -c $< -o $@

$(BENCH_OUT)/%.bpf.o: tools/bench/%.bpf.c
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.o=.full.o)
	$(Q)bpftool gen object $@ $(@:.o=.full.o)

$(BENCH_OUT)/floor.skel.h: $(BENCH_OUT)/floor.bpf.o
	@echo "  SKEL  $@"
	$(Q)bpftool gen skeleton $< name bench_floor > $@

.PHONY: bench bench-check
