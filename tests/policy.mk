# SPDX-License-Identifier: GPL-2.0-only
# Tests of policy files: with cmocka beside the others.

POLICY		:= lib/keywords lib/utf8 policy/ini-line policy/rule policy/read policy/files policy/mistakes policy/policies policy/match

$(BUILD)/tests/unit/policy-read: $(call loader_objects,$(POLICY))
$(BUILD)/tests/unit/policy-notes: $(call loader_objects,$(POLICY) policy/notes)
$(BUILD)/tests/unit/policy-compile: $(call loader_objects,$(POLICY) policy/compile policy/peer-names)
