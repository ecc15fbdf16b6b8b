# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced in a lab machine (--nested): boots guests of tools/vm/pack with QEMU and has
# them run commands. A guest is known by a name.

vm_dir=/run/vm

# vm_prepare: once, before the first guest.
vm_prepare() {
	modprobe kvm_amd && modprobe vhost_vsock && mkdir -p "$vm_dir"
}

# vm_start NAME NAMESPACE CID: starts QEMU in a network namespace (init: the first one),
# which so is the guest's. The guest boots in the background.
#
# Without KVM's own interrupt controllers: with them, an emulated machine's guest now and
# then gets an interrupt that it has disabled, and waits for itself for ever. QEMU 10 has no
# APIC of its own for KVM any more, so there is none.
vm_start() {
	local enter=() place=$vm_dir/$1 kernel=build/vm/$LAB_KERNEL
	[[ $2 == init ]] || enter=(ip netns exec "$2")
	rm -f "$place".*
	mkfifo "$place.in" "$place.out"
	"${enter[@]}" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-machine q35,hpet=off,usb=off,vmport=off,accel=kvm,kernel-irqchip=off \
		-cpu qemu64,-apic -m 256M \
		-kernel "$kernel/kernel" -initrd "$kernel/initrd" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off random.trust_cpu=on no_timer_check tsc=reliable cryptomgr.notests audit=0" \
		-serial "file:$place.console" -chardev "pipe,id=commands,path=$place" \
		-serial chardev:commands -device "vhost-vsock-pci,guest-cid=$3" \
		>"$place.qemu" 2>&1 &
	echo "$!" >"$place.pid"
	echo "$2 $3" >"$place.how"
	# Kept open, so that neither side ever sees an end.
	# shellcheck disable=SC2034
	exec {vm_keep}<>"$place.in"
	# shellcheck disable=SC2034
	exec {vm_keep}<>"$place.out"
}

# vm_line NAME SECONDS: one line that the guest says.
vm_line() {
	local line
	IFS= read -r -t "$2" line <>"$vm_dir/$1.out" || return 1
	printf '%s\n' "${line%$'\r'}"
}

vm_stop() {
	local pid
	pid=$(<"$vm_dir/$1.pid")
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# vm_ready NAME: waits until the guest takes commands. One that does not come is started
# once more: this is the machine's fault, and nothing has been tried with it yet.
vm_ready() {
	local try how
	for try in 1 2; do
		[[ $(vm_line "$1" "${VM_LIMIT_S:-300}") != '= ready' ]] || return 0
		echo "vm: guest $1 does not come up ($try): $(tail -n 1 "$vm_dir/$1.console" "$vm_dir/$1.qemu" | tr -d '\r' | tr '\n' ' ')" >&2
		read -ra how <"$vm_dir/$1.how"
		vm_stop "$1"
		vm_start "$1" "${how[@]}"
	done
	return 1
}

# vm_fault NAME: what the guest's kernel says of its own faults.
vm_fault() {
	grep -a -m1 -E 'Oops|Kernel panic|BUG:|general protection fault|double fault' \
		"$vm_dir/$1.console"
}

# vm_run NAME COMMAND: in the guest. What it says, and its status; 125 if the guest hangs,
# which is the machine's fault, and 1 if its kernel broke, which may be ours.
vm_run() {
	local line
	printf '%s\n' "$2" >"$vm_dir/$1.in"
	while line=$(vm_line "$1" 60); do
		case $line in
		'= '*) return "${line#= }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "vm: guest $1 says nothing to: $2" >&2
	vm_fault "$1" >&2 || return 125
	return 1
}
