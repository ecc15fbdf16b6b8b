/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest is called, by the cgroup of the process that runs it.
 *
 * A process chooses the names of cgroups below the one that was given to it, and no others. So the
 * outermost word of the path that names something decides, and what is of a user's own service
 * manager has the user before it: nobody can take the name of somebody else's guest. Nothing that
 * is refused or allowed depends on a name.
 */
#ifndef GUEST_NAME_H
#define GUEST_NAME_H

enum guest_kind {
	GUEST_NAMELESS,
	GUEST_DOMAIN,	 /* of libvirt, or of Proxmox: its name */
	GUEST_MACHINE,	 /* that systemd-machined knows: its name */
	GUEST_POD,	 /* of Kubernetes: its UUID */
	GUEST_CONTAINER, /* the start of its number, as engines show it */
	GUEST_UNIT,	 /* of systemd: a service or a scope */
	GUEST_PROCESS,	 /* none of these: "comm[pid]" */
};

/* A name that does not fit is none. */
#define GUEST_NAME_SIZE 128
struct guest_name {
	enum guest_kind kind;
	char text[GUEST_NAME_SIZE]; /* printable */
};

/* GUEST_NAMELESS, and no text, for a cgroup that is not of a known form. */
void guest_name_of_cgroup(struct guest_name *name, const char *cgroup);

/* "domain"; NULL for GUEST_NAMELESS. */
const char *guest_kind_name(enum guest_kind kind);

#endif
