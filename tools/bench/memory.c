// SPDX-License-Identifier: GPL-2.0-only
/* Memory: of the pinned maps, as the kernel counts it, and of the service. */
#include <bpf/bpf.h>
#include <err.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"
#include "layer/pins.h"

static cost maps;

/* The number behind a name in a file of lines "name: number ...", 0 without. */
static cost number_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[256];
	cost number = 0;

	if (!file)
		err(EXIT_FAILURE, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), " %llu", &number);
	fclose(file);
	return number;
}

/* Links and iterators are pinned there, too; they have no such number. */
static int add_pin(const char *path, const struct stat *status, int type, struct FTW *place)
{
	char info[64];
	int fd;

	(void)status;
	(void)place;
	if (type != FTW_F)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	snprintf(info, sizeof(info), "/proc/self/fdinfo/%d", fd);
	if (number_in(info, "map_id:"))
		maps += number_in(info, "memlock:");
	close(fd);
	return 0;
}

void measure_memory(const struct bench_case *where)
{
	char path[64];
	pid_t pid;

	maps = 0;
	if (nftw(PIN_DIR, add_pin, 8, FTW_PHYS))
		err(EXIT_FAILURE, PIN_DIR);
	report(where, "map-bytes", maps);
	pid = service_up();
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	report(where, "resident-bytes", number_in(path, "VmRSS:") * 1024);
	service_down(pid);
}
