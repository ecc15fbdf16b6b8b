// SPDX-License-Identifier: GPL-2.0-only
/*
 * vsock-bpfd's CNI plugin, the last of a chain: the pod's network namespace is made, and nothing in
 * it runs. It gets its policy now, or the pod does not start. The namespace takes what it was given
 * with it when it goes, so that there is nothing to delete.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cni/answer.h"
#include "cni/request.h"
#include "lib/exit-status.h"
#include "lib/log.h"
#include "policy/confine.h"
#include "policy/set.h"

#define NAME "vsock-bpfd-cni"

/* What is not attached may be in a moment. */
static int code_of(int ret)
{
	return ret == -ENOSYS || ret == -EAGAIN ? CNI_TRY_LATER : CNI_REFUSED;
}

static int open_netns(const struct cni_request *request, struct netns *ns)
{
	int ret = netns_try(ns, request->netns);

	if (!ret)
		return 0;
	if (ret == -EINVAL)
		log_error(EINVAL, "CNI_NETNS=%s: not a network namespace", request->netns);
	else
		log_errno(-ret, "CNI_NETNS=%s", request->netns);
	return CNI_BAD_ENVIRONMENT;
}

/* Does it to the pod's namespace. */
static int with_pod(const struct cni_request *request, int (*work)(const struct container *))
{
	struct netns ns;
	const struct container container = {
		.ns = &ns,
		.pod = request->pod,
		.annotations = request->annotations,
		.count = request->count,
	};
	int ret = open_netns(request, &ns);

	if (ret)
		return ret;
	ret = work(&container);
	netns_close(&ns);
	return ret ? code_of(ret) : 0;
}

/* Whether ADD could do its work. */
static int status(void)
{
	struct policy_set set;

	if (policy_set_open(&set))
		return CNI_NOT_AVAILABLE;
	policy_set_close(&set);
	return 0;
}

static int answered(int ret)
{
	return ret ? CNI_BAD_IO : 0;
}

static int serve(const struct cni_request *request)
{
	int ret;

	switch (request->command) {
	case CNI_ADD:
		ret = with_pod(request, confine_container);
		return ret ? ret : answered(cni_answer_result(request));
	case CNI_CHECK:
		return with_pod(request, confine_check);
	case CNI_STATUS:
		return status();
	case CNI_VERSION:
		return answered(cni_answer_versions(request));
	default:
		return 0;
	}
}

/* Each line that is said goes to `said`, too. */
static int run(struct cni_request *request, char **said)
{
	size_t size;
	FILE *copy = open_memstream(said, &size);
	int code;

	log_copy(copy);
	code = cni_request_read(request, STDIN_FILENO);
	if (!code)
		code = serve(request);
	log_copy(NULL);
	if (copy)
		fclose(copy);
	return code;
}

int main(int argc, char **argv)
{
	char none[] = "", *said = NULL;
	struct cni_request request;
	int code;

	(void)argv;
	/* Wherever it is linked to. */
	program_invocation_short_name = (char *)NAME;
	if (argc > 1) {
		fputs("This is a CNI plugin: container engines tell it in its environment and on "
		      "standard input what to do.\n",
		      stderr);
		return USAGE;
	}
	code = run(&request, &said);
	if (code)
		cni_answer_error(&request, code, said ? said : none);
	free(said);
	cni_request_free(&request);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}
