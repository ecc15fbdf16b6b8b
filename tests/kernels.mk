# SPDX-License-Identifier: GPL-2.0-only

test-kernels: deps ## every kernel of tests/kernels.table, for hours; writes docs/kernels.md
	@$(MAKE) --no-print-directory $(if $(V),,-s) -j$$(nproc) all build-tests
	@tests/kernels

.PHONY: test-kernels
