// SPDX-License-Identifier: GPL-2.0-only
/* What a guest is called: cgroups as libvirt, systemd, engines and kubelet make them. */
#include <string.h>

#include "kernel/guest-name.h"
#include "unit.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UUID  "01234567-89ab-cdef-0123-456789abcdef"
#define USER  "/user.slice/user-1000.slice/user@1000.service"

static void is(const char *cgroup, enum guest_kind kind, const char *wanted)
{
	struct guest_name name;

	memset(&name, 'x', sizeof(name));
	guest_name_of_cgroup(&name, cgroup);
	assert_string_equal(name.text, wanted);
	assert_int_equal(name.kind, kind);
}

static void is_none(const char *cgroup)
{
	is(cgroup, GUEST_NAMELESS, "");
}

static void test_domains(void **state)
{
	(void)state;
	is("/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator", GUEST_DOMAIN, "web");
	is("/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/emulator", GUEST_DOMAIN, "web");
	is("/machine.slice/machine-qemu\\x2d12\\x2dinstance\\x2d0000001d.scope", GUEST_DOMAIN,
	   "instance-0000001d");
	is("/machine.slice/machine-qemu\\x2d2\\x2dubuntu20.04.scope", GUEST_DOMAIN, "ubuntu20.04");
	is("/machine.slice/machine-test.slice/machine-qemu\\x2d16\\x2dtest14.scope", GUEST_DOMAIN,
	   "test14");
	is("/machine.slice/machine-lxc\\x2d1234\\x2dbox.scope", GUEST_DOMAIN, "box");
	is("/machine.slice/machine-qemu\\x2d3\\x2d7\\x2d8.scope", GUEST_DOMAIN, "7-8");
	is("/machine/qemu-1-web.libvirt-qemu/emulator", GUEST_DOMAIN, "web");
	is("/machine/production.partition/qemu-2-db.libvirt-qemu", GUEST_DOMAIN, "db");
	is("/qemu.slice/100.scope", GUEST_DOMAIN, "100");
	is("/machine.slice/machine-qemu\\x2d1\\x2dgr\\xc3\\xbcn.scope", GUEST_DOMAIN,
	   "gr\xc3\xbcn");
}

static void test_machines(void **state)
{
	(void)state;
	is("/machine.slice/machine-debian.scope", GUEST_MACHINE, "debian");
	is("/machine.slice/machine-my\\x2dbox.scope/payload", GUEST_MACHINE, "my-box");
	is("/machine.slice/machine-qemu\\x2ddebian.scope", GUEST_MACHINE, "qemu-debian");
	is("/machine.slice/machine-qemu\\x2d1\\x2d.scope", GUEST_MACHINE, "qemu-1-");
	is("/machine.slice/machine-a1\\x2d1\\x2dweb.scope", GUEST_MACHINE, "a1-1-web");
}

static void test_containers(void **state)
{
	(void)state;
	is("/system.slice/docker-" ID ".scope", GUEST_CONTAINER, "0123456789ab");
	is("/docker/" ID, GUEST_CONTAINER, "0123456789ab");
	is("/machine.slice/libpod-" ID ".scope/container", GUEST_CONTAINER, "0123456789ab");
	is("/machine.slice/machine-libpod_pod_" OTHER ".slice/libpod-" ID ".scope/container",
	   GUEST_CONTAINER, "0123456789ab");
	is("/libpod_parent/libpod-" ID, GUEST_CONTAINER, "0123456789ab");
	is("/system.slice/nerdctl-" ID ".scope", GUEST_CONTAINER, "0123456789ab");
	is("/kata_overhead/" ID, GUEST_CONTAINER, "0123456789ab");
	is("/lxc.payload.box/user.slice", GUEST_CONTAINER, "box");
	is(USER "/user.slice/libpod-" ID ".scope/container", GUEST_CONTAINER, "1000/0123456789ab");
}

static void test_pods(void **state)
{
	(void)state;
	is("/kubepods.slice/kubepods-besteffort.slice/"
	   "kubepods-besteffort-pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" ID
	   ".scope",
	   GUEST_POD, UUID);
	is("/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/crio-" ID
	   ".scope/container",
	   GUEST_POD, UUID);
	is("/kubepods/burstable/pod" UUID "/" ID, GUEST_POD, UUID);
	is("/kubepods/pod" UUID "/" ID, GUEST_POD, UUID);
	/* Static ones have a number in the place of the UUID. */
	is("/kubepods.slice/kubepods-burstable.slice/"
	   "kubepods-burstable-pod0123456789abcdef0123456789abcdef.slice/cri-containerd-" ID
	   ".scope",
	   GUEST_CONTAINER, "0123456789ab");
	/* kind: a node of Kubernetes that is a container. */
	is("/system.slice/docker-" ID ".scope/kubelet.slice/kubelet-kubepods.slice/"
	   "kubelet-kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" OTHER
	   ".scope",
	   GUEST_CONTAINER, "0123456789ab");
}

static void test_units(void **state)
{
	(void)state;
	is("/system.slice/vm.service", GUEST_UNIT, "vm.service");
	is("/system.slice/vm.service/below", GUEST_UNIT, "vm.service");
	is("/system.slice/system-qemu.slice/qemu@web.service", GUEST_UNIT, "qemu@web.service");
	is("/system.slice/system-qemu.slice/qemu@my\\x2dweb.service", GUEST_UNIT,
	   "qemu@my-web.service");
	is("/system.slice/run-u12.scope", GUEST_UNIT, "run-u12.scope");
	is("/system.slice/__vm.service", GUEST_UNIT, "_vm.service");
	is("/machine.slice/systemd-nspawn@box.service/payload", GUEST_UNIT,
	   "systemd-nspawn@box.service");
	is(USER "/app.slice/vm.service", GUEST_UNIT, "1000/vm.service");
	is(USER "/app.slice/app-gnome-virt\\x2dmanager-77.scope", GUEST_UNIT,
	   "1000/app-gnome-virt-manager-77.scope");
}

/* What many guests are in names none of them. */
static void test_shared(void **state)
{
	(void)state;
	is_none("/system.slice/libvirtd.service");
	is_none("/system.slice/virtqemud.service");
	is_none("/system.slice/containerd.service/kata");
	is_none("/user.slice/user-0.slice/session-2.scope");
	is_none(USER "/init.scope");
	is_none(USER);
	is_none("/init.scope");
}

static void test_unknown_forms(void **state)
{
	(void)state;
	is_none("/");
	is_none("");
	is_none("/system.slice");
	is_none("/pods/one");
	is_none("/foo/docker-" ID ".scope");
	is_none("/../../machine.slice/machine-qemu\\x2d1\\x2dweb.scope");
	is_none("/lxc/box/machine.slice/machine-qemu\\x2d1\\x2dweb.scope");
	is_none("/docker/" ID "0");
	is_none("/docker/x" ID);
	is_none("/qemu-1-web.libvirt-qemu");
	is("/system.slice/machine-qemu\\x2d1\\x2dweb.scope", GUEST_UNIT,
	   "machine-qemu-1-web.scope");
	is("/machine.slice/machine-.scope", GUEST_UNIT, "machine-.scope");
	is("/system.slice/100.scope", GUEST_UNIT, "100.scope");
	is("/system.slice/a-pod" UUID ".service", GUEST_UNIT, "a-pod" UUID ".service");
}

/* A process makes cgroups below its own, with any name. */
static void test_forged(void **state)
{
	(void)state;
	is("/system.slice/docker-" ID ".scope/machine.slice/machine-qemu\\x2d1\\x2dweb.scope",
	   GUEST_CONTAINER, "0123456789ab");
	is("/system.slice/mine.service/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", GUEST_UNIT,
	   "mine.service");
	is(USER "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", GUEST_DOMAIN, "1000/web");
	is(USER "/app.slice/user@0.service/vm.service", GUEST_NAMELESS, "");
	is(USER "/app.slice/libpod-" ID ".scope", GUEST_CONTAINER, "1000/0123456789ab");
	is_none(USER "/mine/docker-" ID ".scope");
	is_none("/user.slice/user-1000.slice/session-2.scope/machine.slice/"
		"machine-qemu\\x2d1\\x2dweb.scope");
}

/* No terminal is spoken to, and no user is named by a unit. */
static void test_what_no_name_has(void **state)
{
	static char long_one[400];

	(void)state;
	is_none("/machine.slice/machine-qemu\\x2d1\\x2d\\x1b[2J.scope");
	is_none("/machine.slice/machine-qemu\\x2d1\\x2da\\x0ab.scope");
	is_none("/machine.slice/machine-qemu\\x2d1\\x2da\\x00b.scope");
	is_none("/system.slice/\033[2J.service");
	is_none("/system.slice/\\xff.service");
	is_none("/system.slice/0\\x2fvm.service");
	is("/system.slice/a\\x2.service", GUEST_UNIT, "a\\x2.service");
	strcpy(long_one, "/system.slice/");
	memset(long_one + strlen(long_one), 'n', GUEST_NAME_SIZE - 1 - 8);
	strcat(long_one, ".service");
	is(long_one, GUEST_UNIT, long_one + strlen("/system.slice/"));
	strcpy(strstr(long_one, ".service"), "n.service");
	is_none(long_one);
	strcpy(long_one, USER "/");
	memset(long_one + strlen(long_one), 'n', GUEST_NAME_SIZE - 1 - 8);
	strcat(long_one, ".service");
	is_none(long_one);
}

static void test_kinds(void **state)
{
	(void)state;
	assert_null(guest_kind_name(GUEST_NAMELESS));
	assert_string_equal(guest_kind_name(GUEST_DOMAIN), "domain");
	assert_string_equal(guest_kind_name(GUEST_PROCESS), "process");
	assert_null(guest_kind_name(GUEST_PROCESS + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_unknown_forms),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_what_no_name_has),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests_name("guest names", tests, NULL, NULL);
}
