# SPDX-License-Identifier: GPL-2.0-only
# vsock-bpfd: network namespaces for AF_VSOCK on kernels before 7.0. See `make help`.

VERSION	:= 1.0
PREFIX	?= /usr/local
BUILD	:= build
Q	:= $(if $(V),,@)

# Debian keeps bpftool where only root's PATH looks.
export PATH := $(PATH):/usr/sbin:/sbin

CLANG	?= clang
LIBS	:= libbpf libkmod inih json-c libsystemd
# Errors in make check alone: a newer compiler or library, which warns of more, still builds it.
WERROR	?=
WARN	:= -Wall -Wextra -Wno-unused-parameter $(WERROR)
CFLAGS	?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Iinclude -Iloader -I$(BUILD)
# For another machine: MACHINE=aarch64 SYSROOT=DIR CC=..., as tools/cross has it.
MACHINE	?= $(shell uname -m)
BPF_ARCH := $(shell echo $(MACHINE) | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/')
BPF_CFLAGS = -target bpf -mcpu=v3 -O2 -g $(WARN) \
	-D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -I$(SYSROOT)/usr/include/$(MACHINE)-linux-gnu $(BPF_DEFINES)

PROGRAMS := $(BUILD)/vsock-bpfd $(BUILD)/vsockctl
PAGES	:= $(patsubst docs/%.md,$(BUILD)/%,$(wildcard docs/*.[58].md))
HOOK	:= $(BUILD)/vsock-bpfd-oci-hook
CNI	:= $(BUILD)/vsock-bpfd-cni
LIB	:= $(BUILD)/libvsock-bpfd.a
# The programs that are attached, those that CIDs=own attaches, and objects that are asked and never
# attached.
OBJECTS	:= $(addprefix $(BUILD)/,vsock-bpfd.bpf.o own-cids.bpf.o explain.bpf.o all-sockets.bpf.o guests.bpf.o caller.bpf.o)
SKELETONS := $(OBJECTS:.bpf.o=.skel.h)
CTL_SRC	:= $(wildcard loader/ctl/*.c)
LIB_SRC	:= $(filter-out loader/service/main.c loader/oci/hook.c loader/cni/plugin.c $(CTL_SRC),$(wildcard loader/*/*.c))
objects	= $(patsubst %.c,$(BUILD)/%.o,$(1))

all: $(PROGRAMS) $(HOOK) $(CNI) ## build the service, the control program, hook and plugin of containers

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

deps: ## install what building and testing need
	@tools/deps build test

demo: deps ## two namespaces on a 6.1 kernel: global talks, local does not
	@$(MAKE) --no-print-directory $(if $(V),,-s) all
	@tools/demo

demo-vm: deps ## a real guest in a namespace: reached from inside, and from nowhere else
	@$(MAKE) --no-print-directory $(if $(V),,-s) all build-vm
	@tools/demo-vm

test: deps ## what finds most, on four kernel lines; 40 minutes
	@$(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc) all build-tests
	@tests/run

test-all: ## the same and what takes longer
	@tools/deps build test check package
	@$(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc) all build-tests
	@tests/run --all

test-attack: deps ## known attacks, with the layer and without
	@$(MAKE) --no-print-directory $(if $(V),,-s) all build-tests
	@ATTACK_TRIES=$${ATTACK_TRIES:-100000} tests/run --all attacks adversary

test-mutants: deps ## leave one gate, hook or check out at a time: the suite must fail
	@$(MAKE) --no-print-directory $(if $(V),,-s) all build-tests
	@tests/mutants/run

test-kernels: deps arm64 ## every kernel of tests/kernels.table, for hours; writes docs/kernels.md
	@$(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc) all build-tests
	@tests/kernels

test-delivery: ## packages and image: what is in them, and what they do in machines
	@tools/deps build test package
	@$(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc) all build-tests
	@tests/run packages rpm image kubernetes dist install

check: ## format, shellcheck, cppcheck, three clangs
	@tools/deps build test check
	@$(MAKE) --no-print-directory $(if $(V),,-s) all build-tests
	@tools/check

arm64: ## the programs and their tests for arm64, by a cross compiler, below build/aarch64
	@tools/deps build cross
	@tools/cross $(if $(V),,-s) -j$$(nproc) all build-machine-tests

clean: ## everything that was built; kernels stay in the cache
	rm -rf $(BUILD)

$(BUILD)/vsock-bpfd: $(call objects,loader/service/main.c) $(LIB)
$(BUILD)/vsockctl: $(call objects,$(CTL_SRC)) $(LIB)
$(HOOK): $(call objects,loader/oci/hook.c) $(LIB)
$(CNI): $(call objects,loader/cni/plugin.c) $(LIB)
$(PROGRAMS) $(HOOK) $(CNI):
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $$(pkg-config --libs $(LIBS)) -o $@

$(LIB): $(call objects,$(LIB_SRC))
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -std=gnu11 $(WARN) $(CPPFLAGS) $$(pkg-config --cflags $(LIBS)) $(CFLAGS) -MMD -MP -c $< -o $@

# The commit, written anew only when it is another one.
$(BUILD)/build-id.h: FORCE
	@mkdir -p $(@D)
	@printf '#define BUILD_ID "%s"\n' "$$(packaging/build-id)" >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/loader/lib/version.o: $(BUILD)/build-id.h

# Through the static linker, which drops the sections of debug information.
$(OBJECTS): $(BUILD)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/* include/*)
	@mkdir -p $(@D)
	@echo "  BPF   $@"
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.o=.full.o)
	$(Q)bpftool gen object $@ $(@:.o=.full.o)

objects: $(OBJECTS)

skeletons: $(SKELETONS)

$(SKELETONS): $(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	@echo "  SKEL  $@"
	$(Q)bpftool gen skeleton $< name $(subst -,_,$*) > $@

include $(wildcard packaging/*.mk tests/*.mk tools/*/*.mk)
-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

.PHONY: FORCE objects skeletons all help deps demo demo-vm arm64 test test-all test-attack test-mutants test-kernels test-delivery \
	check clean build-tests
.DELETE_ON_ERROR:
