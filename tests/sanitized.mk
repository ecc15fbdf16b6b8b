# SPDX-License-Identifier: GPL-2.0-only
# Harnesses that take any bytes (tests/fuzz/), and what else runs under sanitizers: built a second
# time below build/sanitized, and for clang's fuzzer a third time below build/fuzzed.

FUZZ_NAMES	:= policy config oci events options-ctl options-bpfd control-server control-client pinned
HARNESSES	:= $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ_NAMES))
SANITIZE	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# What calls a harness: libFuzzer, or a program that runs through its corpus.
FUZZ_ENGINE	?= $(BUILD)/tests/fuzz/replay.o

# As the last of all, so that what a harness plays is not taken from the library.
$(BUILD)/tests/fuzz/policy: $(BUILD)/tests/rules/plain.o
$(BUILD)/tests/fuzz/pinned: $(patsubst %,$(BUILD)/loader/ctl/%.o,list rules cids status)
# Some functions of a file are played, and the others are not.
$(BUILD)/tests/fuzz/pinned: override LDFLAGS += -Wl,--allow-multiple-definition
$(HARNESSES): %: %.o $(addprefix $(BUILD)/tests/fuzz/,fuzz.o mute.o) $(filter %.o,$(FUZZ_ENGINE)) $(LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(filter-out %.o,$(FUZZ_ENGINE)) \
		$$(pkg-config --libs $(LIBS)) -o $@

$(BUILD)/tests/fuzz/%.o: override CFLAGS += -Iinclude -Iloader -I$(BUILD) -DVERSION='"$(VERSION)"'

harnesses: $(HARNESSES)

sanitized: ## the programs, their unit tests and the harnesses with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory BUILD=build/sanitized WARN='-Wall -Wextra -Wno-unused-parameter' \
		CFLAGS='-g -O1 $(SANITIZE)' all unit harnesses

unit: $(UNIT)

build-tests: sanitized

FUZZ_SECONDS	?= 60

fuzz: ## each harness with what clang invents, for FUZZ_SECONDS (60) each
	@tools/deps build check
	$(Q)$(MAKE) --no-print-directory $(if $(V),,-s) BUILD=build/fuzzed CC=$(CLANG) WARN='-Wall -Wextra -Wno-unused-parameter' \
		CFLAGS='-g -O1 $(SANITIZE) -fsanitize=fuzzer-no-link' FUZZ_ENGINE=-fsanitize=fuzzer harnesses
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_NAMES)

.PHONY: fuzz harnesses sanitized unit
