# SPDX-License-Identifier: GPL-2.0-only
# How build/tests/ comes from tests/. Included by the Makefile, which gives CC, CFLAGS,
# CPPFLAGS, WARN, LIBS, BUILD and Q. Includes name the folder, as in "lib/tap.h".

test_objects	= $(patsubst %,$(BUILD)/tests/%.o,$(1))
loader_objects	= $(patsubst %,$(BUILD)/loader/%.o,$(1))

# program NAME,OBJECTS,MORE: build/tests/NAME of NAME.c, these objects of tests/, and more files.
TEST_PROGRAMS	:=
define program
TEST_PROGRAMS	+= $(BUILD)/tests/$(1)
$(BUILD)/tests/$(1): $(call test_objects,$(1) $(2)) $(3)
endef

GUEST		:= $(BUILD)/libguest.a
WORKERS		:= lib/ns lib/worker
WORLD		:= lib/command lib/world $(WORKERS)

$(eval $(call program,tally))

# Tables.
$(eval $(call program,tables/compare))
$(eval $(call program,tables/scenario,$(addprefix tables/,loopback knobs ctl guests) lib/vm lib/caller lib/command $(WORKERS),$(GUEST)))
$(eval $(call program,tables/rules,lib/vm $(WORLD),$(GUEST) $(LIB)))
$(eval $(call program,model/property,model/plain,$(LIB)))

# The life of the layer.
$(foreach test,lifecycle policies held told,$(eval $(call program,lifecycle/$(test),lib/service $(WORLD))))
$(eval $(call program,lifecycle/tenants,lib/service lib/sockets $(WORLD)))
$(eval $(call program,lifecycle/own-cids,lib/command lib/hold lib/play $(WORKERS),$(GUEST)))
$(eval $(call program,lifecycle/bad-input,$(WORLD)))
$(eval $(call program,lifecycle/is-json))
$(eval $(call program,lib/storm))
$(foreach test,ownership shares lingering,$(eval $(call program,lifecycle/$(test),lib/hold lib/play lib/vm $(WORKERS),$(GUEST))))
$(eval $(call program,observe/events,lib/follow lib/lines $(WORLD)))
$(eval $(call program,observe/learn,lib/follow lib/lines lib/sockets $(WORLD)))
$(eval $(call program,observe/accepted,lib/follow lib/lines lib/sockets $(WORLD)))
$(eval $(call program,observe/explain,lib/command,$(LIB)))
$(eval $(call program,observe/sockets,lib/command))

# Faults: kills at random moments, and calls that fail, by the registers of x86-64.
$(eval $(call program,faults/kills,faults/force lib/service $(WORLD)))
ifeq ($(MACHINE),x86_64)
$(eval $(call program,faults/faults,faults/force faults/trace lib/service $(WORLD)))
endif

# Who knows how the layer works.
$(eval $(call program,cheats/cheats,lib/stall lib/sockets lib/hold $(WORLD)))
$(eval $(call program,cheats/public-cheats,lib/service lib/caller $(WORLD)))
$(eval $(call program,cheats/guest-cheats,lib/hold lib/play $(WORKERS),$(GUEST)))
$(eval $(call program,cheats/rule-cheats,lib/hold lib/play $(WORKERS),$(GUEST) $(LIB)))
$(eval $(call program,attacks/attacks,attacks/tries attacks/handovers lib/stall lib/sockets lib/hold $(WORLD)))
$(eval $(call program,adversary/adversary,$(patsubst tests/%.c,%,$(filter-out %/adversary.c,$(wildcard tests/adversary/*.c))) \
	lib/command lib/hold $(WORKERS),$(GUEST)))

# Preloaded into programs: what a test stops at each step, what writes slowly, what fails.
PRELOADED	:= $(addprefix $(BUILD)/tests/,lifecycle/steps.so lifecycle/old-libbpf.so lifecycle/refused.so observe/slow.so faults/fail.so)

# By the calls of i386, without any library.
CALL32		:= $(if $(filter x86_64,$(MACHINE)),$(BUILD)/tests/attacks/call32)
$(BUILD)/tests/attacks/call32: tests/attacks/call32.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -m32 -std=gnu11 $(WARN) -O2 -ffreestanding -fno-stack-protector -fno-pic -no-pie \
		-fcf-protection=none -nostdlib -static $< -o $@

build-tests: build-machine-tests $(CALL32) ## the programs of the test suites

# What lab machines run, of whatever architecture.
build-machine-tests: $(TEST_PROGRAMS) $(PRELOADED) $(BUILD)/other/vsock-bpfd $(BUILD)/guest

# Only the libraries that a program uses.
$(TEST_PROGRAMS):
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) -Wl,--as-needed \
		$$(pkg-config --libs liburing $(LIBS)) -pthread -o $@

$(BUILD)/tests/%.o: tests/%.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -std=gnu11 $(WARN) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -c $< -o $@

# These two find what they share without its folder.
$(BUILD)/tests/adversary/%.o $(BUILD)/tests/attacks/%.o: override CFLAGS += -Itests/lib

$(PRELOADED): $(BUILD)/%.so: %.c tests/faults/fail.h
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -Itests $(CFLAGS) -shared -fPIC $< -o $@

# What an upgrade comes from: another name for one variable makes another object.
$(BUILD)/other/vsock-bpfd: $(wildcard bpf/* loader/*/* include/*)
	@echo "  OTHER $@"
	$(Q)$(MAKE) --no-print-directory BUILD=$(@D) BPF_DEFINES=-D_license=_license_b $@ >/dev/null

# The verdict as it stands in bpf/, in a program that attaches to nothing.
$(call test_objects,model/property): $(BUILD)/verdict.skel.h
$(BUILD)/verdict.bpf.o: tests/model/verdict.bpf.c $(wildcard bpf/*) include/vsock-bpfd.h
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -Ibpf -c $< -o $(@:.o=.full.o)
	$(Q)bpftool gen object $@ $(@:.o=.full.o)
$(BUILD)/verdict.skel.h: $(BUILD)/verdict.bpf.o
	$(Q)bpftool gen skeleton $< name verdict_bpf > $@

# Unit tests, with cmocka: each with the files of the loader that it tests; what else they
# call it plays.
UNIT		:= $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*.c))
EVENTS		:= events/event-format lib/json lib/printable lib/utf8
POLICY		:= lib/keywords lib/regular-file lib/utf8 $(addprefix policy/,ini-line glob rule read files mistakes policies match)

build-tests: $(UNIT)

$(BUILD)/tests/unit/modes: $(call loader_objects,layer/modes kernel/mode-names)
$(BUILD)/tests/unit/netns: $(call loader_objects,kernel/netns lib/trusted-path)
$(BUILD)/tests/unit/oci-state: $(call loader_objects,oci/state lib/json-input lib/memory policy/annotations)
$(BUILD)/tests/unit/cni-request: $(call loader_objects,cni/request lib/json-input lib/keywords lib/memory policy/annotations)
$(BUILD)/tests/unit/programs: $(call loader_objects,layer/programs layer/probe) | $(BUILD)/vsock-bpfd.bpf.o
$(BUILD)/tests/unit/text-table: $(call loader_objects,lib/text-table)
$(BUILD)/tests/unit/printable: $(call loader_objects,lib/printable lib/utf8)
$(BUILD)/tests/unit/event-format: $(call loader_objects,$(EVENTS))
$(BUILD)/tests/unit/event-read: $(call loader_objects,$(EVENTS) events/event-read lib/json-input)
$(BUILD)/tests/unit/learn: $(call loader_objects,$(POLICY) $(addprefix policy/,learn learn-text reason compile guest-spans peer-names) lib/printable)
$(BUILD)/tests/unit/dropped: $(call loader_objects,service/dropped)
$(BUILD)/tests/unit/gaps: $(call loader_objects,layer/gaps lib/findings lib/array lib/memory lib/log)
$(BUILD)/tests/unit/netns-names: $(call loader_objects,kernel/netns-names)
$(BUILD)/tests/unit/netns-homes: $(call loader_objects,kernel/netns-homes kernel/netns-names kernel/cgroup)
$(BUILD)/tests/unit/guest-name: $(call loader_objects,kernel/guest-name kernel/cgroup lib/keywords lib/printable lib/utf8)
$(BUILD)/tests/unit/guests: $(call loader_objects,layer/guests kernel/guest-name kernel/cgroup lib/keywords lib/printable lib/utf8)
$(BUILD)/tests/unit/metrics: $(call loader_objects,events/metrics $(EVENTS))
$(BUILD)/tests/unit/metrics-server: $(call loader_objects,service/metrics-server service/microhttpd lib/listen-address)
$(BUILD)/tests/unit/map-walk: $(call loader_objects,layer/map-walk)
$(BUILD)/tests/unit/callers: $(call loader_objects,service/callers)
$(BUILD)/tests/unit/own-mode: $(call loader_objects,service/own-mode kernel/mode-names lib/log)
$(BUILD)/tests/unit/sysctl-files: $(call loader_objects,kernel/sysctl-files lib/regular-file)
$(BUILD)/tests/unit/config: $(call loader_objects,lib/config lib/number lib/keywords lib/listen-address)
$(BUILD)/tests/unit/policy-read: $(call loader_objects,$(POLICY) policy/audit)
$(BUILD)/tests/unit/policy-notes: $(call loader_objects,$(POLICY) $(addprefix policy/,cover note notes note-globs note-rules))
$(BUILD)/tests/unit/policy-compile: $(call loader_objects,$(POLICY) policy/compile policy/guest-spans policy/peer-names)
$(addprefix $(BUILD)/tests/unit/,netns oci-state cni-request config policy-files guests event-read metrics-server sysctl-files \
	learn policy-compile): $(call test_objects,lib/fake-log)
$(UNIT): %: %.o $(call loader_objects,lib/array lib/memory)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs cmocka libbpf json-c inih libsystemd) -o $@

# Harnesses that take any bytes (tests/fuzz/), and what else runs under sanitizers: built a second
# time below build/sanitized, and for clang's fuzzer a third time below build/fuzzed.
FUZZ_NAMES	:= policy config sysctl-files public oci cni events learn options-ctl options-bpfd control-server control-client pinned
HARNESSES	:= $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ_NAMES))
SANITIZE	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# What calls a harness: libFuzzer, or a program that runs through its corpus.
FUZZ_ENGINE	?= $(call test_objects,fuzz/replay)

# As the last of all, so that what a harness plays is not taken from the library.
$(BUILD)/tests/fuzz/policy: $(call test_objects,model/plain)
$(BUILD)/tests/fuzz/pinned: $(call loader_objects,$(addprefix ctl/,list rules cids status))
# Some functions of a file are played, and the others are not.
$(BUILD)/tests/fuzz/pinned: override LDFLAGS += -Wl,--allow-multiple-definition
$(HARNESSES): %: %.o $(call test_objects,fuzz/fuzz fuzz/mute) $(filter %.o,$(FUZZ_ENGINE)) $(LIB)
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(LIB) $(filter-out %.o,$(FUZZ_ENGINE)) \
		$$(pkg-config --libs $(LIBS)) -o $@

harnesses: $(HARNESSES)

sanitized: ## the programs, their unit tests and the harnesses with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory BUILD=build/sanitized \
		CFLAGS='-g -O1 $(SANITIZE)' all unit harnesses

unit: $(UNIT)

build-tests: sanitized

FUZZ_SECONDS	?= 60

fuzz: ## each harness with what clang invents, for FUZZ_SECONDS (60) each
	@tools/deps build check
	$(Q)$(MAKE) --no-print-directory $(if $(V),,-s) BUILD=build/fuzzed CC=$(CLANG) \
		CFLAGS='-g -O1 $(SANITIZE) -fsanitize=fuzzer-no-link' FUZZ_ENGINE=-fsanitize=fuzzer harnesses
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_NAMES)

.PHONY: build-machine-tests fuzz harnesses sanitized unit
