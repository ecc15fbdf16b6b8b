# SPDX-License-Identifier: GPL-2.0-only
# The tests of guests: what they need beside tests/tests.mk, which says how.

$(BUILD)/tests/scenario: $(addprefix $(BUILD)/tests/,scenarios/guests.o guests/vm.o) $(BUILD)/libguest.a

GUEST_TESTS := $(addprefix $(BUILD)/tests/guests/,cheats ownership)

build-tests: $(GUEST_TESTS)

$(BUILD)/tests/guests/cheats: $(addprefix $(BUILD)/tests/guests/,cheats.o hold.o play.o)
$(BUILD)/tests/guests/ownership: $(addprefix $(BUILD)/tests/guests/,ownership.o hold.o play.o vm.o)
$(GUEST_TESTS): $(BUILD)/tests/lib/ns.o $(BUILD)/tests/lib/worker.o $(BUILD)/libguest.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $$(pkg-config --libs liburing libbpf json-c) -pthread -o $@
