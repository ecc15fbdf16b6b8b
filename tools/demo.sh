# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tools/demo and tools/demo-vm: shows commands and checks what they say.
# They set said, heard and listener.
# shellcheck disable=SC2154

# caption TEXT: bold on a terminal, which also gets time to be read.
caption() {
	printf '\n'
	if [[ -v VSOCK_DEMO_TERMINAL ]]; then
		sleep 1
		printf '\033[1m%s\033[0m\n' "$1"
	else
		printf '%s\n' "$1"
	fi
}

# type_in COMMAND: shows and runs it. What it says is shown and kept for expect.
type_in() {
	printf '# %s\n' "$1"
	eval "$1" >"$said" 2>&1 || true
	cat "$said"
}

# The same for a command that stays; done when it has said its first line.
type_in_background() {
	printf '# %s\n' "$1"
	: >"$said"
	eval "$1" >"$said" 2>&1
	disown
	wait_for "$1 says something" grep -q . "$said"
	cat "$said"
}

# hear TEXT: the listener has ended and said this.
hear() {
	wait_for "ncat -l in the background ends" has_ended "$listener"
	wait "$listener" || wrong "ncat -l failed: $(cat "$heard")"
	cat "$heard"
	grep -qxF "$1" "$heard" || wrong "ncat -l should have said '$1'"
}

# shellcheck disable=SC2317,SC2329 # called by wait_for
has_ended() {
	! kill -0 "$1" 2>/dev/null
}

# expect PATTERN: the last command has said this.
expect() {
	grep -qE "$1" "$said" || wrong "this should have said '$1'"
}

# wait_for WHAT COMMAND...
wait_for() {
	local what=$1 tries
	shift
	for ((tries = 0; tries < 200; tries++)); do
		"$@" && return
		sleep 0.1
	done
	wrong "waited 20 s for this: $what"
}

wrong() {
	printf '%s: %s\n' "${demo:-demo}" "$1" >&2
	exit 1
}
