# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites: runs commands in lab machines. Suites start in the top
# directory and may expect build/ to be complete.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

# Machines at a time, of all suites that run. Each keeps two thirds of a CPU busy: the rest of the
# time it waits, for grace periods of its kernel and for what the tests wait for.
readonly jobs=${JOBS:-3}

# in_slot COMMAND...: as soon as one of $jobs places is free, which other suites share.
in_slot() {
	local place status busy=199
	mkdir -p build/tests/slots
	while true; do
		for ((place = 1; place <= jobs; place++)); do
			status=0
			flock --no-fork --nonblock --conflict-exit-code "$busy" "build/tests/slots/$place" "$@" || status=$?
			[[ $status -eq $busy ]] || return "$status"
		done
		sleep 0.3
	done
}

# What prepares a machine for its command; suites that start the service themselves
# empty it.
wrapper=(tests/lib/in-machine)

# timed FILE COMMAND...: the second line of FILE is what it took of the processors, user and system.
timed() {
	local file=$1 status=0
	shift
	"$@" || status=$?
	times >"$file"
	return "$status"
}

# attempt LABEL COMMAND...: standard output to $results/LABEL.part, standard error
# shown as it comes, with the label, and kept for emulator_died.
attempt() {
	local label=$1
	shift
	{ timed "$results/$label.times" in_slot "$@" 2>&1 >"$results/$label.part" | tee "$results/$label.err" |
		sed -u "s/^/$label: /" >&2; } || return "${PIPESTATUS[0]}"
}

# A fault that the kernel reports of itself is a result, not bad luck.
emulator_died() {
	[[ $1 -eq 125 ]] && ! grep -q 'the kernel reported a fault' "$results/$2.err"
}

# machine LABEL KERNEL [LAB-OPTION...] -- COMMAND...: prepares a machine and runs COMMAND
# in it. $results/LABEL.out is there afterwards if it went well, and LABEL.part if it
# did not.
machine() {
	local label=$1 kernel=$2 options=() status=0 more=2
	shift 2
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	local command=(tools/lab/run --kernel "$kernel" "${options[@]}" -- "${wrapper[@]}" "$@")
	attempt "$label" "${command[@]}" || status=$?
	while emulator_died "$status" "$label" && ((more-- > 0)); do
		echo "$label: once more" >&2
		status=0
		attempt "$label" "${command[@]}" || status=$?
	done
	if [[ $status -ne 0 ]]; then
		echo "$label: ended with status $status; what there is: $results/$label.part" >&2
		return "$status"
	fi
	mv "$results/$label.part" "$results/$label.out"
}

# background COMMAND...: at most $jobs at a time; their failures show in what they
# leave behind.
background() {
	while [[ $(jobs -pr | wc -l) -ge $jobs ]]; do
		wait -n || true
	done
	"$@" &
}
