// SPDX-License-Identifier: Apache-2.0
/*
 * Takes commands: a SOCK_SEQPACKET socket DIRECTORY/PID.sock, one message a request, one message an answer. The commander
 * passes the other hypervisor's device as an open descriptor, since the VMM may be in a mount namespace without it, or not
 * allowed to open it. Who may command: root, and whoever the VMM itself is.
 */
#define _GNU_SOURCE
#include "graft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PROTOCOL 1
#define DEFAULT_DIRECTORY "/run/twinhype/graft"
#define LONGEST_REQUEST 512
#define LONGEST_ANSWER 32768
#define DEFAULT_TIMEOUT_MS 1000
#define PATIENCE_S 30 /* with a commander that says nothing: others wait */

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static int listener = -1;
static pid_t owner;

struct answer {
	char text[LONGEST_ANSWER];
	size_t length;
};

static void __attribute__((format(printf, 2, 3))) add(struct answer *answer, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(answer->text + answer->length, sizeof(answer->text) - answer->length, format, arguments);
	va_end(arguments);
	if (length > 0 && answer->length + (size_t)length < sizeof(answer->text))
		answer->length += (size_t)length;
}

static void describe_vm(struct answer *answer)
{
	struct vm *vm;

	pthread_mutex_lock(&ledger_lock);
	vm = graft_subject();
	add(answer, "vm %s\n", vm ? "yes" : "no");
	if (vm)
		add(answer, "vcpus %d\nslots %zu\nirqfds %zu\nioeventfds %zu\ndevice %u:%u\ngrafts %d\n", vm->ledger.vcpus,
		    vm->ledger.slots.count, vm->ledger.irqfds.count, vm->ledger.ioeventfds.count, major(vm->device),
		    minor(vm->device), vm->grafts);
	pthread_mutex_unlock(&ledger_lock);
}

static void show(struct answer *answer, int device)
{
	char obstacles[8192], *line, *rest = NULL;

	add(answer, "ok\nprotocol %d\npid %d\n", PROTOCOL, (int)getpid());
	describe_vm(answer);
	graft_obstacles(device, obstacles, sizeof(obstacles));
	for (line = strtok_r(obstacles, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		add(answer, "obstacle %s\n", line);
}

static void list_steps(struct answer *answer)
{
	add(answer, "ok\n");
	for (int i = 0; i < STEP_COUNT; i++)
		add(answer, "step %s\n", step_names[i]);
}

/* fail=NAME or fail=NAME:N. */
static bool read_fault(struct graft *graft, const char *word)
{
	size_t length = strcspn(word, ":");

	graft->fault_nth = word[length] ? atoi(word + length + 1) : 1;
	for (int i = 0; i < STEP_COUNT; i++) {
		if (strlen(step_names[i]) == length && strncmp(step_names[i], word, length) == 0)
			graft->fault = i;
	}
	return graft->fault >= 0 && graft->fault_nth > 0;
}

static bool read_options(struct answer *answer, struct graft *graft, char *options)
{
	char *word, *rest = NULL;

	for (word = strtok_r(options, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (strncmp(word, "timeout_ms=", 11) == 0 && atoi(word + 11) > 0) {
			graft->timeout = atoi(word + 11) * 1000000ll;
		} else if (strncmp(word, "fail=", 5) != 0 || !read_fault(graft, word + 5)) {
			add(answer, "error the option %s is not understood\n", word);
			return false;
		}
	}
	return true;
}

static void run_graft(struct answer *answer, char *options, int device)
{
	static struct graft graft; /* large, and there is one thread */

	memset(&graft, 0, sizeof(graft));
	graft.fault = -1;
	graft.timeout = DEFAULT_TIMEOUT_MS * 1000000ll;
	if (!read_options(answer, &graft, options))
		return;
	if (device < 0) {
		add(answer, "error the other hypervisor's device was not passed along\n");
		return;
	}
	switch (graft_run(&graft, device)) {
	case REFUSAL:
		add(answer, "refused %s\n", graft.sentence);
		return;
	case FAILURE:
		add(answer, "failed %s %d %s\n", step_names[graft.step], graft.error, graft.sentence);
		break;
	case DONE:
		add(answer, "ok\n");
		if (graft.fault >= 0 && !graft.fault_reached)
			add(answer, "unreached %s\n", step_names[graft.fault]);
		break;
	}
	add(answer,
	    "prepare_ns %lld\npark_ns %lld\ndetach_ns %lld\nread_ns %lld\nwrite_ns %lld\nattach_ns %lld\nswitch_ns %lld\n"
	    "release_ns %lld\npause_ns %lld\nteardown_ns %lld\n",
	    (long long)graft.prepare, (long long)graft.park, (long long)graft.detach, (long long)graft.read,
	    (long long)graft.write, (long long)graft.attach, (long long)graft.switching, (long long)graft.release,
	    (long long)graft.pause, (long long)graft.teardown);
}

static void answer_request(struct answer *answer, char *request, int device)
{
	char *options = request + strcspn(request, " ");

	if (*options)
		*options++ = '\0';
	if (strcmp(request, "show") == 0)
		show(answer, -1);
	else if (strcmp(request, "check") == 0 && device >= 0)
		show(answer, device);
	else if (strcmp(request, "check") == 0)
		add(answer, "error the other hypervisor's device was not passed along\n");
	else if (strcmp(request, "steps") == 0)
		list_steps(answer);
	else if (strcmp(request, "graft") == 0)
		run_graft(answer, options, device);
	else
		add(answer, "error there is no request %.40s\n", request);
}

/* One message and what descriptor came with it; more than one is closed. Returns its length, 0 at the end, -1. */
static ssize_t receive(int connection, char *request, int *device)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = { request, LONGEST_REQUEST - 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);

	*device = -1;
	if (length <= 0)
		return length;
	request[length] = '\0';
	request[strcspn(request, "\n")] = '\0';
	for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
		int *fds = (int *)CMSG_DATA(part);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			if (*device < 0)
				*device = lift(fds[i]);
			else
				real_close(fds[i]);
		}
	}
	return length;
}

static bool may_command(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void serve(int connection)
{
	static struct answer answer;
	char request[LONGEST_REQUEST];
	int device;

	while (receive(connection, request, &device) > 0) {
		answer.length = 0;
		answer_request(&answer, request, device);
		if (device >= 0)
			real_close(device);
		if (send(connection, answer.text, answer.length, MSG_NOSIGNAL) < 0)
			break;
	}
}

static void *listen_forever(void *unused)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	(void)unused;
	for (;;) {
		int connection = lift(accept4(listener, NULL, NULL, SOCK_CLOEXEC));

		if (connection < 0) {
			if (errno == EBADF || errno == EINVAL)
				return NULL; /* the VMM closed it: there is no more commanding */
			usleep(100000);
			continue;
		}
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (may_command(connection))
			serve(connection);
		real_close(connection);
	}
}

static void complain(const char *what, int error)
{
	fprintf(stderr, "twinhype graft: %s %s (%s): this VM can't be grafted; make the directory and let the VMM write to it, or"
			" name another in TWINHYPE_GRAFT_DIR\n", what, address.sun_path, strerror(error));
}

static bool open_socket(void)
{
	const char *directory = getenv("TWINHYPE_GRAFT_DIR");
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%d.sock",
			      directory && *directory ? directory : DEFAULT_DIRECTORY, (int)getpid());

	if (length >= (int)sizeof(address.sun_path)) {
		complain("the path of the socket is too long:", ENAMETOOLONG);
		return false;
	}
	listener = lift(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	unlink(address.sun_path); /* of a process that had our number before */
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(address.sun_path, 0600) != 0 || listen(listener, 8) != 0) {
		complain("can't listen at", errno);
		if (listener >= 0)
			real_close(listener);
		listener = -1;
		return false;
	}
	return true;
}

/* Called when the VMM has made a VM; what it does before (fork, drop privileges) does not concern us. */
void server_start(void)
{
	static atomic_bool started;
	pthread_t thread;
	sigset_t all, before;

	if (atomic_exchange(&started, true) || !open_socket())
		return;
	owner = getpid();
	/* The VMM's signals are for the VMM's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&thread, NULL, listen_forever, NULL);
	if (errno)
		complain("can't serve", errno);
	else
		pthread_setname_np(thread, "twinhype-graft");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void __attribute__((destructor)) end(void)
{
	if (listener >= 0 && owner == getpid())
		unlink(address.sun_path);
}
