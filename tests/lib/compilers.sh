# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by suites after suite.sh: the BPF objects of a clang, in the verifier of a kernel.

results=build/tests/results/${0##*/}
rm -rf "$results"
mkdir -p "$results"
number=0

# Every object is loaded: those of the gates and of guests, on 7.x those that only rules need, and
# those of explain and of sockets. A status that is not whole ends with 1.
# shellcheck disable=SC2016 # for the shell in the machine
readonly load='set -o pipefail; modprobe vhost_vsock && mkdir /tmp/policies &&
	printf "[Match]\nName=a\n[Rules]\nDeny=connect to anyone\n" >/tmp/policies/a.policy &&
	"$0"/vsock-bpfd --once --policy-dir /tmp/policies && "$0"/vsockctl set child_ns_mode local &&
	"$0"/vsockctl explain "(init)" "(init)" 1 && "$0"/vsockctl sockets &&
	"$0"/vsockctl status | tee /dev/stderr | grep "^programs: .* in force"'

# build_with CLANG: into build/CLANG, where another suite may want the same. If it fails, nothing
# of an earlier time is loaded in its place.
build_with() {
	mkdir -p "build/$1"
	flock "build/$1/lock" make -s BUILD="build/$1" CLANG="$1" all >/dev/null ||
		rm -f "build/$1/vsock-bpfd"
}

# load_on NAME CLANG KERNEL [LAB-OPTION...]: a line of TAP.
load_on() {
	local name=$1 clang=$2
	shift 2
	number=$((number + 1))
	if machine "$clang-$name" "$@" -- bash -c "$load" "build/$clang"; then
		echo "ok $number - $name: objects of $clang"
	else
		echo "not ok $number - $name: objects of $clang"
	fi
}
