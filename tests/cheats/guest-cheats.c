// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two who work together, in namespaces that may not talk, one of them with guests: "ours"
 * and "theirs". One process plays all of them, so that each step comes when it should.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "lib/play.h"
#include "lib/tap.h"
#include "vsock-bpfd.h"

#define HOST_PORT  6000
#define GUEST_PORT 7000
#define SECRET	   "secret"
#define NUMBER	   0x0badf00d /* that a buffer's size may be, and nothing else is */
#define LIMIT_MS   60000
#define FLIPS	   60
#define FLIP_EVERY 100
#define RACES	   40

static struct ns nursery, ours, theirs;

static void make_namespaces(void)
{
	if (ns_init(&init_ns) || ns_make(&nursery, "nursery", &init_ns, NS_BY_ROOT) ||
	    run("build/vsockctl -n nursery set child_ns_mode local") ||
	    ns_make(&ours, "ours", &nursery, NS_BY_ROOT) ||
	    ns_make(&theirs, "theirs", &nursery, NS_BY_ROOT))
		tap_bail("namespaces: %m");
}

/* Whether bytes of a socket come out of the guest, or the other way. */

static unsigned int bytes_heard;

static void count_bytes(struct guest *guest, const struct packet *packet)
{
	(void)guest;
	if (packet->hdr.op == VIRTIO_VSOCK_OP_RW)
		bytes_heard += packet->hdr.len;
}

static bool guest_hears(struct guest *guest)
{
	bytes_heard = 0;
	guest->manual = true;
	guest->on_packet = count_bytes;
	guest_pump(guest, 100);
	guest->on_packet = NULL;
	guest->manual = false;
	return bytes_heard;
}

static bool socket_hears(int fd)
{
	char data[64];

	return recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0;
}

static const char *try_send(int fd)
{
	if (send(fd, SECRET, sizeof(SECRET), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return "ok";
	return strerrorname_np(errno);
}

/* The size of a socket's buffer is told to its peer in so many words. */
static bool number_seen;

static void look_for_number(struct guest *guest, const struct packet *packet)
{
	(void)guest;
	number_seen |= packet->hdr.buf_alloc == NUMBER;
}

static void tell_number(int fd, struct guest *guest)
{
	uint64_t size = NUMBER;

	number_seen = false;
	guest->manual = true;
	guest->on_packet = look_for_number;
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_MAX_SIZE, &size, sizeof(size));
	setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, &size, sizeof(size));
	guest_pump(guest, 100);
	guest->on_packet = NULL;
	guest->manual = false;
}

/* So is which of its directions a socket has shut down. */
static bool shutdown_seen;

static void look_for_shutdown(struct guest *guest, const struct packet *packet)
{
	(void)guest;
	shutdown_seen |= packet->hdr.op == VIRTIO_VSOCK_OP_SHUTDOWN;
}

static void tell_shutdown(int fd, struct guest *guest)
{
	shutdown_seen = false;
	guest->manual = true;
	guest->on_packet = look_for_shutdown;
	shutdown(fd, SHUT_WR);
	guest_pump(guest, 100);
	guest->on_packet = NULL;
	guest->manual = false;
}

/*
 * A connected socket of ours, and a guest of theirs that now has the CID it is connected
 * to. Neither may hear the other, today or later.
 */
static void expect_silence(const char *what, int fd, struct guest *guest)
{
	const char *sent;

	tell_number(fd, guest);
	tap_ok(!number_seen, "%s: no number comes to the guest", what);
	inject(guest, VIRTIO_VSOCK_OP_RW, PORT, port_of(fd), SECRET);
	settle(guest);
	tap_ok(!socket_hears(fd), "%s: nothing comes from the guest", what);
	sent = try_send(fd);
	tap_ok(!strcmp(sent, "ECONNRESET"), "%s: send: %s, wanted ECONNRESET", what, sent);
	tap_ok(!guest_hears(guest), "%s: nothing comes to the guest", what);
	tell_shutdown(fd, guest);
	tap_ok(!shutdown_seen, "%s: no shutdown comes to the guest", what);
}

static void bind_to(int fd, unsigned int port)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = port };

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		tap_bail("bind: %m");
}

/* Cheats */

/* The kernel refuses the claim: nothing changes. */
static void refused_claims(void)
{
	static const uint64_t wrong[] = { 0, 1, 2, 0xffffffff, 0x100000000 + 40000 };
	uint64_t cid = new_cid(), own = new_cid();
	struct guest victim, thief;
	size_t i;

	start_guest(&victim, &theirs, cid);
	start_guest(&thief, &ours, own);
	tap_ok(guest_set_cid(&thief, cid) == -EADDRINUSE, "claim of another's CID: EADDRINUSE");
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		tap_ok(guest_set_cid(&thief, wrong[i]) < 0, "claim of CID %#llx: refused",
		       (unsigned long long)wrong[i]);
	expect_reach("claim refused", &ours, cid, &victim, "ENODEV");
	expect_reach("claim refused", &theirs, cid, &victim, "ok");
	expect_reach("claim refused, own CID", &ours, own, &thief, "ok");
	expect_reach("claim refused, own CID", &theirs, own, &thief, "ENODEV");
	guest_close(&victim);
	tap_ok(!guest_set_cid(&thief, cid), "claim once its owner has gone");
	expect_reach("claim", &ours, cid, &thief, "ok");
	expect_reach("claim", &theirs, cid, &thief, "ENODEV");
	guest_close(&thief);
}

/* The CID in memory changes while the kernel reads it. */
static volatile uint64_t flipping;
static atomic_bool flip_stop;

struct flip {
	uint64_t cid[2];
};

static int flip(void *arg)
{
	struct flip *this = arg;
	unsigned int i = 0;

	while (!flip_stop)
		flipping = this->cid[i++ / FLIP_EVERY % 2];
	return 0;
}

/* Asks the kernel, not the layer: who claims what a device has is refused. */
static bool is_taken(struct guest *other, uint64_t cid)
{
	return guest_set_cid(other, cid) == -EADDRINUSE;
}

static void changing_cid(void)
{
	struct flip this = { { new_cid(), new_cid() } };
	int i, has, seen[2] = {}, wrong = 0;
	struct guest guest, other;
	struct call call;

	open_guest(&other, &theirs);
	flipping = this.cid[0];
	call_begin(&call, flip, &this);
	for (i = 0; i < FLIPS && wrong < 3; i++) {
		open_guest(&guest, &ours);
		if (vhost_set_cid_at(&guest.vhost, &flipping) || guest_start(&guest))
			tap_bail("claim of a CID that changes: %m");
		has = is_taken(&other, this.cid[1]);
		guest.cid = this.cid[has];
		guest_listen(&guest, PORT, GUEST_HOLD);
		guest_set_cid(&other, new_cid());
		seen[has]++;
		wrong += strcmp(reach(&ours, this.cid[has], &guest), "ok") != 0;
		wrong += strcmp(reach(&theirs, this.cid[has], &guest), "ENODEV") != 0;
		wrong += strcmp(reach(&ours, this.cid[!has], &guest), "ENODEV") != 0;
		wrong += strcmp(reach(&theirs, this.cid[!has], &guest), "ENODEV") != 0;
		guest_close(&guest);
	}
	flip_stop = true;
	call_end(&call);
	guest_close(&other);
	tap_diag("the kernel read one CID %d times, the other %d", seen[0], seen[1]);
	tap_ok(!wrong && seen[0] && seen[1], "a CID that changes in memory: owned as it is");
}

/* A connect is held between its gate and its packet; the CID goes to another. */
static void closed_under_connect(bool taken_over)
{
	const char *what =
		taken_over ? "CID taken over under a connect" : "device closed under a connect";
	struct guest guest, thief;
	uint64_t cid = new_cid();
	struct connecting this;
	struct hold hold;
	int fd, err;

	start_guest(&guest, &ours, cid);
	fd = socket_in(&ours);
	hold_lock(&hold, fd);
	connect_begin(&this, fd, cid);
	call_await_lock(&this.call);
	guest_close(&guest);
	if (taken_over)
		start_guest(&thief, &theirs, cid);
	hold_release(&hold);
	err = connect_end(&this, taken_over ? &thief : NULL);
	tap_diag("%s: connect: %s", what, err ? strerrorname_np(err) : "ok");
	if (!taken_over) {
		tap_ok(err == ENODEV, "%s: ENODEV", what);
	} else {
		expect_silence(what, fd, &thief);
		guest_close(&thief);
	}
	close(fd);
}

/* A connection stands, and its guest's device takes another CID. */
static void changed_under_connection(void)
{
	const char *what = "CID given away under a connection";
	struct guest guest, thief;
	uint64_t cid = new_cid();
	int fd = socket_in(&ours);

	start_guest(&guest, &ours, cid);
	if (connect_to(fd, cid, &guest) || guest_set_cid(&guest, new_cid()))
		tap_bail("%s: %m", what);
	start_guest(&thief, &theirs, cid);
	expect_silence(what, fd, &thief);
	guest_close(&thief);
	guest_close(&guest);
	close(fd);
}

/* The same with data that lies ready when the first owner is back. */
static void lent_under_connection(void)
{
	const char *what = "CID lent under a connection";
	struct guest guest, thief;
	uint64_t cid = new_cid();
	int fd = socket_in(&ours);

	start_guest(&guest, &ours, cid);
	if (connect_to(fd, cid, &guest) || guest_set_cid(&guest, new_cid()))
		tap_bail("%s: %m", what);
	start_guest(&thief, &theirs, cid);
	inject(&thief, VIRTIO_VSOCK_OP_RW, PORT, port_of(fd), SECRET);
	settle(&thief);
	guest_close(&thief);
	tap_ok(!guest_set_cid(&guest, cid), "%s: and taken back", what);
	tap_ok(!socket_hears(fd), "%s: what was sent meanwhile is not heard", what);
	guest_close(&guest);
	close(fd);
}

static int close_device(void *arg)
{
	struct guest *guest = arg;

	close(guest->vhost.fd);
	guest->vhost.fd = -1;
	return 0;
}

/*
 * A connection stands, and its guest's device closes. The kernel resets connections
 * whose CID has no device; if one is quick, it has.
 */
static void closed_under_connection(void)
{
	const char *what = "CID taken over while its device closes";
	struct guest guest, thief;
	int i, fd, survived = 0, heard = 0, ret;
	struct call call;
	uint64_t cid;

	for (i = 0; i < RACES && !heard; i++) {
		cid = new_cid();
		fd = socket_in(&ours);
		start_guest(&guest, &ours, cid);
		if (connect_to(fd, cid, &guest))
			tap_bail("%s: %m", what);
		open_guest(&thief, &theirs);
		call_begin(&call, close_device, &guest);
		while ((ret = guest_set_cid(&thief, cid)) == -EADDRINUSE)
			;
		if (ret || guest_start(&thief))
			tap_bail("%s: %s", what, strerror(-ret));
		call_end(&call);
		inject(&thief, VIRTIO_VSOCK_OP_RW, PORT, port_of(fd), SECRET);
		settle(&thief);
		heard += socket_hears(fd);
		survived += !strcmp(try_send(fd), "ok");
		heard += guest_hears(&thief);
		guest_close(&guest);
		guest_close(&thief);
		close(fd);
	}
	tap_diag("%s: %d of %d connections could still send", what, survived, i);
	tap_ok(!heard && !survived, "%s: nobody hears the other", what);
}

/* The worker of a device is held, its device closed meanwhile: what lies in its ring is to come. */
static void close_while_held(struct call *call, struct guest *guest)
{
	if (!vhost_worker_waits())
		tap_bail("the worker does not wait");
	call_begin(call, close_device, guest);
	call_await_lock(call);
}

/* As soon as the CID is free. */
static void take_over(struct guest *thief, uint64_t cid)
{
	int tries, ret = -EADDRINUSE;

	for (tries = 0; tries < LIMIT_MS && ret == -EADDRINUSE; tries++) {
		ret = guest_set_cid(thief, cid);
		usleep(1000);
	}
	ret = ret ?: guest_start(thief);
	if (ret)
		tap_bail("a CID whose device closes: %s", strerror(-ret));
}

/*
 * A worker is held before it has seen any request; meanwhile its device is closed, and
 * its CID goes to theirs. What the worker then takes from the ring is still ours.
 */
static void closed_under_request(void)
{
	const char *what = "device closed under a request";
	int mine = listener_in(&ours, HOST_PORT), victim = listener_in(&theirs, HOST_PORT + 1);
	struct guest guest, thief;
	uint64_t cid = new_cid();
	struct call call;
	struct hold hold;
	int accepted;
	char data[64];

	start_guest(&guest, &ours, cid);
	open_guest(&thief, &theirs);
	hold_lock(&hold, mine);
	inject(&guest, VIRTIO_VSOCK_OP_RST, GUEST_PORT, HOST_PORT, NULL);
	inject(&guest, VIRTIO_VSOCK_OP_REQUEST, GUEST_PORT + 1, HOST_PORT + 1, NULL);
	inject(&guest, VIRTIO_VSOCK_OP_RW, GUEST_PORT + 1, HOST_PORT + 1, SECRET);
	close_while_held(&call, &guest);
	take_over(&thief, cid);
	hold_release(&hold);
	call_end(&call);
	accepted = accept(victim, NULL, NULL);
	tap_ok(accepted < 0, "%s: their listener has nobody to accept", what);
	if (accepted >= 0)
		tap_ok(recv(accepted, data, sizeof(data), MSG_DONTWAIT) <= 0,
		       "%s: nothing is heard of it", what);
	close(accepted);
	close(mine);
	close(victim);
	guest_close(&guest);
	guest_close(&thief);
}

/*
 * The same with an answer: theirs connects to the CID that is theirs by now, and ours, which
 * had it, answers and speaks; or only speaks, and the right guest has answered.
 */
static void closed_under_answer(bool answered)
{
	const char *what = answered ? "device closed under data" : "device closed under an answer";
	int mine = listener_in(&ours, HOST_PORT), victim = socket_in(&theirs);
	struct guest guest, thief;
	uint64_t cid = new_cid();
	struct connecting this;
	struct hold hold;
	struct call call;

	bind_to(victim, HOST_PORT + 1);
	start_guest(&guest, &ours, cid);
	open_guest(&thief, &theirs);
	hold_lock(&hold, mine);
	inject(&guest, VIRTIO_VSOCK_OP_REQUEST, GUEST_PORT, HOST_PORT, NULL);
	inject(&guest, VIRTIO_VSOCK_OP_RESPONSE, PORT, HOST_PORT + 1, NULL);
	inject(&guest, VIRTIO_VSOCK_OP_RW, PORT, HOST_PORT + 1, SECRET);
	close_while_held(&call, &guest);
	take_over(&thief, cid);
	guest_listen(&thief, PORT, answered ? GUEST_HOLD : GUEST_SILENT);
	connect_begin(&this, victim, cid);
	if (guest_await_requests(&thief, PORT, 1, LIMIT_MS))
		tap_bail("%s: the request does not come", what);
	while (answered && !this.call.done)
		usleep(1000);
	hold_release(&hold);
	call_end(&call);
	tap_ok(!connect_end(&this, NULL), "%s: connect", what);
	tap_ok(!socket_hears(victim), "%s: nothing is heard of it", what);
	close(mine);
	close(victim);
	guest_close(&guest);
	guest_close(&thief);
}

/* --- A record that is lost --- */

static int dropped;

static void drop_all(const char *path)
{
	__u32 key;
	int fd = bpf_obj_get(path);

	while (fd >= 0 && !bpf_map_get_next_key(fd, NULL, &key) && !bpf_map_delete_elem(fd, &key))
		dropped++;
	close(fd);
}

/* What belongs to a task is found by a descriptor of it. */
static void drop_of_task(const char *path, pid_t tid)
{
	int fd = bpf_obj_get(path), task = syscall(SYS_pidfd_open, tid, 0);

	if (task < 0)
		task = syscall(SYS_pidfd_open, tid, O_EXCL);
	if (fd >= 0 && task >= 0 && !bpf_map_delete_elem(fd, &task))
		dropped++;
	close(task);
	close(fd);
}

static void each_path(const char *pattern, void (*act)(const char *path, pid_t tid), pid_t tid)
{
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		act(found.gl_pathv[i], tid);
	globfree(&found);
}

static void drop_by_tid(const char *path, pid_t tid)
{
	(void)tid;
	drop_all(path);
}

static void drop_if_task(const char *path, pid_t tid)
{
	(void)tid;
	each_path("/sys/fs/bpf/vsock-bpfd/generation-*/delivery_storage", drop_of_task,
		  atoi(strrchr(path, '/') + 1));
}

/* False where there are none, or none can be: some kernels have no descriptors of their threads. */
static bool drop_records(void)
{
	dropped = 0;
	each_path("/sys/fs/bpf/vsock-bpfd/generation-*/delivery_by_tid", drop_by_tid, 0);
	each_path("/proc/[0-9]*", drop_if_task, 0);
	each_path("/proc/self/task/*", drop_if_task, 0);
	return dropped;
}

/* Whoever answers is not known then, though it is the right guest. */
static void record_lost(bool lost)
{
	const char *what = "an answer with its record";
	int fd = socket_in(&ours);
	uint64_t cid = new_cid();
	struct connecting this;
	unsigned int port;
	struct guest guest;
	struct hold hold;
	const char *sent;

	start_guest(&guest, &ours, cid);
	if (guest_unlisten(&guest, PORT) || guest_listen(&guest, PORT, GUEST_SILENT))
		tap_bail("%s: the guest does not listen", what);
	connect_begin(&this, fd, cid);
	if (guest_await_requests(&guest, PORT, 1, LIMIT_MS))
		tap_bail("%s: the request does not come", what);
	port = port_of(fd);
	hold_lock(&hold, fd);
	inject(&guest, VIRTIO_VSOCK_OP_RESPONSE, PORT, port, NULL);
	if (!vhost_worker_waits())
		tap_bail("%s: the worker does not wait", what);
	lost = lost && drop_records();
	hold_release(&hold);
	what = lost ? "an answer whose record is lost" : what;
	tap_ok(!connect_end(&this, NULL), "%s: connect", what);
	sent = try_send(fd);
	tap_ok(!strcmp(sent, lost ? "ECONNRESET" : "ok"), "%s: send: %s", what, sent);
	guest_close(&guest);
	close(fd);
}

/* A connection from before there were records, whose guest sends nothing more, and hears. */
static void half_closed_without_record(void)
{
	const char *what = "half closed by the guest, without a record";
	int fd = socket_in(&ours);
	uint64_t cid = new_cid();
	struct virtio_vsock_hdr hdr;
	struct guest guest;
	const char *sent;

	start_guest(&guest, &ours, cid);
	if (connect_to(fd, cid, &guest))
		tap_bail("%s: connect", what);
	drop_records();
	hdr = guest_header(&guest, VIRTIO_VSOCK_OP_SHUTDOWN, PORT, port_of(fd));
	hdr.flags = 2;
	if (guest_inject(&guest, &hdr, NULL, 0))
		tap_bail("%s: shutdown", what);
	settle(&guest);
	sent = try_send(fd);
	tap_ok(!strcmp(sent, "ok"), "%s: send: %s", what, sent);
	guest_close(&guest);
	close(fd);
}

/* Namespaces that have counters, in which a guest's refusal may not leave a dead one. */
static int counted(void)
{
	int fd = bpf_obj_get("/sys/fs/bpf/vsock-bpfd/counters"), count = 0;
	netns_id id, *previous = NULL;

	if (fd < 0)
		tap_bail("counters: %m");
	for (; !bpf_map_get_next_key(fd, previous, &id); previous = &id)
		count += id != NETNS_UNKNOWN;
	close(fd);
	return count;
}

/* It may have the same inode number. */
static void made_after(const char *what, uint64_t cid, struct guest *guest)
{
	struct ns next;

	if (ns_make(&next, "next", &init_ns, NS_BY_ROOT) ||
	    run("build/vsockctl -n next set ns_mode local"))
		tap_bail("namespace: %m");
	expect_reach(what, &next, cid, guest, "ENODEV");
	ns_remove(&next);
}

/* The namespace of a guest goes, and the guest stays. */
static void deleted_under_guest(const char *what, const struct ns *maker)
{
	int fd = listener_in(&init_ns, HOST_PORT), before;
	uint64_t cid = new_cid();
	struct guest guest;
	struct ns gone;
	int ret;

	if (ns_make(&gone, "gone", maker, NS_BY_ROOT))
		tap_bail("namespace: %m");
	enter(&gone);
	if (guest_open(&guest, -1))
		tap_bail("device: %m");
	enter(&init_ns);
	/* From 6.4 on the worker would stay in the namespace and keep it. */
	if (guest_set_owner(&guest) || guest_set_up(&guest) || guest_set_cid(&guest, cid) ||
	    guest_start(&guest) || guest_listen(&guest, PORT, GUEST_HOLD))
		tap_bail("%s: the guest does not start", what);
	expect_reach(what, &gone, cid, &guest, "ok");
	/* A closed socket keeps its namespace until the guest agrees. */
	guest_pump(&guest, 200);
	ns_remove(&gone);
	/* Namespaces are torn down by a worker of the kernel. */
	sleep(1);
	expect_reach(what, &init_ns, cid, &guest, "ENODEV");
	before = counted();
	ret = guest_connect(&guest, HOST_PORT, LIMIT_MS, NULL);
	tap_ok(ret == -ECONNRESET, "%s: it connects to init: %s, wanted ECONNRESET", what,
	       ret ? strerrorname_np(-ret) : "ok");
	tap_ok(counted() == before, "%s: nothing is counted for it", what);
	made_after(what, cid, &guest);
	guest_close(&guest);
	close(fd);
}

/* Packets that claim to come from another guest. */
static void wrong_source(void)
{
	const char *what = "another's CID as the source";
	int fd = socket_in(&theirs), victim = listener_in(&theirs, HOST_PORT);
	uint64_t cid = new_cid();
	struct guest guest, other;

	start_guest(&other, &theirs, cid);
	if (connect_to(fd, cid, &other))
		tap_bail("%s: connect", what);
	start_guest(&guest, &ours, new_cid());
	guest.cid = cid;
	inject(&guest, VIRTIO_VSOCK_OP_REQUEST, GUEST_PORT, HOST_PORT, NULL);
	inject(&guest, VIRTIO_VSOCK_OP_RW, PORT, port_of(fd), SECRET);
	settle(&guest);
	tap_ok(accept(victim, NULL, NULL) < 0, "%s: no request arrives", what);
	tap_ok(!socket_hears(fd), "%s: no data arrive", what);
	guest_close(&guest);
	guest_close(&other);
	close(victim);
	close(fd);
}

/*
 * Run by hand ("limits"): a CID that changes hands under a connection. The kernel knows
 * connections by their CID alone and asks nobody about their packets, so these come
 * through on every kernel before 7.0; docs/design.md has the reasons.
 */
static void show_limits(void)
{
	changed_under_connection();
	lent_under_connection();
	closed_under_connection();
	closed_under_answer(true);
}

static void run_cheats(void)
{
	refused_claims();
	wrong_source();
	closed_under_connect(false);
	closed_under_connect(true);
	closed_under_request();
	closed_under_answer(false);
	record_lost(false);
	record_lost(true);
	half_closed_without_record();
	deleted_under_guest("local namespace deleted under its guest", &nursery);
	deleted_under_guest("global namespace deleted under its guest", &init_ns);
	changing_cid();
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(1200);
	make_namespaces();
	if (argc > 1 && !strcmp(argv[1], "limits"))
		show_limits();
	else
		run_cheats();
	ns_remove(&ours);
	ns_remove(&theirs);
	ns_remove(&nursery);
	return tap_end();
}
