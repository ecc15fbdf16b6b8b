// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/guest-name.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cgroup.h"
#include "lib/array.h"
#include "lib/ends-in.h"
#include "lib/keywords.h"
#include "lib/printable.h"

#define DIGITS "0123456789"
#define HEX    "0123456789abcdefABCDEF"

/* On the way from the root of a path. */
struct walk {
	struct guest_name *name;
	const char *above; /* the word before */
	char user[16];	   /* "1000/" below this user's service manager, else "" */
	bool machines;	   /* below machine.slice */
};

const char *guest_kind_name(enum guest_kind kind)
{
	static const char *const names[] = {
		[GUEST_DOMAIN] = "domain", [GUEST_MACHINE] = "machine",
		[GUEST_POD] = "pod",	   [GUEST_CONTAINER] = "container",
		[GUEST_UNIT] = "unit",	   [GUEST_PROCESS] = "process",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

/* --- Words of systemd --- */

static bool begins_with(const char *word, const char *start)
{
	return !strncmp(word, start, strlen(start));
}

/* The character at `word`, "\x2d" being one, and how long it is there. */
static char character(const char *word, size_t *length)
{
	char digits[3] = {};

	*length = 1;
	if (!begins_with(word, "\\x") || strspn(word + 2, HEX) < 2)
		return *word;
	memcpy(digits, word + 2, 2);
	*length = 4;
	return strtoul(digits, NULL, 16);
}

/* False if it is too long, or is not what a name may have: "/" stands behind the user. */
static bool unescape(char name[GUEST_NAME_SIZE], const char *word, size_t size)
{
	char plain[GUEST_NAME_SIZE];
	size_t used = 0, length, i;

	for (i = 0; i < size; i += length) {
		char c = character(word + i, &length);

		if (!c || c == '/' || used + 1 == GUEST_NAME_SIZE)
			return false;
		name[used++] = c;
	}
	name[used] = '\0';
	printable(plain, sizeof(plain), name, used);
	return used && !strcmp(plain, name);
}

/* --- What a word may be --- */

static void set(struct walk *walk, enum guest_kind kind, const char *word, size_t size)
{
	char plain[GUEST_NAME_SIZE];
	int length;

	if (!unescape(plain, word, size))
		return;
	length = snprintf(walk->name->text, GUEST_NAME_SIZE, "%s%s", walk->user, plain);
	if (length < GUEST_NAME_SIZE)
		walk->name->kind = kind;
	else
		walk->name->text[0] = '\0';
}

/* Of "qemu-1-web" what is behind the number that libvirt gives, NULL in another form. */
static const char *behind_number(const char *machine)
{
	const char *number = strchr(machine, '-');
	size_t digits = number ? strspn(number + 1, DIGITS) : 0;

	if (!digits || strcspn(machine, DIGITS) < (size_t)(number - machine) ||
	    number[1 + digits] != '-' || !number[2 + digits])
		return NULL;
	return number + 2 + digits;
}

static void set_machine(struct walk *walk, const char *word, size_t size)
{
	char machine[GUEST_NAME_SIZE];
	const char *domain;

	if (!unescape(machine, word, size))
		return;
	domain = behind_number(machine);
	if (domain)
		set(walk, GUEST_DOMAIN, domain, strlen(domain));
	else
		set(walk, GUEST_MACHINE, machine, strlen(machine));
}

static bool take_pod(struct walk *walk, const char *word)
{
	const char *pod =
		strstr(word, "kubepods") || begins_with(word, "pod") ? cgroup_pod(word) : NULL;
	char id[CGROUP_POD_ID + 1];

	if (!pod)
		return false;
	cgroup_pod_id(id, pod);
	set(walk, GUEST_POD, id, strlen(id));
	return true;
}

/* "docker-ID.scope", "libpod-ID", or the number alone. */
static bool take_container(struct walk *walk, const char *word)
{
	const char *id = cgroup_container(word), *rest;

	if (!id || (id > word && id[-1] != '-'))
		return false;
	rest = id + CGROUP_CONTAINER_ID;
	if (*rest && strcmp(rest, ".scope"))
		return false;
	set(walk, GUEST_CONTAINER, id, CGROUP_CONTAINER_SHOWN);
	return true;
}

static bool take_lxc(struct walk *walk, const char *word)
{
	static const char start[] = "lxc.payload.";

	if (!begins_with(word, start))
		return false;
	set(walk, GUEST_CONTAINER, word + strlen(start), strlen(word + strlen(start)));
	return true;
}

/* "machine-qemu\x2d1\x2dweb.scope", or where there is no systemd "qemu-1-web.libvirt-qemu". */
static bool take_machine(struct walk *walk, const char *word)
{
	static const char start[] = "machine-";
	const char *tail = strrchr(word, '.');

	if (!tail || tail == word)
		return false;
	if (walk->machines && begins_with(word, start) && !strcmp(tail, ".scope") &&
	    tail > word + strlen(start)) {
		set_machine(walk, word + strlen(start), tail - word - strlen(start));
		return true;
	}
	if (strcmp(walk->above, "machine") && !ends_in(walk->above, ".partition"))
		return false;
	if (!begins_with(tail, ".libvirt-"))
		return false;
	set_machine(walk, word, tail - word);
	return true;
}

/* "qemu.slice/100.scope" */
static bool take_proxmox(struct walk *walk, const char *word)
{
	size_t digits = strspn(word, DIGITS);

	if (strcmp(walk->above, "qemu.slice") || !digits || strcmp(word + digits, ".scope"))
		return false;
	set(walk, GUEST_DOMAIN, word, digits);
	return true;
}

/* Units that start guests for others, or are many things: they name none of them. */
static bool is_shared(const char *unit)
{
	static const char *const shared[] = {
		"init.scope",	      "libvirtd.service", "virtqemud.service",
		"containerd.service", "docker.service",	  "crio.service",
		"podman.service",     "incus.service",	  "lxd.service",
		"ssh.service",	      "sshd.service",	  "snap.lxd.daemon.service",
		"kubelet.service",    "cron.service",	  "crond.service",
	};

	return keywords_find(unit, shared, ARRAY_SIZE(shared)) >= 0 ||
	       begins_with(unit, "session-") || begins_with(unit, "user@");
}

static bool take_unit(struct walk *walk, const char *word)
{
	if (!ends_in(word, ".service") && !ends_in(word, ".scope"))
		return false;
	if (!is_shared(word))
		set(walk, GUEST_UNIT, word, strlen(word));
	return true;
}

/* --- The way to it --- */

/* "user@1000.service": what follows is the user's own. */
static bool enters_user(struct walk *walk, const char *word)
{
	static const char start[] = "user@";
	size_t digits;

	if (*walk->user || !begins_with(word, start))
		return false;
	word += strlen(start);
	digits = strspn(word, DIGITS);
	if (!digits || digits > 10 || strcmp(word + digits, ".service"))
		return false;
	snprintf(walk->user, sizeof(walk->user), "%.*s/", (int)digits, word);
	walk->machines = false;
	return true;
}

/* Words that only the machine's own managers make, and that name nothing. */
static bool is_passed(struct walk *walk, const char *word)
{
	static const char *const known[] = {
		"docker",	 "kubepods",	  "burstable", "besteffort",
		"libpod_parent", "kata_overhead", "machine",
	};

	if (!strcmp(word, "machine.slice"))
		walk->machines = true;
	return ends_in(word, ".slice") || ends_in(word, ".partition") ||
	       keywords_find(word, known, ARRAY_SIZE(known)) >= 0 || enters_user(walk, word);
}

/* Whether the word decides, and be it that there is no name. */
static bool take(struct walk *walk, const char *word)
{
	static bool (*const forms[])(struct walk *, const char *) = {
		take_pod, take_container, take_lxc, take_machine, take_proxmox,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i](walk, word))
			return true;
	return !is_passed(walk, word) && (take_unit(walk, word) || true);
}

void guest_name_of_cgroup(struct guest_name *name, const char *cgroup)
{
	struct walk walk = { .name = name, .above = "" };
	char copy[PATH_MAX], *rest = copy, *word;

	*name = (struct guest_name){};
	if (snprintf(copy, sizeof(copy), "%s", cgroup) >= (int)sizeof(copy))
		return;
	while ((word = strsep(&rest, "/"))) {
		/* systemd puts this before what would be the name of a file of the kernel. */
		if (*word == '_')
			word++;
		if (*word && take(&walk, word))
			return;
		walk.above = word;
	}
}
