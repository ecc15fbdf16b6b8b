// SPDX-License-Identifier: GPL-2.0-only
#include "policy/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "policy/ini-line.h"

#define SECTION "[Namespace]"
#define AUDIT	"Audit"

/* Copies a line unless it sets Audit=. Returns whether Audit=yes was added below it. */
static bool put_line(FILE *out, struct ini_line line)
{
	struct ini_line bare = ini_line_strip(line);

	if (ini_line_sets(bare, AUDIT))
		return false;
	fprintf(out, "%.*s\n", (int)line.length, line.text);
	if (!ini_line_is(bare, SECTION))
		return false;
	fputs(AUDIT "=yes\n", out);
	return true;
}

static void put_audited(FILE *out, const struct policy_file *file)
{
	const char *text = file->bytes, *end = text + file->size, *next;
	bool done = false;

	/* The byte order mark, which some editors begin UTF-8 with. */
	if (file->size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', end - text) ?: end;
		done |= put_line(out, (struct ini_line){ text, next - text });
	}
	if (!done)
		fputs(SECTION "\n" AUDIT "=yes\n", out);
}

static void audit_file(struct policy_file *file)
{
	char *bytes;
	size_t size;
	FILE *out = memory_checked(open_memstream(&bytes, &size));

	put_audited(out, file);
	fclose(out);
	free(file->bytes);
	file->bytes = memory_checked(bytes);
	file->size = size;
}

void policy_files_audit(struct policy_files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		if (policy_file_is_policy(&files->file[i]))
			audit_file(&files->file[i]);
}
