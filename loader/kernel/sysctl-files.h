/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of sysctl.d(5) say of one key, for a kernel that has no such sysctl. */
#ifndef SYSCTL_FILES_H
#define SYSCTL_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* The last assignment, which is the one that counts. */
struct sysctl_setting {
	const char *key; /* with slashes: "net/vsock/child_ns_mode" */
	char *file;	 /* NULL: no file has the key */
	unsigned int line;
	char *value;   /* without blanks around it */
	bool may_fail; /* there is a '-' before the key */
};

/* Takes the assignments in the bytes of one file, over what was there before. */
void sysctl_setting_take(struct sysctl_setting *setting, const char *file, const char *bytes,
			 size_t size);

/*
 * Reads sysctl.d of /etc, /run, /usr/local/lib and /usr/lib below `root` ("" as a rule), in the
 * order of the names of files, and then /etc/sysctl.conf. A file hides those of the same name in
 * later folders; one that is no regular file, as a link to /dev/null, has nothing in it. Globs do
 * not apply. Says which file cannot be read, and returns -errno.
 */
int sysctl_setting_read(struct sysctl_setting *setting, const char *root);

void sysctl_setting_free(struct sysctl_setting *setting);

#endif
