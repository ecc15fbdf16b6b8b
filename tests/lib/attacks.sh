# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites that run the known attacks: tests/attacks/attacks.c.

readonly attacks=build/tests/attacks/attacks

# bare KERNEL: without the layer, where each has to succeed that the table has for this kernel.
bare() {
	wrapper=()
	machine "$1-bare" "$1" -- bash -c "modprobe vsock_loopback; $attacks open 10 || true"
}

# held KERNEL KIND TRIES: with it.
held() {
	[[ $2 == ruled ]] && wrapper=() || wrapper=(tests/lib/in-machine)
	machine "$1" "$1" --timeout $((300 + $3)) -- \
		bash -c "modprobe vsock_loopback; $attacks $2 $3 || true"
}

# succeeds NAME KERNEL: whether the table says so.
succeeds() {
	awk -F ' *[|] *' -v name="$1" -v kernel="$2" '
		$1 == name { split($2, on, " "); for (i in on) if (on[i] == kernel) found = 1 }
		END { exit !found }' tests/attacks/attacks.table
}

# judge KERNEL...: TAP of what the machines have said.
judge() {
	local number=0 kernel name names tries crossed
	mapfile -t names < <(awk -F ' *[|] *' '/^[a-z]/ { print $1 }' tests/attacks/attacks.table)
	for kernel in "$@"; do
		for name in "${names[@]}"; do
			read -r _ tries crossed < <(grep -P "^$name\t" "$results/$kernel.out" || echo "- - -")
			number=$((number + 1))
			[[ $crossed == 0 ]] && printf 'ok' || printf 'not ok'
			echo " $number - $kernel: $name: $crossed of $tries came across"
			succeeds "$name" "$kernel" || continue
			read -r _ tries crossed < <(grep -P "^$name\t" "$results/$kernel-bare.out" || echo "- - 0")
			number=$((number + 1))
			[[ $crossed != 0 ]] && printf 'ok' || printf 'not ok'
			echo " $number - $kernel: $name: $crossed of $tries without the layer"
		done
	done
	echo "1..$number"
}
