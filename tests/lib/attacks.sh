# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites that run the known attacks: tests/attacks/attacks.c.

readonly attacks=build/tests/attacks/attacks

# bare KERNEL: without the layer, where each has to succeed that the table has for this kernel.
bare() {
	wrapper=()
	machine "$1-bare" "$1" -- bash -c "modprobe vsock_loopback; $attacks open 10 || true"
}

# held KERNEL KIND TRIES [LABEL]: with it.
held() {
	[[ $2 == ruled ]] && wrapper=() || wrapper=(tests/lib/in-machine)
	machine "${4:-$1}" "$1" --timeout $((900 + $3)) -- \
		bash -c "modprobe vsock_loopback; $attacks $2 $3 || true"
}

# succeeds NAME KERNEL: whether the table says so.
succeeds() {
	awk -F ' *[|] *' -v name="$1" -v kernel="$2" '
		$1 == name { split($2, on, " "); for (i in on) if (on[i] == kernel) found = 1 }
		END { exit !found }' tests/attacks/attacks.table
}

# nothing_came LABEL NAME: a line of TAP.
nothing_came() {
	local tries crossed
	read -r _ tries crossed < <(grep -P "^$2\t" "$results/$1.out" || echo "- - -")
	number=$((number + 1))
	[[ $crossed == 0 ]] && printf 'ok' || printf 'not ok'
	echo " $number - $1: $2: $crossed of $tries came across"
}

# something_came KERNEL NAME: the same, without the layer.
something_came() {
	local tries crossed
	read -r _ tries crossed < <(grep -P "^$2\t" "$results/$1-bare.out" || echo "- - 0")
	number=$((number + 1))
	[[ $crossed != 0 ]] && printf 'ok' || printf 'not ok'
	echo " $number - $1: $2: $crossed of $tries without the layer"
}

# judge LABEL...: TAP of what the machines have said. A label that is no kernel of the table had the
# layer in all its machines.
judge() {
	local number=0 label name names
	mapfile -t names < <(awk -F ' *[|] *' '/^[a-z]/ { print $1 }' tests/attacks/attacks.table)
	for label in "$@"; do
		for name in "${names[@]}"; do
			nothing_came "$label" "$name"
			! succeeds "$name" "$label" || something_came "$label" "$name"
		done
	done
	echo "1..$number"
}
