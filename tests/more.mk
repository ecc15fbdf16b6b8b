# SPDX-License-Identifier: GPL-2.0-only
# More of build/tests/: the life of the layer, bad input, cheats, unit tests.

LIFE		:= $(addprefix $(BUILD)/tests/lifecycle/,lifecycle policies held tenants told bad-input storm is-json)
more_objects	= $(patsubst %,$(BUILD)/tests/%.o,$(1))
LIFE_LIB	:= $(call more_objects,lifecycle/command lifecycle/world lib/ns lib/worker)

build-tests: $(LIFE) $(BUILD)/other/vsock-bpfd

$(BUILD)/tests/lifecycle/lifecycle: $(call more_objects,lifecycle/service) $(LIFE_LIB)
$(BUILD)/tests/lifecycle/policies: $(call more_objects,lifecycle/service) $(LIFE_LIB)
$(BUILD)/tests/lifecycle/told: $(call more_objects,lifecycle/service) $(LIFE_LIB)
$(BUILD)/tests/lifecycle/tenants: $(call more_objects,lifecycle/service) $(LIFE_LIB)
$(BUILD)/tests/lifecycle/held: $(call more_objects,lifecycle/service) $(LIFE_LIB)
$(BUILD)/tests/lifecycle/bad-input: $(LIFE_LIB)
$(LIFE): %: %.o
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf json-c) -o $@

# Preloaded into programs: one that a test stops at each step, one that writes slowly.
PRELOADED	:= $(addprefix $(BUILD)/tests/,lifecycle/steps.so lifecycle/old-libbpf.so events/slow.so)

build-tests: $(PRELOADED)

$(PRELOADED): $(BUILD)/%.so: %.c
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE $(CFLAGS) -shared -fPIC $< -o $@

# What an upgrade comes from: another name for one variable makes another object.
$(BUILD)/other/vsock-bpfd: $(wildcard bpf/* loader/*/* include/*)
	@echo "  OTHER $@"
	$(Q)$(MAKE) --no-print-directory BUILD=$(@D) BPF_DEFINES=-D_license=_license_b $@ >/dev/null

# Each with the files of the loader that it tests; what else they call it plays.
UNIT		:= $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
loader_objects	= $(patsubst %,$(BUILD)/loader/%.o,$(1))

build-tests: $(UNIT)

$(BUILD)/tests/unit/modes: $(call loader_objects,layer/modes kernel/mode-names)
$(BUILD)/tests/unit/netns: $(call loader_objects,kernel/netns)
$(BUILD)/tests/unit/oci-state: $(call loader_objects,oci/state)
$(BUILD)/tests/unit/programs: $(call loader_objects,layer/programs layer/probe) | $(BUILD)/vsock-bpfd.bpf.o
$(BUILD)/tests/unit/text-table: $(call loader_objects,lib/text-table)
$(BUILD)/tests/unit/printable: $(call loader_objects,lib/printable lib/utf8)
$(BUILD)/tests/unit/event-format: $(call loader_objects,events/event-format lib/json lib/printable lib/utf8)
$(BUILD)/tests/unit/dropped: $(call loader_objects,service/dropped)
$(BUILD)/tests/unit/netns-names: $(call loader_objects,kernel/netns-names)
$(BUILD)/tests/unit/netns-homes: $(call loader_objects,kernel/netns-homes kernel/netns-names kernel/cgroup)
$(BUILD)/tests/unit/metrics: $(call loader_objects,events/metrics layer/map-walk events/event-format lib/json lib/printable lib/utf8)
$(BUILD)/tests/unit/map-walk: $(call loader_objects,layer/map-walk)
$(BUILD)/tests/unit/config: $(call loader_objects,lib/config lib/keywords)
$(UNIT): %: %.o $(call loader_objects,lib/array lib/memory)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs cmocka libbpf json-c inih) -o $@

$(addsuffix .o,$(UNIT)): override CFLAGS += -Iinclude -Iloader

build-tests: $(BUILD)/tests/cheats/cheats

$(BUILD)/tests/cheats/cheats: $(call more_objects,$(addprefix cheats/,cheats stall sockets) guests/hold) $(LIFE_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf) -pthread -o $@

$(BUILD)/tests/cheats/%.o: override CFLAGS += -Itests/lifecycle -Itests/guests

build-tests: $(BUILD)/tests/attacks/attacks

$(BUILD)/tests/attacks/attacks: $(call more_objects,attacks/attacks cheats/sockets cheats/stall guests/hold) $(LIFE_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf) -pthread -o $@

$(BUILD)/tests/attacks/%.o: override CFLAGS += -Itests/lifecycle -Itests/cheats -Itests/guests

# Who reads what the layer tells.
EVENTS		:= $(BUILD)/tests/events/events

build-tests: $(EVENTS) $(BUILD)/guest

$(EVENTS): $(call more_objects,events/events events/lines) $(LIFE_LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs liburing libbpf json-c) -o $@

$(BUILD)/tests/events/%.o: override CFLAGS += -Itests/lifecycle -Iloader
