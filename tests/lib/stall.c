// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/hold.h"
#include "lib/sockets.h"
#include "lib/stall.h"
#include "lib/tap.h"
#include "lib/world.h"

#define PAGE 4096
#define PORT 39000

static void make_page(struct stall *stall)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	stall->memory = syscall(SYS_userfaultfd, O_CLOEXEC);
	stall->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (unsigned long)stall->page;
	range.range.len = PAGE;
	if (stall->memory < 0 || stall->page == MAP_FAILED ||
	    ioctl(stall->memory, UFFDIO_API, &api) || ioctl(stall->memory, UFFDIO_REGISTER, &range))
		tap_bail("userfaultfd: %s", strerror(errno));
}

static void *send_page(void *arg)
{
	struct stall *stall = arg;

	send(stall->client, stall->page, 1, MSG_NOSIGNAL);
	return NULL;
}

void stall_prepare(struct stall *stall)
{
	static unsigned int port = PORT;
	int listener = listen_in(NULL, ++port);

	make_page(stall);
	stall->client = socket_in(NULL, 0);
	if (dial(stall->client, VMADDR_CID_LOCAL, port))
		tap_bail("stall: connect: %s", strerror(errno));
	stall->server = accept(listener, NULL, NULL);
	close(listener);
}

void stall_hold(struct stall *stall)
{
	struct uffd_msg message;

	pthread_create(&stall->sender, NULL, send_page, stall);
	/* It says so when somebody waits for the page. */
	if (read(stall->memory, &message, sizeof(message)) != sizeof(message))
		tap_bail("stall: nobody waits");
	if (send(stall->server, "x", 1, MSG_NOSIGNAL) != 1)
		tap_bail("stall: send: %s", strerror(errno));
	/* It has taken up what it delivers together with this, and what comes later waits. */
	await_loopback_worker();
}

void stall_begin(struct stall *stall)
{
	stall_prepare(stall);
	stall_hold(stall);
}

void stall_end(struct stall *stall)
{
	struct uffdio_zeropage zero = { .range = { .start = (unsigned long)stall->page,
						   .len = PAGE } };

	if (ioctl(stall->memory, UFFDIO_ZEROPAGE, &zero))
		tap_bail("stall: %s", strerror(errno));
	pthread_join(stall->sender, NULL);
	close(stall->client);
	close(stall->server);
	close(stall->memory);
	munmap(stall->page, PAGE);
	sleep_ms(100);
}
