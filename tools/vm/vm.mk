# SPDX-License-Identifier: GPL-2.0-only
# How build/vm/talk comes from tools/vm/. Included by the Makefile, which gives CC,
# CFLAGS, BUILD and Q.

.PHONY: build-vm
build-vm: $(BUILD)/vm/talk

build-tests: $(BUILD)/vm/talk

$(BUILD)/vm/talk: tools/vm/talk.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE $(CFLAGS) -static $< -o $@
