# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by tests in a lab machine: podman, with all that it keeps in memory.

# set_up_podman cgroupfs|systemd [LINE...]: lines for the section of containers.
set_up_podman() {
	cat >/tmp/storage.conf <<-END
		[storage]
		driver = "overlay"
		graphroot = "/run/containers/graph"
		runroot = "/run/containers/run"
	END
	{
		echo '[containers]'
		printf '%s\n' "${@:2}"
		printf '[engine]\ncgroup_manager = "%s"\nevents_logger = "file"\n' "$1"
	} >/tmp/containers.conf
	export CONTAINERS_STORAGE_CONF=/tmp/storage.conf CONTAINERS_CONF=/tmp/containers.conf
}

# An image of what the programs are made of, and nothing else.
make_tools_image() {
	local tree=/tmp/image library
	mkdir -p $tree/bin
	cp "$(command -v busybox)" "$(command -v ncat)" $tree/bin
	ln -s busybox $tree/bin/sh
	while read -r library; do
		install -D "$library" "$tree$library"
	done < <(ldd $tree/bin/ncat | grep -o '/[^ ]*')
	tar -C $tree -c . | podman import - tools
}

pid_of() {
	podman inspect -f '{{.State.Pid}}' "$1"
}
