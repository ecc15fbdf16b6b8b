# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites after suite.sh: tests/integration/real-guests on some kernels, compared with 7.x.

# real_guests SUITE KERNEL...: TAP on standard output.
real_guests() {
	local run=(--nested --timeout 2000 -- tests/integration/real-guests) kernel compared=()
	results=build/tests/results/$1
	shift
	rm -rf "$results"
	mkdir -p "$results"
	tools/vm/pack 7 "$@" >&2
	background machine native 7 "${run[@]}"
	for kernel in "$@"; do
		background machine "$kernel" "$kernel" "${run[@]}"
		compared+=("$kernel=$results/$kernel.out")
	done
	wait
	build/tests/tables/compare tests/tables/known-differences "$results/native.out" "${compared[@]}"
}
