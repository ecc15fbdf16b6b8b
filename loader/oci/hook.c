// SPDX-License-Identifier: GPL-2.0-only
/*
 * vsock-bpfd's hook for OCI runtimes, at createRuntime: the container's namespaces are
 * made, and its process waits. It gets its policy now, or it does not start: with any
 * status but 0 the runtime gives the container up.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "layer/netns-records.h"
#include "lib/exit-status.h"
#include "lib/log.h"
#include "oci/state.h"
#include "policy/container.h"
#include "policy/set.h"

#define NAME   "vsock-bpfd-oci-hook"
#define PREFIX "io.vsock-bpfd."

static bool asks_for_policy(const struct oci_state *state)
{
	size_t i;

	for (i = 0; i < state->count; i++)
		if (!strncmp(state->annotations[i].key, PREFIX, strlen(PREFIX)))
			return true;
	return false;
}

/* A container that shares the namespace of the host has none that is its own. */
static int is_initial(const struct netns *ns)
{
	struct netns init;
	int ret = netns_open_init(&init);

	if (ret)
		return ret;
	ret = ns->inode == init.inode;
	netns_close(&init);
	return ret;
}

static int find_policy(const struct netns *ns, const struct policy_set *set)
{
	struct netns_record record;
	struct netns_records records;
	int ret = netns_records_open(&records);

	if (ret)
		return ret;
	ret = netns_records_read(&records, ns->id, &record);
	netns_records_close(&records);
	if (ret)
		return log_errno(-ret, "record of the namespace");
	if (policy_in_record(set, &record))
		return 0;
	return log_error(ENOENT, "no policy in force fits the annotation " PREFIX
				 "policy of the container");
}

/* A word that no policy knows, misspelt perhaps, must not mean that nothing holds. */
static int check_policy(const struct netns *ns)
{
	struct policy_set set;
	int ret = policy_set_open(&set);

	if (ret)
		return ret;
	ret = find_policy(ns, &set);
	policy_set_close(&set);
	return ret;
}

static int confine(const struct oci_state *state, const struct netns *ns)
{
	int initial = is_initial(ns), ret;

	if (initial < 0)
		return initial;
	if (initial && asks_for_policy(state))
		return log_error(EINVAL, "the container has the network namespace of the host; "
					 "no policy can be given to it alone");
	if (initial)
		return 0;
	ret = policy_assign_container(ns, state->pid, state->annotations, state->count);
	if (ret || !asks_for_policy(state))
		return ret;
	return check_policy(ns);
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
