# SPDX-License-Identifier: GPL-2.0-only
# What is handed to others: the tarball. Included by the Makefile, which gives VERSION, BUILD and Q.

DIST	:= $(BUILD)/vsock-bpfd-$(VERSION).tar.xz

# git gives every file the time of the commit; the rest must not come from this machine, either.
dist: ## a tarball of the last commit, the same bytes each time
	@mkdir -p $(BUILD)
	@echo "  DIST  $(DIST)"
	$(Q)git -c tar.umask=0022 archive --format=tar --prefix=vsock-bpfd-$(VERSION)/ -o $(DIST:.xz=) HEAD
	$(Q)XZ_DEFAULTS= XZ_OPT= xz -9 --threads=1 --force $(DIST:.xz=)

.PHONY: dist
