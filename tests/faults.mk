# SPDX-License-Identifier: GPL-2.0-only
# The tests of faults: calls that fail, kills at random moments. See tests/more.mk, too.

FAULTS		:= $(addprefix $(BUILD)/tests/faults/,kills)

build-tests: $(FAULTS)

$(FAULTS): %: %.o $(addprefix $(BUILD)/tests/,faults/force.o lifecycle/service.o lifecycle/command.o \
		lifecycle/world.o lib/ns.o lib/worker.o)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf) -o $@

$(BUILD)/tests/faults/%.o: override CFLAGS += -Itests/lifecycle
