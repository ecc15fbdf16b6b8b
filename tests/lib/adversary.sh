# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites after suite.sh: what crosses between namespaces, without the layer and with it.

# shellcheck disable=SC2034 # the wrapper is that of suite.sh
# adversary SUITE SECONDS KERNEL...: TAP on standard output.
adversary() {
	local program=build/tests/adversary/adversary limit=$2 kernel labels=()
	start "$1"
	shift 2
	for kernel in "$@"; do
		wrapper=()
		background machine "$kernel-bare" "$kernel" -- "$program" --bare --known "$kernel" \
			--expect-leak --seconds 20
		wrapper=(tests/lib/in-machine)
		background machine "$kernel" "$kernel" --timeout $((limit * 3 + 600)) -- \
			"$program" --known "$kernel" --all --seconds "$limit"
		labels+=("$kernel-bare" "$kernel")
	done
	wait
	merge "${labels[@]}"
}
