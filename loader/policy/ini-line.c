// SPDX-License-Identifier: GPL-2.0-only
#include "policy/ini-line.h"

#include <stdlib.h>
#include <string.h>

#include "lib/memory.h"
#include "lib/utf8.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct ini_line ini_line_strip(struct ini_line line)
{
	if (line.length && line.text[line.length - 1] == '\r')
		line.length--;
	while (line.length && is_blank(line.text[line.length - 1]))
		line.length--;
	while (line.length && is_blank(*line.text)) {
		line.text++;
		line.length--;
	}
	return line;
}

bool ini_line_is_empty(struct ini_line line)
{
	return !line.length || *line.text == '#' || *line.text == ';';
}

bool ini_line_is(struct ini_line line, const char *text)
{
	return line.length == strlen(text) && !memcmp(line.text, text, line.length);
}

bool ini_line_sets(struct ini_line line, const char *key)
{
	size_t at = strlen(key);

	if (line.length <= at || memcmp(line.text, key, at))
		return false;
	while (at < line.length && is_blank(line.text[at]))
		at++;
	return at < line.length && line.text[at] == '=';
}

static char *text_mistake(struct ini_line line)
{
	const unsigned char *text = (const unsigned char *)line.text;
	size_t i, length;

	for (i = 0; i < line.length; i += length) {
		length = utf8_length(text + i, line.length - i);
		if (!length)
			return memory_strdup("this is not UTF-8");
		if ((text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return memory_printf("control character 0x%02x is not allowed", text[i]);
	}
	return NULL;
}

static bool has_comment(struct ini_line line)
{
	size_t i;

	for (i = 1; i < line.length; i++)
		if (line.text[i] == ';' && is_blank(line.text[i - 1]))
			return true;
	return false;
}

static const char *form_mistake(struct ini_line line)
{
	const char *equals = memchr(line.text, '=', line.length);
	const char *colon = memchr(line.text, ':', line.length);

	if (has_comment(line))
		return "a comment needs a line of its own";
	if (*line.text == '[')
		return memchr(line.text, ']', line.length) == line.text + line.length - 1
			       ? NULL
			       : "a section is [Name] and nothing else";
	/* libinih would take the colon for the equals sign. */
	if (!equals || (colon && colon < equals))
		return "neither [Section] nor Key=value";
	if (equals == line.text)
		return "there is no key before the '='";
	return NULL;
}

char *ini_line_mistake(struct ini_line line, size_t most)
{
	char *text = text_mistake(line);
	const char *form;

	if (text || ini_line_is_empty(line))
		return text;
	form = form_mistake(line);
	if (form)
		return memory_strdup(form);
	if (line.length > most)
		return memory_printf("longer than %zu bytes; several lines with one key add up",
				     most);
	return NULL;
}
