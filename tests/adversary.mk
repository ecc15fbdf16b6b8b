# SPDX-License-Identifier: GPL-2.0-only
# What looks for bytes, resets and credit that cross.

ADVERSARY	:= $(BUILD)/tests/adversary/adversary

build-tests: $(ADVERSARY)

$(ADVERSARY): $(patsubst tests/%.c,$(BUILD)/tests/%.o,$(wildcard tests/adversary/*.c)) \
	$(patsubst %,$(BUILD)/tests/%.o,lifecycle/command guests/hold lib/ns lib/worker) \
	$(BUILD)/libguest.a
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing) -pthread -o $@

$(BUILD)/tests/adversary/%.o: override CFLAGS += -Itests/lifecycle -Itests/guests
