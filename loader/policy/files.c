// SPDX-License-Identifier: GPL-2.0-only
/* Which files are policies, and what is said about their mistakes. */
#include "policy/files.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/rule.h"
#include "lib/log.h"
#include "lib/keywords.h"

#define ENDING ".policy"

/* A mounted ConfigMap is switched by renaming this link while we may be reading. */
#define SWAPPED	   "..data"
#define SWAP_TRIES 10

static void mistake_free(struct mistake *mistake)
{
	free(mistake->file);
	free(mistake->reason);
}

static size_t kept(const struct policies *policies)
{
	return policies->mistakes < MISTAKES_KEPT ? policies->mistakes : MISTAKES_KEPT;
}

static bool is_behind(const struct mistake *a, const struct mistake *b)
{
	int order = strcmp(a->file, b->file);

	return order ? order > 0 : a->line > b->line;
}

/* The first ones are kept. */
static void keep(struct policies *policies, struct mistake *mistake)
{
	size_t i = kept(policies);

	policies->mistakes++;
	if (i == MISTAKES_KEPT) {
		if (!is_behind(&policies->mistake[i - 1], mistake)) {
			mistake_free(mistake);
			return;
		}
		mistake_free(&policies->mistake[--i]);
	}
	for (; i && is_behind(&policies->mistake[i - 1], mistake); i--)
		policies->mistake[i] = policies->mistake[i - 1];
	policies->mistake[i] = *mistake;
}

void policies_mistake(struct policies *policies, const char *file, unsigned int line,
		      const char *format, ...)
{
	struct mistake mistake = { .file = strdup(file), .line = line };
	va_list args;

	va_start(args, format);
	if (vasprintf(&mistake.reason, format, args) < 0 || !mistake.file)
		err(EXIT_FAILURE, NULL);
	va_end(args);
	keep(policies, &mistake);
}

static bool ends_in(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length > tail && !strcmp(text + length - tail, ending);
}

/* Hidden files, which a mounted ConfigMap has some of, and what editors and packagers leave. */
static bool is_aside(const char *name)
{
	return *name == '.' || ends_in(name, "~") || strstr(name, ENDING ".dpkg-") ||
	       strstr(name, ENDING ".ucf-") || strstr(name, ENDING ".rpm");
}

/* The text of a regular file, or NULL with errno. */
static char *read_text(const char *file, size_t *size)
{
	/* Not to wait for who writes into a pipe. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t room = 1 << 16;
	struct stat stat;
	char *text = NULL;
	ssize_t got = -1;

	*size = 0;
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &stat) && !S_ISREG(stat.st_mode)) {
		close(fd);
		errno = S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	do {
		room *= 2;
		text = realloc(text, room);
		if (!text)
			err(EXIT_FAILURE, NULL);
		while (*size < room && (got = read(fd, text + *size, room - *size)) > 0)
			*size += got;
	} while (got > 0);
	close(fd);
	if (!got)
		return text;
	free(text);
	return NULL;
}

/* Rules and annotations have to be able to say it. */
static const char *name_mistake(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return "a policy's name has no blanks";
	return is_glob(name) ? "a policy's name has none of *?[" : NULL;
}

/* Files come sorted: another of this name would be the last one. */
static bool is_there(struct policies *policies, const char *name, const char *file)
{
	const struct policy *last = policies->count ? &policies->policy[policies->count - 1] : NULL;

	if (!last || strcmp(last->name, name))
		return false;
	policies_mistake(policies, file, 0, "another policy of this name is %s", last->file);
	return true;
}

static void read_policy(struct policies *policies, const char *name, const char *file)
{
	const char *reason = name_mistake(name);
	size_t size;
	char *text;

	if (reason) {
		policies_mistake(policies, file, 0, "%s", reason);
		return;
	}
	if (is_there(policies, name, file))
		return;
	text = read_text(file, &size);
	if (text)
		policy_read(policies, name, file, text, size);
	else
		policies_mistake(policies, file, 0, "%s",
				 errno == EINVAL ? "not a regular file" : strerror(errno));
	free(text);
}

static const char *base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static void read_file(struct policies *policies, const char *file)
{
	const char *base = base_name(file);
	char *name;

	if (!ends_in(base, ENDING)) {
		policies_mistake(policies, file, 0,
				 "does not end in " ENDING "; begin its name with a dot if it is "
				 "to be ignored");
		return;
	}
	name = strndup(base, strlen(base) - strlen(ENDING));
	if (!name)
		err(EXIT_FAILURE, NULL);
	read_policy(policies, name, file);
	free(name);
}

/* Where rules speak of policies, those have to be there. */
static void check_name(struct policies *policies, const struct policy *policy,
		       const struct rule *rule)
{
	const char **names;
	size_t i;

	if (rule->peer != BY_POLICY || !rule->name || policies_find(policies, rule->name))
		return;
	/* Looking for the nearest takes long if there are many and all are wrong. */
	if (policies->mistakes >= MISTAKES_KEPT) {
		policies->mistakes++;
		return;
	}
	names = calloc(policies->count, sizeof(*names));
	if (!names)
		err(EXIT_FAILURE, NULL);
	for (i = 0; i < policies->count; i++)
		names[i] = policies->policy[i].name;
	policies_mistake(policies, policy->file, rule->line, "policy %s: there is no such policy%s",
			 rule->name, keywords_hint(rule->name, names, policies->count).text);
	free(names);
}

static void check_names(struct policies *policies)
{
	size_t i, j;

	for (i = 0; i < policies->count; i++)
		for (j = 0; j < policies->policy[i].rules; j++)
			check_name(policies, &policies->policy[i], &policies->policy[i].rule[j]);
}

static int by_base(const void *a, const void *b)
{
	return strcmp(base_name(*(const char *const *)a), base_name(*(const char *const *)b));
}

static int result(const struct policies *policies)
{
	return policies->mistakes ? -EINVAL : 0;
}

int policies_load_files(struct policies *policies, char *const *files, size_t count)
{
	char **sorted = calloc(count + 1, sizeof(*sorted));
	size_t i;

	memset(policies, 0, sizeof(*policies));
	if (!sorted)
		err(EXIT_FAILURE, NULL);
	memcpy(sorted, files, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_base);
	for (i = 0; i < count; i++)
		read_file(policies, sorted[i]);
	free(sorted);
	check_names(policies);
	return result(policies);
}

static int is_wanted(const struct dirent *entry)
{
	return !is_aside(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_directory(struct policies *policies, const char *dir)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_wanted, by_name), i;
	char *file;

	memset(policies, 0, sizeof(*policies));
	if (count < 0)
		return errno == ENOENT ? 0 : log_errno(errno, "%s", dir);
	for (i = 0; i < count; i++) {
		if (asprintf(&file, "%s/%s", dir, entries[i]->d_name) < 0)
			err(EXIT_FAILURE, NULL);
		read_file(policies, file);
		free(file);
		free(entries[i]);
	}
	free(entries);
	check_names(policies);
	return result(policies);
}

/* Where the link leads to; nothing where there is none. */
static void read_swapped(const char *dir, char *target, size_t room)
{
	char link[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "%s/" SWAPPED, dir);
	length = readlink(link, target, room - 1);
	target[length < 0 ? 0 : length] = '\0';
}

int policies_load(struct policies *policies, const char *dir)
{
	char before[PATH_MAX], now[PATH_MAX];
	int ret, tries = 0;

	read_swapped(dir, now, sizeof(now));
	do {
		strcpy(before, now);
		if (tries)
			policies_free(policies);
		ret = load_directory(policies, dir);
		read_swapped(dir, now, sizeof(now));
	} while (strcmp(before, now) && ++tries < SWAP_TRIES);
	return ret;
}

void policies_say_mistakes(const struct policies *policies)
{
	size_t i;

	for (i = 0; i < kept(policies); i++) {
		const struct mistake *mistake = &policies->mistake[i];

		if (mistake->line)
			log_error(EINVAL, "%s:%u: %s", mistake->file, mistake->line,
				  mistake->reason);
		else
			log_error(EINVAL, "%s: %s", mistake->file, mistake->reason);
	}
	if (policies->mistakes > MISTAKES_KEPT)
		log_error(EINVAL, "and %zu more mistakes", policies->mistakes - MISTAKES_KEPT);
}

int policies_read(struct policies *policies, const char *dir)
{
	int ret = policies_load(policies, dir);

	if (!ret)
		return 0;
	policies_say_mistakes(policies);
	policies_free(policies);
	return ret;
}

static void free_globs(struct globs *globs)
{
	size_t i;

	for (i = 0; i < globs->count; i++)
		free(globs->glob[i]);
	free(globs->glob);
}

static void free_policy(struct policy *policy)
{
	size_t i;

	free(policy->name);
	free(policy->file);
	free_globs(&policy->names);
	free_globs(&policy->paths);
	free_globs(&policy->cgroups);
	free_globs(&policy->annotations);
	for (i = 0; i < policy->rules; i++)
		rule_free(&policy->rule[i]);
	free(policy->rule);
}

void policies_free(struct policies *policies)
{
	size_t i;

	for (i = 0; i < policies->count; i++)
		free_policy(&policies->policy[i]);
	free(policies->policy);
	for (i = 0; i < kept(policies); i++)
		mistake_free(&policies->mistake[i]);
	memset(policies, 0, sizeof(*policies));
}

static int by_file(const void *key, const void *element)
{
	const struct policy *policy = element;

	return strcmp(key, base_name(policy->file));
}

const struct policy *policies_find(const struct policies *policies, const char *name)
{
	const struct policy *found;
	char *file;

	if (asprintf(&file, "%s" ENDING, name) < 0)
		err(EXIT_FAILURE, NULL);
	/* That is what they are sorted by: with the ending, which is not the order of names. */
	found = policies->count
			? bsearch(file, policies->policy, policies->count, sizeof(*found), by_file)
			: NULL;
	free(file);
	return found;
}
