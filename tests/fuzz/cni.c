// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes are what a container engine says to a CNI plugin, or are refused. What stands before a
 * line "%%", if there is one, are its variables CNI_COMMAND, CNI_NETNS and CNI_ARGS, a line each.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cni/request.h"
#include "fuzz.h"
#include "lib/json-input.h"
#include "policy/match.h"

#define BORDER "\n%%\n"

/* Up to the end of the line. */
static void take_variable(struct bytes *lines, const char *name)
{
	char value[256] = "";
	size_t length = 0;

	while (lines->size && length < sizeof(value) - 1) {
		value[length] = take_byte(lines);
		if (value[length] == '\n')
			break;
		length++;
	}
	value[length] = '\0';
	setenv(name, value, 1);
}

static void set_variables(struct bytes lines)
{
	setenv("CNI_CONTAINERID", "a", 1);
	setenv("CNI_IFNAME", "eth0", 1);
	take_variable(&lines, "CNI_COMMAND");
	take_variable(&lines, "CNI_NETNS");
	take_variable(&lines, "CNI_ARGS");
}

static void check_pod(const char *pod)
{
	const char *slash = strchr(pod, '/');

	check(slash && slash > pod && slash[1] && !strchr(slash + 1, '/'));
	check(!strpbrk(pod, " \n;=*"));
}

static void check_request(const struct cni_request *request)
{
	size_t i, length = 0;

	check(request->command < CNI_COMMANDS && request->config);
	if (request->command > CNI_CHECK)
		check(!request->pod && !request->count);
	else
		check(request->netns && *request->netns == '/');
	if (request->pod)
		check_pod(request->pod);
	for (i = 0; i < request->count; i++)
		length +=
			strlen(request->annotations[i].key) + strlen(request->annotations[i].value);
	check(length < 2 * JSON_MAX_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *border = memmem(data, size, BORDER, strlen(BORDER));
	struct bytes lines = { (const uint8_t *)"ADD\n/a\n", 7 };
	struct cni_request request;
	int fd, ret;

	if (border) {
		lines = (struct bytes){ data, border - data };
		size -= border + strlen(BORDER) - data;
		data = border + strlen(BORDER);
	}
	set_variables(lines);
	fd = file_of(data, size);
	ret = cni_request_read(&request, fd);
	close(fd);
	check(ret >= 0 && request.version);
	if (!ret)
		check_request(&request);
	cni_request_free(&request);
	return 0;
}
