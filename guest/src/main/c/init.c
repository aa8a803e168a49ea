// SPDX-License-Identifier: Apache-2.0
/*
 * The program of the small guest: PID 1 of a Linux that has nothing else.
 *
 * It sends one heartbeat line per period through a virtio-serial port, so that someone outside sees
 * when the guest did not run, and once a second it checks what a migration could break: the disk
 * (O_DIRECT write and read back), memory, the clock; and it reads one file that says what its kernel
 * makes of the hypervisor under it. More is checked if the kernel's arguments ask for it.
 *
 * Lines sent (see io.twinhype.guest.BeatLine, the other end), empty ones without a meaning:
 *   hello 1 period_us=N disk=yes|no probe=PATH|none
 *   b SEQUENCE MONOTONIC_NS CHECKS DISK_ERRORS MEMORY_ERRORS CLOCK_ERRORS PROBE    PROBE: a word, or -
 *   check NAME ROUNDS ERRORS [KEY=NUMBER...]    once a second for each further check that is on
 *   end LAST_SEQUENCE CHECKS DISK_ERRORS MEMORY_ERRORS CLOCK_ERRORS
 *   note TEXT
 * Lines understood: stop, poweroff, reboot (all answered with "end" once; poweroff then powers the machine off,
 * reboot boots it again, which begins with another hello).
 *
 * Kernel arguments: twinhype.beat_us= (period, default 10000), twinhype.probe= (a file whose first word
 * is reported, default none), twinhype.dirty_mib= (memory rewritten without pause, default 0),
 * twinhype.check_mib= (checked memory, default 4). Off without them:
 *   twinhype.registers=MS   vector, x87 and general registers held on each vCPU for so long; then twinhype.rest= (default 4)
 *                           times as long of rest
 *   twinhype.clocks=1       CLOCK_MONOTONIC and TSC of all vCPUs against each other
 *   twinhype.ticks=1        timers on each vCPU against the time, and their interrupts
 *   twinhype.wakeups=1      wake-ups from vCPU to vCPU
 *   twinhype.log=DEVICE     numbered records with checksums on that disk, of its own: not /dev/vda
 *   twinhype.net=ADDRESS twinhype.stream=ADDRESS:PORT   numbered records through a TCP connection that echoes them
 *   twinhype.machine=1      counts disks, network interfaces, vCPUs
 *   twinhype.power=1        the power button is obeyed
 *   twinhype.spoil=NAME,... what the checks of these names look at is changed once: each must find an error
 */
#include "guest.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

_Atomic int stop_requested = RUNNING;
static char command_line[4096];

void fail(const char *what)
{
	printf("twinhype guest: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

int64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NANOS + now.tv_nsec;
}

uint64_t pattern(uint64_t position, uint64_t generation)
{
	return (position + 1) * 0x9e3779b97f4a7c15ull ^ generation * 0xc2b2ae3d27d4eb4full;
}

void start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, argument);
	if (errno)
		fail("cannot start a thread");
}

int cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* The calling thread runs on this CPU only. */
void pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		fail("cannot pin a thread");
}

/* The calling thread runs before all ordinary ones. */
void in_real_time(int priority)
{
	struct sched_param parameter = { .sched_priority = priority };

	sched_setscheduler(0, SCHED_FIFO, &parameter);
}

static long kernel_argument(const char *name, long otherwise)
{
	const char *found = strstr(command_line, name);

	return found ? strtol(found + strlen(name), NULL, 0) : otherwise;
}

static void word_argument(const char *name, char *word, size_t size)
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

static uint64_t beat_until_stopped(int64_t period)
{
	uint64_t sequence = 0;
	int64_t last = monotonic();
	int64_t next = last;

	while (stop_requested == RUNNING) {
		struct timespec wake;
		char probe[16];
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
		probe_word_now(probe, sizeof(probe));
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

/* What the kernel's arguments ask for. */
static void start_checks(void)
{
	static char log_device[100], address[40], peer[60], spoilt[100];
	long held_ms = kernel_argument("twinhype.registers=", 0);

	word_argument("twinhype.log=", log_device, sizeof(log_device));
	word_argument("twinhype.net=", address, sizeof(address));
	word_argument("twinhype.stream=", peer, sizeof(peer));
	word_argument("twinhype.spoil=", spoilt, sizeof(spoilt));
	spoil_some(spoilt);
	if (held_ms > 0)
		start_registers(held_ms, held_ms * kernel_argument("twinhype.rest=", 4));
	if (kernel_argument("twinhype.clocks=", 0))
		start_clocks();
	if (kernel_argument("twinhype.ticks=", 0))
		start_ticks();
	if (kernel_argument("twinhype.wakeups=", 0))
		start_wakeups();
	if (log_device[0])
		start_disk_log(log_device);
	if (address[0] && peer[0])
		start_stream(address, peer);
	if (kernel_argument("twinhype.machine=", 0))
		start_machine();
	if (kernel_argument("twinhype.power=", 0))
		start_power_button();
	start_reports();
}

static void read_command_line(void)
{
	int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (file < 0 || read(file, command_line, sizeof(command_line) - 1) <= 0)
		fail("/proc/cmdline");
	close(file);
}

int main(void)
{
	static char probe_path[200];
	long period_us, dirty_mib;
	uint64_t last_sequence;
	int console;

	mount_or_fail("devtmpfs", "/dev");
	console = open("/dev/console", O_RDWR);
	if (console >= 0) {
		dup2(console, 0);
		dup2(console, 1);
		dup2(console, 2);
	}
	mount_or_fail("proc", "/proc");
	mount_or_fail("sysfs", "/sys");
	read_command_line();
	period_us = kernel_argument("twinhype.beat_us=", 10000);
	word_argument("twinhype.probe=", probe_path, sizeof(probe_path));
	dirty_mib = kernel_argument("twinhype.dirty_mib=", 0);
	if (period_us <= 0)
		period_us = 10000;

	load_modules();
	open_port();
	mlockall(MCL_CURRENT);

	/* A machine that was reset may have cut a line off. */
	say("\nhello 1 period_us=%ld disk=%s probe=%s\n", period_us, access("/dev/vda", R_OK) == 0 ? "yes" : "no",
	    probe_path[0] ? probe_path : "none");
	start(listen_forever, NULL);
	start_integrity(kernel_argument("twinhype.check_mib=", 4), probe_path);
	start_checks();
	if (dirty_mib > 0)
		start(dirty_forever, (void *)dirty_mib);
	/* After the threads, which must not inherit it: the beat comes before everything else. */
	in_real_time(50);

	last_sequence = beat_until_stopped(period_us * 1000);
	last_reports();
	say("end %llu %u %u %u %u\n", (unsigned long long)last_sequence, checks, disk_errors, memory_errors,
	    clock_errors);
	while (stop_requested == STOP)
		usleep(100000);
	sync();
	reboot(stop_requested == REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
	for (;;)
		pause();
}
