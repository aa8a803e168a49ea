/*
 * fuzz trace DEVICE FILE --seed N --steps N
 *   One thread, the same calls from the same seed. Prints a line per call, for comparison with and without the library.
 * fuzz storm DEVICE OTHER --seed N --seconds N --threads N [--mild 1] [--directory DIR]
 *   Threads with VMs of their own at once; with a directory, another one asks the library there for everything. Mild: one VM
 *   at a time in each thread, which can be grafted, for one thread.
 *
 * FILE is any file that is none of KVM's. DEVICE may be one that is no KVM either: then every call fails, in both ways.
 * Ends with a line "ok ..."; otherwise with "FAILED " and one sentence, or by a signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MOST_THREADS 8

void fail(const char *format, ...)
{
	va_list arguments;

	printf("FAILED ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(NULL);
	_exit(1);
}

static volatile int ending;

static void *storm(void *argument)
{
	struct fuzz *fuzz = argument;

	fuzz_begin(fuzz);
	while (!ending)
		fuzz_step(fuzz);
	fuzz_end(fuzz);
	return NULL;
}

/* No thread may hang: whoever waits for the end of this program would not know why. */
static void too_late(int signal)
{
	static const char text[] = "FAILED the threads do not end\n";

	(void)signal;
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(3);
	abort();
}

static void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
	int error = pthread_create(thread, NULL, body, argument);

	if (error)
		fail("a thread cannot be started: %s", strerror(error));
}

static int is_kvm(const char *device)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	int version = fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);

	if (fd < 0)
		fail("%s cannot be opened: %s", device, strerror(errno));
	close(fd);
	return version == KVM_API_VERSION;
}

static int run_trace(struct fuzz *fuzz, long steps)
{
	fuzz->trace = stdout;
	fuzz_begin(fuzz);
	while (fuzz->step < steps)
		fuzz_step(fuzz);
	fuzz_end(fuzz);
	if (is_kvm(fuzz->device))
		fuzz_ordinary_vm(fuzz);
	printf("ok %llu calls, %llu of them in vain\n", (unsigned long long)fuzz->done, (unsigned long long)fuzz->failed);
	return 0;
}

static int run_storm(const struct fuzz *model, const char *other, const char *directory, long seconds, int threads)
{
	static struct fuzz fuzzes[MOST_THREADS];
	pthread_t ids[MOST_THREADS], asking;
	struct peer peer = {
		.random = ~model->random, .directory = directory, .device = model->device, .other = other,
	};
	u64 done = 0, failed = 0;
	int i;

	signal(SIGALRM, too_late);
	alarm((unsigned int)seconds + 120);
	for (i = 0; i < threads; i++) {
		fuzzes[i] = *model;
		fuzzes[i].random += (u64)i * 0x1234567;
		fuzzes[i].file = "/dev/null";
		start(&ids[i], storm, &fuzzes[i]);
	}
	if (directory)
		start(&asking, peer_ask, &peer);
	sleep((unsigned int)seconds);
	ending = 1;
	for (i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		done += fuzzes[i].done;
		failed += fuzzes[i].failed;
	}
	peer.ending = 1;
	if (directory)
		pthread_join(asking, NULL);
	fuzz_ordinary_vm(&fuzzes[0]);
	if (peer.unwilling[0])
		printf("unwilling %s\n", peer.unwilling);
	printf("ok %llu calls, %llu of them in vain, asked %llu answered %llu grafted %llu\n", (unsigned long long)done,
	       (unsigned long long)failed, (unsigned long long)peer.asked, (unsigned long long)peer.answered,
	       (unsigned long long)peer.grafted);
	return 0;
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: fuzz trace DEVICE FILE [--seed N] [--steps N]\n"
			"       fuzz storm DEVICE OTHER [--seed N] [--seconds N] [--threads N]\n"
			"                               [--mild 1] [--directory DIR]\n");
	exit(2);
}

int main(int count, char **words)
{
	struct fuzz fuzz = { .random = 1 };
	long steps = 1000, seconds = 5;
	const char *directory = NULL;
	int threads = 4, i;

	if (count < 4 || count % 2)
		usage();
	fuzz.device = words[2];
	fuzz.file = words[3];
	for (i = 4; i < count; i += 2) {
		if (!strcmp(words[i], "--seed"))
			fuzz.random = strtoull(words[i + 1], NULL, 0);
		else if (!strcmp(words[i], "--steps"))
			steps = atol(words[i + 1]);
		else if (!strcmp(words[i], "--seconds"))
			seconds = atol(words[i + 1]);
		else if (!strcmp(words[i], "--threads"))
			threads = atoi(words[i + 1]);
		else if (!strcmp(words[i], "--mild"))
			fuzz.mild = atoi(words[i + 1]);
		else if (!strcmp(words[i], "--directory"))
			directory = words[i + 1];
		else
			usage();
	}
	if (threads < 1 || threads > MOST_THREADS)
		usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu\n", (unsigned long long)fuzz.random);
	if (!strcmp(words[1], "trace"))
		return run_trace(&fuzz, steps);
	if (!strcmp(words[1], "storm"))
		return run_storm(&fuzz, words[3], directory, seconds, threads);
	usage();
}
