// SPDX-License-Identifier: GPL-2.0-only
/* What a cgroup is called: the ways of systemd, docker, podman, CRI-O, containerd and kubelet. */
#include <string.h>

#include "kernel/netns-dir.h"
#include "kernel/netns-homes.h"
#include "unit.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* No namespace is looked for here. */
int netns_try(struct netns *ns, const char *path)
{
	(void)ns;
	(void)path;
	return -1;
}

int netns_open_init(struct netns *ns)
{
	(void)ns;
	return -1;
}

void netns_close(struct netns *ns)
{
	(void)ns;
}

int netns_dir_each(void (*each)(const char *name, const struct netns *ns, void *arg), void *arg)
{
	(void)each;
	(void)arg;
	return 0;
}

static void is(const char *cgroup, const char *wanted)
{
	char home[HOME_SIZE];

	home_of_cgroup(home, cgroup);
	assert_string_equal(home, wanted);
}

static void test_containers(void **state)
{
	(void)state;
	is("/system.slice/docker-" ID ".scope", "container 0123456789ab");
	is("/docker/" ID, "container 0123456789ab");
	is("/machine.slice/libpod-" ID ".scope/container", "container 0123456789ab");
	is("/machine.slice/libpod-0123.scope", "unit libpod-0123.scope");
}

static void test_pods(void **state)
{
	(void)state;
	is("/kubepods.slice/kubepods-besteffort.slice/"
	   "kubepods-besteffort-pod01234567_89ab_cdef_0123_456789abcdef.slice/cri-containerd-" ID
	   ".scope",
	   "pod 01234567-89ab-cdef-0123-456789abcdef");
	is("/kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/" ID,
	   "pod 01234567-89ab-cdef-0123-456789abcdef");
	is("/machine.slice/podman.service", "unit podman.service");
}

static void test_units(void **state)
{
	(void)state;
	is("/system.slice/a.service", "unit a.service");
	is("/user.slice/user-0.slice/session-2.scope", "unit session-2.scope");
	is("/system.slice/a.service/below", "unit a.service");
	is("/pods/one", "cgroup /pods/one");
	is("/", "cgroup /");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests_name("homes", tests, NULL, NULL);
}
