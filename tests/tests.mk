# SPDX-License-Identifier: GPL-2.0-only
# How build/tests/ comes from tests/. Included by the Makefile, which gives CC,
# CFLAGS, WARN, BUILD and Q.

TESTS		:= $(addprefix $(BUILD)/tests/,scenario compare tally)
TESTS_LIB	:= $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/lib/*.c))
tests_objects	= $(patsubst %,$(BUILD)/tests/%.o,$(1))

build-tests: $(TESTS) ## the programs of the test suites

$(BUILD)/tests/scenario: $(call tests_objects,$(addprefix scenarios/,scenario loopback knobs ctl)) $(TESTS_LIB)
$(BUILD)/tests/scenario: TESTS_LIBS := liburing
$(BUILD)/tests/compare: $(call tests_objects,scenarios/compare)
$(BUILD)/tests/tally: $(call tests_objects,tally)
$(TESTS):
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(if $(TESTS_LIBS),$$(pkg-config --libs $(TESTS_LIBS))) -o $@

$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -Itests/lib $(CFLAGS) -MMD -MP -c $< -o $@
