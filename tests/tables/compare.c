// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds what the scenarios gave on other kernels against what they gave natively,
 * case by case, and reports TAP. A difference passes only if it stands in the table
 * of known differences, and an entry of that table passes only if it occurs. A kernel is known
 * there by the name it is given here, and by what its list says that it has.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tap.h"

#define CASES_MAX 4096
#define KNOWN_MAX 64
#define COLUMNS	  5

struct outcome {
	char *id;
	char *result;
};

struct list {
	int count;
	char features[32];
	struct outcome cases[CASES_MAX];
};

/* A line of the table: kernels | case | native | ours | reason */
struct known {
	int line;
	bool occurred;
	char *kernels;
	char *id;
	char *native;
	char *ours;
	char *reason;
};

static struct list native, ours;
static struct known knowns[KNOWN_MAX];
static int known_count;

static char *copy(const char *text)
{
	char *made = strdup(text);

	if (!made)
		tap_bail("out of memory");
	return made;
}

static char *trimmed(char *text)
{
	char *end;

	text += strspn(text, " \t");
	for (end = text + strlen(text); end > text && strchr(" \t\n", end[-1]);)
		*--end = '\0';
	return text;
}

static void read_known(char *line, int number)
{
	struct known *known = &knowns[known_count];
	char **columns[COLUMNS] = { &known->kernels, &known->id, &known->native, &known->ours,
				    &known->reason };
	char *rest = line, *next;
	int i;

	if (known_count == KNOWN_MAX)
		tap_bail("known differences, line %d: more than %d", number, KNOWN_MAX);
	/* " | ", as a pattern may hold a bare |. */
	for (i = 0; i < COLUMNS && rest; i++, rest = next) {
		next = strstr(rest, " | ");
		if (next) {
			*next = '\0';
			next += 3;
		}
		*columns[i] = copy(trimmed(rest));
	}
	if (i < COLUMNS || rest)
		tap_bail("known differences, line %d: wanted %d columns", number, COLUMNS);
	known->line = number;
	known_count++;
}

static void read_all_known(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512], *text;
	int number = 0;

	if (!file)
		tap_bail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		number++;
		text = trimmed(line);
		if (*text && *text != '#')
			read_known(text, number);
	}
	fclose(file);
}

static const char *result_of(const struct list *list, const char *id)
{
	int i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->cases[i].id, id))
			return list->cases[i].result;
	return NULL;
}

/* What the kernel has that its name does not tell, "# +check", say. */
static const char *read_features(struct list *list, char *line)
{
	if (*list->features)
		return "the features of the kernel twice";
	snprintf(list->features, sizeof(list->features), "%s", trimmed(line + 1));
	return NULL;
}

/* A line of the list into @list; what is wrong with it, or NULL. */
static const char *read_case(struct list *list, char *line)
{
	char *tab = strchr(line, '\t');

	if (*line == '#')
		return read_features(list, line);
	if (!tab || !strchr(line, '\n'))
		return "a line that is cut off";
	*tab = '\0';
	if (result_of(list, line))
		return "a case twice";
	if (list->count == CASES_MAX)
		return "too many cases";
	list->cases[list->count].id = copy(line);
	list->cases[list->count++].result = copy(trimmed(tab + 1));
	return NULL;
}

static void forget(struct list *list)
{
	*list->features = '\0';
	while (list->count) {
		free(list->cases[--list->count].id);
		free(list->cases[list->count].result);
	}
}

static bool read_list(struct list *list, const char *kernel, const char *path)
{
	FILE *file = fopen(path, "re");
	const char *wrong = NULL;
	char line[1024];

	forget(list);
	if (!file)
		return tap_ok(false, "%s: %s: %s", kernel, path, strerror(errno));
	while (!wrong && fgets(line, sizeof(line), file))
		wrong = read_case(list, line);
	fclose(file);
	if (!wrong && !list->count)
		wrong = "no case";
	if (wrong)
		tap_diag("%s: \"%s\"", path, line);
	return tap_ok(!wrong, "%s: %s: %s", kernel, path, wrong ?: "read");
}

/* Such results tell of the harness, not of the kernel: no two of them are alike. */
static bool is_no_result(const char *result)
{
	return strstr(result, "timeout") || strstr(result, "EPIPE");
}

/* What our stream gives in the place of this case's seqpacket. */
static const char *stream_result(const char *id)
{
	const char *type = strstr(id, " seqpacket ");
	char other[256];

	if (!type)
		return NULL;
	snprintf(other, sizeof(other), "%.*s stream %s", (int)(type - id), id,
		 type + strlen(" seqpacket "));
	return result_of(&ours, other);
}

static bool matches(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, FNM_EXTMATCH);
}

static bool explains(const struct known *known, const char *kernel, const struct outcome *want,
		     const char *got)
{
	const char *stream;

	if (!matches(known->kernels, kernel) || !matches(known->id, want->id) ||
	    !matches(known->native, want->result))
		return false;
	if (strcmp(known->ours, "as stream"))
		return matches(known->ours, got);
	stream = stream_result(want->id);
	return stream && !strcmp(stream, got);
}

static struct known *explanation(const char *kernel, const struct outcome *want, const char *got)
{
	int i;

	for (i = 0; i < known_count; i++)
		if (explains(&knowns[i], kernel, want, got))
			return &knowns[i];
	return NULL;
}

static void compare_case(const char *kernel, const struct outcome *want)
{
	const char *got = result_of(&ours, want->id);
	struct known *known;

	if (!got) {
		tap_ok(false, "%s: %s: missing; native %s", kernel, want->id, want->result);
		return;
	}
	if (!strcmp(got, want->result)) {
		tap_ok(!is_no_result(got), "%s: %s: %s", kernel, want->id, got);
		return;
	}
	known = is_no_result(got) ? NULL : explanation(kernel, want, got);
	if (!known) {
		tap_ok(false, "%s: %s: %s; native %s", kernel, want->id, got, want->result);
		return;
	}
	known->occurred = true;
	tap_ok(true, "%s: %s: %s; native %s; known: %s", kernel, want->id, got, want->result,
	       known->reason);
}

static void compare_strangers(const char *kernel)
{
	int i;

	for (i = 0; i < ours.count; i++)
		if (!result_of(&native, ours.cases[i].id))
			tap_ok(false, "%s: %s: not among the native cases", kernel,
			       ours.cases[i].id);
}

/* An entry may be for another table than this run's: its cases do not occur at all. */
static bool is_about(const struct known *known)
{
	int i;

	for (i = 0; i < native.count; i++)
		if (matches(known->id, native.cases[i].id))
			return true;
	return false;
}

static void compare_known(const char *kernel)
{
	int i;

	for (i = 0; i < known_count; i++)
		if (matches(knowns[i].kernels, kernel) && is_about(&knowns[i]))
			tap_ok(knowns[i].occurred, "%s: the known difference of line %d occurs: %s",
			       kernel, knowns[i].line, knowns[i].reason);
}

static void compare_kernel(char *argument)
{
	char *equals = strchr(argument, '='), kernel[64];
	int i;

	if (!equals)
		tap_bail("wanted KERNEL=FILE, not %s", argument);
	*equals = '\0';
	if (!read_list(&ours, argument, equals + 1))
		return;
	snprintf(kernel, sizeof(kernel), "%s%s", argument, ours.features);
	for (i = 0; i < known_count; i++)
		knowns[i].occurred = false;
	for (i = 0; i < native.count; i++)
		compare_case(kernel, &native.cases[i]);
	compare_strangers(kernel);
	compare_known(kernel);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4) {
		fputs("usage: compare KNOWN-DIFFERENCES NATIVE KERNEL=FILE...\n", stderr);
		return 2;
	}
	read_all_known(argv[1]);
	if (!read_list(&native, "native", argv[2]))
		return tap_end();
	for (i = 3; i < argc; i++)
		compare_kernel(argv[i]);
	return tap_end();
}
