// SPDX-License-Identifier: GPL-2.0-only
/*
 * vsock-bpfd's hook for OCI runtimes, at createRuntime: the container's namespaces are
 * made, and its process waits. It gets its policy now, or it does not start: with any
 * status but 0 the runtime gives the container up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/exit-status.h"
#include "oci/state.h"
#include "policy/confine.h"

#define NAME "vsock-bpfd-oci-hook"

static int confine(const struct oci_state *state, const struct netns *ns)
{
	const struct container container = {
		.ns = ns,
		.pid = state->pid,
		.annotations = state->annotations,
		.count = state->count,
	};

	return confine_container(&container);
}

static int run(void)
{
	struct oci_state state;
	struct netns ns;
	char path[32];
	int ret;

	ret = oci_state_read(&state, STDIN_FILENO);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", state.pid);
	ret = netns_open(&ns, path);
	if (!ret) {
		ret = confine(&state, &ns);
		netns_close(&ns);
	}
	oci_state_free(&state);
	return ret;
}

/* crun lets hooks talk to /dev/null; then the journal keeps why a container was refused. */
static void be_heard(void)
{
	struct stat said, null;
	int fd;

	if (fstat(STDERR_FILENO, &said) || stat("/dev/null", &null) || said.st_rdev != null.st_rdev)
		return;
	fd = sd_journal_stream_fd(NAME, LOG_ERR, 0);
	if (fd < 0)
		return;
	dup2(fd, STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	/* It is installed as "oci-hook". */
	program_invocation_short_name = (char *)NAME;
	/* Runtimes give it none, or its own name alone. */
	if (argc > 1) {
		fputs("This is a hook for OCI runtimes: it reads the state of a container on "
		      "standard input.\n",
		      stderr);
		return USAGE;
	}
	be_heard();
	return run() ? EXIT_FAILURE : EXIT_SUCCESS;
}
