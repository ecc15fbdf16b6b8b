# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests in a lab machine after lib/check.sh: a storm of connections while something is
# done to the layer.

# start_storm FROM TO never|always...: as build/tests/lib/storm has it.
start_storm() {
	build/tests/lib/storm --pause 20 "$@" >/tmp/storm &
	storm=$!
	wait_for grep -q storming /tmp/storm
}

# Not in a check, which is a shell of its own.
end_storm() {
	kill -TERM "$storm"
	storm_status=0
	wait "$storm" || storm_status=$?
}

storm_was_judged_well() {
	cat /tmp/storm
	return "$storm_status"
}

generation() {
	build/vsockctl status | sed -n 's/.*, generation //p'
}
