# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests in a lab machine after lib/check.sh: the CNI plugin, as container engines call it,
# and pods.

# shellcheck disable=SC2034 # for those that source it
readonly policies=/etc/vsock-bpfd/policy.d
readonly plugin=$PWD/build/vsock-bpfd-cni
PATH=$PWD/build:$PATH

# --- The engine ---

# config [ANNOTATIONS]: what libcni makes of a conflist, for a plugin that is not the first.
config() {
	jq -n --argjson annotations "${1:-null}" '{
		cniVersion: "1.0.0", name: "net", type: "vsock-bpfd-cni",
		prevResult: { cniVersion: "1.0.0", ips: [{ address: "10.0.0.2/24" }], dns: {} },
		runtimeConfig: { "io.kubernetes.cri.pod-annotations": $annotations } }'
}

# cni COMMAND NETNS [NAMESPACE/NAME [ANNOTATIONS]]
cni() {
	local args=IgnoreUnknown=1
	[[ -z ${3:-} ]] || args+=";K8S_POD_NAMESPACE=${3%/*};K8S_POD_NAME=${3#*/}"
	config "${4:-null}" | CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_IFNAME=eth0 CNI_NETNS=$2 \
		CNI_PATH=/opt/cni/bin CNI_ARGS=$args "$plugin" 2>/dev/null
}

# --- The pods ---

# Not in a variable: each check is a shell of its own.
readonly listener=/tmp/listener

# pod NAME: a namespace as an engine makes it, that has nothing yet.
pod() {
	ip netns add "$1"
}

# listens PORT COMMAND...: in the namespace where the command runs others; ss sees no other's.
listens() {
	"${@:2}" ss -Hln --vsock | grep ":$1 "
}

# The next one may want its port.
stop_listener() {
	local pid
	pid=$(cat $listener 2>/dev/null) || return 0
	rm $listener
	kill "$pid" 2>/dev/null || return 0
	wait_for not readlink "/proc/$pid/exe"
}

# is_listening PORT COMMAND...: starts the listener again if it has ended: a port that a refused
# socket has called is kept from other namespaces until that is freed.
is_listening() {
	listens "$@" && return
	if [[ ! -e $listener ]] || ! kill -0 "$(cat $listener)" 2>/dev/null; then
		"${@:2}" ncat --vsock -l -p "$1" >/tmp/heard 2>/tmp/listener.said &
		echo $! >$listener
	fi
	return 1
}

# listen POD PORT: takes one connection; (init) is the node itself.
listen() {
	local where=(ip netns exec "$1")
	[[ $1 != '(init)' ]] || where=()
	stop_listener
	wait_for is_listening "$2" "${where[@]}" && return
	cat /tmp/listener.said
	return 1
}

hello() {
	echo hello | ip netns exec "$1" ncat --vsock 1 "$2" 2>&1
}
