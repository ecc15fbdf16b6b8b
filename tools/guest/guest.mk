# SPDX-License-Identifier: GPL-2.0-only
# How build/guest, build/guest-swarm and build/libguest.a come from tools/guest/.
# Included by the Makefile, which gives CC, CFLAGS, BUILD and Q.

GUEST_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -Itools/guest
GUEST_OUT := $(BUILD)/tools/guest
GUEST_LIB := $(BUILD)/libguest.a
GUEST_PROGRAMS := $(BUILD)/guest $(BUILD)/guest-swarm

.PHONY: build-guest
build-guest: $(GUEST_LIB) $(GUEST_PROGRAMS)

$(GUEST_OUT)/%.o: tools/guest/%.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(GUEST_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(GUEST_LIB): $(addprefix $(GUEST_OUT)/,vhost.o virtio-vsock.o words.o)
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/guest: $(GUEST_OUT)/guest.o $(GUEST_OUT)/serve.o $(GUEST_LIB)
$(BUILD)/guest-swarm: $(GUEST_OUT)/swarm.o $(GUEST_LIB)
$(GUEST_PROGRAMS):
	@echo "  LINK  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@
