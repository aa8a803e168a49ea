// SPDX-License-Identifier: Apache-2.0
/*
 * The program of the small guest: PID 1 of a Linux that has nothing else.
 *
 * It sends one heartbeat line per period through a virtio-serial port, so that someone outside sees
 * when the guest did not run, and once a second it checks what a migration could break: the disk
 * (O_DIRECT write and read back), memory, the clock; and it reads one file that says what its kernel
 * makes of the hypervisor under it.
 *
 * Lines sent (see io.twinhype.guest.BeatLine, the other end):
 *   hello 1 period_us=N disk=yes|no probe=PATH|none
 *   b SEQUENCE MONOTONIC_NS CHECKS DISK_ERRORS MEMORY_ERRORS CLOCK_ERRORS PROBE    PROBE: a word, or -
 *   end LAST_SEQUENCE CHECKS DISK_ERRORS MEMORY_ERRORS CLOCK_ERRORS
 *   note TEXT
 * Lines understood: stop, poweroff (both answered with "end" once; poweroff then powers the machine off).
 *
 * Kernel arguments: twinhype.beat_us= (period, default 10000), twinhype.probe= (a file whose first word
 * is reported, default none), twinhype.dirty_mib= (memory rewritten without pause, default 0),
 * twinhype.check_mib= (checked memory, default 4).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PORT_NAME "org.twinhype.heartbeat"
#define DISK_BLOCK 4096
#define SLICE_BYTES (128 * 1024)
#define NANOS 1000000000L

enum stop_request { RUNNING, STOP, POWEROFF };

static int port = -1;
static pthread_mutex_t port_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint32_t checks, disk_errors, memory_errors, clock_errors;
/* The probe's last word, padded with zeros: up to 8 letters, so that it is read and written whole. */
#define PROBE_LETTERS 8
static _Atomic uint64_t probe_word;
static char probe_path[200];
static _Atomic int stop_requested = RUNNING;

static void fail(const char *what)
{
	printf("twinhype guest: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void await_port(short events)
{
	struct pollfd wanted = { .fd = port, .events = events };

	/* POLLHUP: the host's end is closed, and poll() would return at once for as long as it is. */
	if (poll(&wanted, 1, -1) < 0 || !(wanted.revents & events))
		usleep(1000);
}

/*
 * Sends a whole line, waiting for room: nothing is ever dropped here. The port is non-blocking, because a
 * blocking write to it has the kernel spin until the host has taken the line (__send_to_port in
 * drivers/char/virtio_console.c), which on a host with one CPU keeps the host from taking it.
 */
static void send_line(const char *line, size_t length)
{
	pthread_mutex_lock(&port_lock);
	while (length > 0) {
		ssize_t sent = write(port, line, length);

		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			fail("cannot write to the heartbeat port");
		if (sent > 0) {
			line += sent;
			length -= (size_t)sent;
		} else {
			await_port(POLLOUT);
		}
	}
	pthread_mutex_unlock(&port_lock);
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	send_line(line, (size_t)length);
}

static int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NANOS + now.tv_nsec;
}

static long kernel_argument(const char *command_line, const char *name, long otherwise)
{
	const char *found = strstr(command_line, name);

	return found ? strtol(found + strlen(name), NULL, 0) : otherwise;
}

static void word_argument(const char *command_line, const char *name, char *word, size_t size)
{
	const char *found = strstr(command_line, name);

	if (found)
		snprintf(word, size, "%.*s", (int)strcspn(found + strlen(name), " \n"), found + strlen(name));
}

/* The modules are in /modules, one name per line of /modules/order, dependencies first. */
static void load_modules(void)
{
	char name[128], path[160];
	FILE *order = fopen("/modules/order", "re");

	if (!order)
		fail("cannot open /modules/order");
	while (fgets(name, sizeof(name), order)) {
		int file;

		name[strcspn(name, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", name);
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			fail(path);
		if (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST)
			fail(path);
		close(file);
	}
	fclose(order);
}

/* There is no udev: the port's name stands in sysfs, its device node is the directory's name. */
static bool open_port_once(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	bool found = false;

	if (!ports)
		return false;
	while (!found && (entry = readdir(ports))) {
		char path[400], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, PORT_NAME) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		found = port >= 0;
	}
	closedir(ports);
	return found;
}

static void open_port(void)
{
	/* The driver learns of its ports by messages, a moment after the device is there. */
	for (int attempt = 0; attempt < 3000; attempt++) {
		if (open_port_once())
			return;
		usleep(10000);
	}
	errno = ENODEV;
	fail("no virtio-serial port named " PORT_NAME);
}

static uint64_t pattern(uint64_t position, uint64_t generation)
{
	return (position + 1) * 0x9e3779b97f4a7c15ull ^ generation * 0xc2b2ae3d27d4eb4full;
}

/* Writes a block that has never been there before and reads it back, past every cache of the guest. */
static void check_disk(int disk, uint64_t *block, uint64_t round)
{
	off_t place = (off_t)(round % 16) * DISK_BLOCK;

	for (unsigned int i = 0; i < DISK_BLOCK / sizeof(*block); i++)
		block[i] = pattern(i, round);
	if (pwrite(disk, block, DISK_BLOCK, place) != DISK_BLOCK) {
		disk_errors++;
		return;
	}
	memset(block, 0, DISK_BLOCK);
	if (pread(disk, block, DISK_BLOCK, place) != DISK_BLOCK) {
		disk_errors++;
		return;
	}
	for (unsigned int i = 0; i < DISK_BLOCK / sizeof(*block); i++) {
		if (block[i] != pattern(i, round)) {
			disk_errors++;
			return;
		}
	}
}

/* What was written to the previous round's block must still be there: it may have come from another host process. */
static void check_previous_block(int disk, uint64_t *block, uint64_t round)
{
	off_t place = (off_t)((round - 1) % 16) * DISK_BLOCK;

	if (pread(disk, block, DISK_BLOCK, place) != DISK_BLOCK || block[7] != pattern(7, round - 1))
		disk_errors++;
}

/* Verifies the slice that was written longest ago, then writes it anew. */
static void check_memory(uint64_t *area, unsigned int slices, uint64_t *generations, uint64_t round)
{
	const unsigned int words = SLICE_BYTES / sizeof(*area);
	const unsigned int slice = round % slices;
	uint64_t *words_of_slice = area + (size_t)slice * words;

	for (unsigned int i = 0; i < words; i++) {
		if (words_of_slice[i] != pattern((uint64_t)slice * words + i, generations[slice])) {
			memory_errors++;
			break;
		}
	}
	generations[slice] = round;
	for (unsigned int i = 0; i < words; i++)
		words_of_slice[i] = pattern((uint64_t)slice * words + i, round);
}

/* Opened each time: a file in sysfs is made anew for each reader. */
static void read_probe(void)
{
	char letters[PROBE_LETTERS + 1] = "";
	uint64_t word;
	int file = open(probe_path, O_RDONLY | O_CLOEXEC);

	if (file < 0 || read(file, letters, PROBE_LETTERS) <= 0)
		strcpy(letters, "error");
	if (file >= 0)
		close(file);
	memset(letters + strcspn(letters, " \n"), 0, PROBE_LETTERS - strcspn(letters, " \n"));
	memcpy(&word, letters, PROBE_LETTERS);
	probe_word = word;
}

static void *check_forever(void *check_mib)
{
	const unsigned int slices = (unsigned int)((long)check_mib * 1024 * 1024 / SLICE_BYTES);
	uint64_t *area = mmap(NULL, (size_t)slices * SLICE_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *generations = calloc(slices, sizeof(*generations));
	int disk = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);
	void *block;

	if (area == MAP_FAILED || !generations || posix_memalign(&block, DISK_BLOCK, DISK_BLOCK) != 0)
		fail("no memory for the checks");
	for (size_t i = 0; i < (size_t)slices * SLICE_BYTES / sizeof(*area); i++)
		area[i] = pattern(i, 0);
	for (uint64_t round = 1;; round++) {
		if (disk >= 0) {
			if (round > 1)
				check_previous_block(disk, block, round);
			check_disk(disk, block, round);
		}
		if (slices > 0)
			check_memory(area, slices, generations, round);
		if (probe_path[0])
			read_probe();
		checks++;
		sleep(1);
	}
	return NULL;
}

static void *dirty_forever(void *dirty_mib)
{
	const size_t pages = (size_t)(long)dirty_mib * 256;
	volatile uint64_t *area = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (area == MAP_FAILED)
		fail("no memory for twinhype.dirty_mib");
	for (uint64_t round = 0;; round++)
		for (size_t page = 0; page < pages; page++)
			area[page * 512] = round;
	return NULL;
}

static void *listen_forever(void *unused)
{
	char line[64];
	size_t length = 0;

	(void)unused;
	for (;;) {
		if (read(port, line + length, 1) != 1) {
			await_port(POLLIN);
			continue;
		}
		if (line[length] != '\n') {
			length = length + 2 < sizeof(line) ? length + 1 : 0;
			continue;
		}
		line[length] = '\0';
		length = 0;
		if (strcmp(line, "stop") == 0)
			stop_requested = STOP;
		else if (strcmp(line, "poweroff") == 0)
			stop_requested = POWEROFF;
	}
	return NULL;
}

static void start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, argument);
	if (errno)
		fail("cannot start a thread");
}

static uint64_t beat_until_stopped(int64_t period)
{
	uint64_t sequence = 0;
	int64_t last = monotonic();
	int64_t next = last;

	while (stop_requested == RUNNING) {
		struct timespec wake;
		char probe[PROBE_LETTERS + 1] = "-";
		uint64_t word;
		int64_t now;

		next += period;
		now = monotonic();
		/* Behind by a period or more: this guest did not run. The missed times are gone, no burst makes up for them. */
		if (next < now)
			next = now - (now - next) % period;
		wake.tv_sec = next / NANOS;
		wake.tv_nsec = next % NANOS;
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) == EINTR)
			;
		now = monotonic();
		if (now < last)
			clock_errors++;
		last = now;
		word = probe_word;
		if (word)
			memcpy(probe, &word, PROBE_LETTERS);
		say("b %llu %lld %u %u %u %u %s\n", (unsigned long long)++sequence, (long long)now, checks,
		    disk_errors, memory_errors, clock_errors, probe);
	}
	return sequence;
}

static void mount_or_fail(const char *type, const char *directory)
{
	mkdir(directory, 0755);
	if (mount(type, directory, type, 0, NULL) != 0 && errno != EBUSY)
		fail(directory);
}

int main(void)
{
	static char command_line[4096];
	struct sched_param highest = { .sched_priority = 50 };
	long period_us, dirty_mib, check_mib;
	uint64_t last_sequence;
	int file;

	mount_or_fail("devtmpfs", "/dev");
	file = open("/dev/console", O_RDWR);
	if (file >= 0) {
		dup2(file, 0);
		dup2(file, 1);
		dup2(file, 2);
	}
	mount_or_fail("proc", "/proc");
	mount_or_fail("sysfs", "/sys");

	file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, command_line, sizeof(command_line) - 1) <= 0)
		fail("/proc/cmdline");
	close(file);
	period_us = kernel_argument(command_line, "twinhype.beat_us=", 10000);
	word_argument(command_line, "twinhype.probe=", probe_path, sizeof(probe_path));
	dirty_mib = kernel_argument(command_line, "twinhype.dirty_mib=", 0);
	check_mib = kernel_argument(command_line, "twinhype.check_mib=", 4);
	if (period_us <= 0)
		period_us = 10000;

	load_modules();
	open_port();
	mlockall(MCL_CURRENT);

	say("hello 1 period_us=%ld disk=%s probe=%s\n", period_us, access("/dev/vda", R_OK) == 0 ? "yes" : "no",
	    probe_path[0] ? probe_path : "none");
	start(listen_forever, NULL);
	start(check_forever, (void *)check_mib);
	if (dirty_mib > 0)
		start(dirty_forever, (void *)dirty_mib);
	/* After the threads, which must not inherit it: the beat comes before everything else. */
	sched_setscheduler(0, SCHED_FIFO, &highest);

	last_sequence = beat_until_stopped(period_us * 1000);
	say("end %llu %u %u %u %u\n", (unsigned long long)last_sequence, checks, disk_errors, memory_errors,
	    clock_errors);
	while (stop_requested != POWEROFF)
		usleep(100000);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
