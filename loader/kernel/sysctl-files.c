// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/sysctl-files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/array.h"
#include "lib/ends-in.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/regular-file.h"

#define BLANKS " \t\r\n\v\f"

/* --- Lines --- */

static char *strip(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length && strchr(BLANKS, text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/* In a name whose first separator is a dot, dots and slashes mean each other. */
static char separator(char c, bool swapped)
{
	if (!swapped)
		return c;
	return c == '.' ? '/' : c == '/' ? '.' : c;
}

static bool is_key(const char *name, const char *key)
{
	const char *first = strpbrk(name, "./");
	bool swapped = first && *first == '.';

	while (*name && separator(*name, swapped) == *key) {
		name++;
		key++;
	}
	return !*name && !*key;
}

static void take_line(struct sysctl_setting *setting, const char *file, unsigned int number,
		      char *line)
{
	char *name = strip(line), *equals = strchr(name, '=');
	bool may_fail = *name == '-';

	/* The name in a comment begins with the sign of the comment, and is not the key. */
	if (!equals)
		return;
	*equals = '\0';
	if (!is_key(strip(name + may_fail), setting->key))
		return;
	sysctl_setting_free(setting);
	setting->file = memory_strdup(file);
	setting->line = number;
	setting->value = memory_strdup(strip(equals + 1));
	setting->may_fail = may_fail;
}

void sysctl_setting_take(struct sysctl_setting *setting, const char *file, const char *bytes,
			 size_t size)
{
	const char *end = bytes + size, *next;
	unsigned int number = 0;
	char *line;

	for (; bytes < end; bytes = next + 1) {
		next = memchr(bytes, '\n', end - bytes) ?: end;
		line = memory_checked(strndup(bytes, next - bytes));
		take_line(setting, file, ++number, line);
		free(line);
	}
}

void sysctl_setting_free(struct sysctl_setting *setting)
{
	free(setting->file);
	free(setting->value);
	setting->file = setting->value = NULL;
}

/* --- Files --- */

/* What is no regular file has nothing in it: so /dev/null masks a name. */
static bool has_nothing(int error)
{
	return error == -ENOENT || error == -EISDIR || error == -EINVAL || error == -ENXIO;
}

static int take_file(struct sysctl_setting *setting, const char *path)
{
	struct stat seen;
	size_t size;
	char *bytes;
	int fd = regular_file_open(path, &seen), ret;

	if (fd < 0)
		return has_nothing(fd) ? 0 : log_errno(-fd, "%s", path);
	ret = regular_file_read(fd, &bytes, &size);
	if (ret)
		log_errno(-ret, "%s", path);
	else
		sysctl_setting_take(setting, path, bytes, size);
	free(bytes);
	close(fd);
	return ret;
}

/* Files of all folders, of each name the first. */
struct files {
	struct file {
		char *path, *name;
	} * file;
	size_t count, room;
};

static bool is_wanted(const char *name)
{
	return *name != '.' && ends_in(name, ".conf");
}

static void add_file(struct files *files, const char *dir, const char *name)
{
	struct file *file;
	size_t i;

	for (i = 0; i < files->count; i++)
		if (!strcmp(files->file[i].name, name))
			return;
	file = array_add(files->file, files->count, files->room);
	file->path = memory_printf("%s/%s", dir, name);
	file->name = strrchr(file->path, '/') + 1;
}

static int list(struct files *files, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int error;

	if (!dir)
		return errno == ENOENT ? 0 : log_errno(errno, "%s", path);
	while (errno = 0, (entry = readdir(dir)))
		if (is_wanted(entry->d_name))
			add_file(files, path, entry->d_name);
	error = errno;
	closedir(dir);
	return error ? log_errno(error, "%s", path) : 0;
}

static int list_all(struct files *files, const char *root)
{
	static const char *const folders[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib" };
	int ret = 0;
	char *path;
	size_t i;

	for (i = 0; !ret && i < ARRAY_SIZE(folders); i++) {
		path = memory_printf("%s%s/sysctl.d", root, folders[i]);
		ret = list(files, path);
		free(path);
	}
	return ret;
}

static int by_name(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void free_files(struct files *files)
{
	while (files->count)
		free(files->file[--files->count].path);
	free(files->file);
}

int sysctl_setting_read(struct sysctl_setting *setting, const char *root)
{
	char *last = memory_printf("%s/etc/sysctl.conf", root);
	struct files files = {};
	int ret = list_all(&files, root);
	size_t i;

	if (files.count)
		qsort(files.file, files.count, sizeof(*files.file), by_name);
	for (i = 0; !ret && i < files.count; i++)
		ret = take_file(setting, files.file[i].path);
	if (!ret)
		ret = take_file(setting, last);
	free_files(&files);
	free(last);
	return ret;
}
