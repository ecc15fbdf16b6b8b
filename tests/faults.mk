# SPDX-License-Identifier: GPL-2.0-only
# The tests of faults: calls that fail, kills at random moments. See tests/more.mk, too.

FAULTS		:= $(addprefix $(BUILD)/tests/faults/,kills faults)

build-tests: $(FAULTS) $(BUILD)/tests/faults/fail.so

$(BUILD)/tests/faults/faults: $(BUILD)/tests/faults/trace.o
$(FAULTS): %: %.o $(addprefix $(BUILD)/tests/,faults/force.o lifecycle/service.o lifecycle/command.o \
		lifecycle/world.o lib/ns.o lib/worker.o)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf) -o $@

$(BUILD)/tests/faults/fail.so: tests/faults/fail.c tests/faults/fail.h
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE $(CFLAGS) -shared -fPIC $< -o $@

$(BUILD)/tests/faults/%.o: override CFLAGS += -Itests/lifecycle
