# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests in bash: TAP, a command a test.

checks=0

# check NAME COMMAND...: it succeeds. What it said is shown if it does not.
check() {
	local name=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	checks=$((checks + 1))
	if [[ $status -eq 0 ]]; then
		printf 'ok %d - %s\n' "$checks" "$name"
	else
		printf 'not ok %d - %s\n' "$checks" "$name"
		printf '%s\nstatus %d of: %s' "$said" "$status" "$*" | sed 's/^/# /'
		echo
	fi
}

not() {
	! "$@"
}

# is TEXT COMMAND...: what it says is TEXT.
is() {
	local want=$1 said
	shift
	said=$("$@" 2>&1)
	[[ $said == "$want" ]] && return
	printf 'wanted: %s\n   got: %s\n' "$want" "$said"
	return 1
}

# says PATTERN COMMAND...: a line of what it says matches, whatever its status.
says() {
	local pattern=$1 said
	shift
	said=$("$@" 2>&1)
	grep -qE -- "$pattern" <<<"$said" && return
	printf 'wanted: %s\n   got: %s\n' "$pattern" "$said"
	return 1
}

# wait_for COMMAND...: until it succeeds, two minutes at most.
wait_for() {
	local deadline=$((SECONDS + 120))
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS >= deadline)); then
			"$@"
			echo "waited two minutes for: $*"
			return 1
		fi
		sleep 0.2
	done
}

done_checking() {
	echo "1..$checks"
}
