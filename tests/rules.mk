# SPDX-License-Identifier: GPL-2.0-only
# The tests of rules: what they need beside tests/more.mk, which says how.

RULES_TESTS	:= $(addprefix $(BUILD)/tests/rules/,rules property cheats)

build-tests: $(RULES_TESTS)

$(BUILD)/tests/rules/rules: $(call more_objects,rules/rules guests/vm) $(LIFE_LIB) $(BUILD)/libguest.a
$(BUILD)/tests/rules/cheats: $(call more_objects,rules/cheats guests/hold guests/play lib/ns lib/worker) $(BUILD)/libguest.a
$(BUILD)/tests/rules/property: $(call more_objects,rules/property rules/plain)
$(RULES_TESTS): $(LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $$(pkg-config --libs liburing $(LIBS)) -pthread -o $@

$(BUILD)/tests/rules/%.o: override CFLAGS += -Itests/lifecycle -Itests/guests -Iinclude -Iloader -I$(BUILD)

# The verdict as it stands in bpf/, in a program that attaches to nothing.
$(BUILD)/tests/rules/property.o: $(BUILD)/verdict.skel.h
$(BUILD)/verdict.bpf.o: tests/rules/verdict.bpf.c $(wildcard bpf/*) include/vsock-bpfd.h
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -Ibpf -c $< -o $(@:.o=.full.o)
	$(Q)bpftool gen object $@ $(@:.o=.full.o)
$(BUILD)/verdict.skel.h: $(BUILD)/verdict.bpf.o
	$(Q)bpftool gen skeleton $< name verdict_bpf > $@
