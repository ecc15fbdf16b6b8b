# SPDX-License-Identifier: GPL-2.0-only
# Tests of policy files: with cmocka beside the others, and with clang's fuzzer.

POLICY		:= words policy-line policy-rule policy-read policy-files policy-match

$(BUILD)/tests/unit/policy: $(call loader_objects,$(POLICY))
$(BUILD)/tests/unit/policy-notes: $(call loader_objects,$(POLICY) policy-notes)
$(BUILD)/tests/unit/policy-compile: $(call loader_objects,$(POLICY) policy-compile)

FUZZ_SECONDS	?= 60
FUZZ_SRC	:= tests/fuzz/policy.c $(patsubst %,loader/%.c,$(POLICY) policy-compile)

fuzz: ## policy files of clang's invention, for FUZZ_SECONDS (60)
	@tools/deps build check
	@$(MAKE) --no-print-directory $(if $(V),,-s) $(BUILD)/tests/fuzz/policy
	@mkdir -p $(BUILD)/tests/fuzz/corpus
	$(Q)$(BUILD)/tests/fuzz/policy -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -verbosity=0 -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/tests/fuzz/ -dict=tests/fuzz/policy.dict $(BUILD)/tests/fuzz/corpus

$(BUILD)/tests/fuzz/policy: $(FUZZ_SRC) $(wildcard loader/*.h) include/vsock-bpfd.h
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	$(Q)$(CLANG) -std=gnu11 -D_GNU_SOURCE -g -O1 $(WARN) -Iinclude -Iloader \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$(FUZZ_SRC) $$(pkg-config --libs inih) -o $@

.PHONY: fuzz
