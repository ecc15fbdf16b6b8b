# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites after suite.sh: what crosses between namespaces, without the layer and with it.

# More options for the search with the layer.
search=()

# shellcheck disable=SC2034 # the wrapper is that of suite.sh
# adversary SUITE SECONDS KERNEL...: so long on one CPU and on two; TAP on standard output.
adversary() {
	local program=build/tests/adversary/adversary limit=$(($2 / 2)) kernel cpus labels=()
	start "$1"
	shift 2
	for kernel in "$@"; do
		wrapper=()
		background machine "$kernel-bare" "$kernel" -- "$program" --bare --known "$kernel" \
			--expect-leak --seconds 20
		labels+=("$kernel-bare")
		wrapper=(tests/lib/in-machine)
		for cpus in 1 2; do
			background machine "$kernel-$cpus" "$kernel" --cpus "$cpus" \
				--timeout $((limit * 3 + 600)) -- \
				"$program" --known "$kernel" --all --open-guests --seconds "$limit" "${search[@]}"
			labels+=("$kernel-$cpus")
		done
	done
	wait
	merge "${labels[@]}"
}
