/*
 * vmm DEVICE [--seconds N] [--vcpus 1|2] [--signals default|kicked|masked] [--timer lapic|deadline] [--seed N]
 *            [--stall SECONDS]
 *
 * Runs the guest of vmm_guest.c until the time is over (0: until SIGTERM). Prints "key value" lines: first "pid N", then
 * "running 1" when the guest has come up, at the end what was counted and "ok 1"; or "FAILED " and one sentence.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vmm.h"

#define PERIOD_NS	20000000L	/* of the main thread's looks at the guest */
#define KICK_NS		5000000L
#define INSPECT_EVERY	10		/* periods */
#define LOG_NS		3000000L	/* between two changes of the slot with a log */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static volatile int stop_asked;
static int stopped;
static pthread_t threads[MAX_VCPUS];
static volatile sig_atomic_t terminated;
static __thread volatile sig_atomic_t kicked;

void fail(const char *format, ...)
{
	va_list arguments;

	printf("FAILED ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(NULL);
	/* No exit handlers: vCPU threads may be running. */
	_exit(1);
}

static void end_handler(int signal)
{
	(void)signal;
	terminated = 1;
}

/* Only interrupts KVM_RUN. A signal that comes before it is lost: whoever sent it sends it again. */
static void kick_handler(int signal)
{
	(void)signal;
	kicked = 1;
}

static int kick_signal(struct machine *machine)
{
	return machine->options.signals == KICKED ? SIGRTMIN + 3 : SIGUSR2;
}

/* Blocked everywhere but in KVM_RUN, where it is pending and never delivered: it has no handler. */
static void mask_signals(struct vcpu *vcpu)
{
	struct {
		struct kvm_signal_mask head;
		u64 set;
	} mask = { .head.len = 8, .set = ~(1UL << (SIGUSR2 - 1)) };
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	CALL(vcpu->fd, KVM_SET_SIGNAL_MASK, &mask);
}

/* KVM_RUN has returned EINTR. */
static void interrupted(struct vcpu *vcpu)
{
	const struct timespec at_once = { 0, 0 };
	int ours = terminated;
	sigset_t set;

	vcpu->interrupted++;
	if (vcpu->machine->options.signals == MASKED) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		ours |= sigtimedwait(&set, NULL, &at_once) == SIGUSR2;
	} else {
		ours |= kicked;
		kicked = 0;
	}
	vcpu->unexplained += !ours;
}

/*
 * Only to be called after KVM_RUN has returned EINTR: with another exit an instruction of the guest may be half done, and
 * nobody may look at the registers, let alone set them, before KVM_RUN has completed it (api.rst, struct kvm_run).
 */
static void stop_if_asked(void)
{
	if (!stop_asked)
		return;
	pthread_mutex_lock(&lock);
	stopped++;
	pthread_cond_broadcast(&changed);
	while (stop_asked)
		pthread_cond_wait(&changed, &lock);
	stopped--;
	pthread_mutex_unlock(&lock);
}

static void *run_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;

	if (vcpu->machine->options.signals == MASKED)
		mask_signals(vcpu);
	while (!vcpu->ended) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0)) {
			handle_exit(vcpu);
		} else if (errno == EINTR) {
			interrupted(vcpu);
			stop_if_asked();
		} else {
			fail("KVM_RUN of vCPU %d: %s", vcpu->number, strerror(errno));
		}
	}
	pthread_mutex_lock(&lock);
	stopped++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void nap(long nanoseconds)
{
	nanosleep(&(struct timespec){ 0, nanoseconds }, NULL);
}

static void *change_log(void *argument)
{
	struct machine *machine = argument;

	for (unsigned long round = 0; !machine->ending; round++) {
		machine_change_log(machine, round);
		nap(LOG_NS);
	}
	return NULL;
}

/* Stops all vCPUs by signals, looks at them from here, lets them go on. */
static void stop_and_inspect(struct machine *machine)
{
	double start = now();
	int all = 0, i;

	stop_asked = 1;
	while (!all) {
		for (i = 0; i < machine->options.vcpus; i++)
			if (!machine->vcpus[i].ended)
				pthread_kill(threads[i], kick_signal(machine));
		nap(KICK_NS);
		pthread_mutex_lock(&lock);
		all = stopped == machine->options.vcpus;
		pthread_mutex_unlock(&lock);
		if (now() - start > machine->options.stall)
			fail("vCPUs do not stop in %ld s", machine->options.stall);
	}
	machine_inspect(machine);
	pthread_mutex_lock(&lock);
	stop_asked = 0;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void look_for_progress(struct machine *machine)
{
	static u64 rounds[MAX_VCPUS];
	static double since[MAX_VCPUS];
	int i;

	for (i = 0; i < machine->options.vcpus; i++) {
		const struct area *area = machine->vcpus[i].area;

		if (!since[i] || rounds[i] != area->rounds) {
			rounds[i] = area->rounds;
			since[i] = now();
		} else if (now() - since[i] > machine->options.stall) {
			fail("vCPU %d stands in round %llu for %ld s: timer %llu, PIT %llu, doorbells %llu rung, %llu and "
			     "%llu answered, pings %llu, answered %llu",
			     i, (unsigned long long)rounds[i], machine->options.stall,
			     (unsigned long long)area->interrupts[0], (unsigned long long)area->interrupts[1],
			     (unsigned long long)area->rung, (unsigned long long)area->interrupts[2],
			     (unsigned long long)area->interrupts[3], (unsigned long long)area->pinged,
			     (unsigned long long)area->interrupts[5]);
		}
	}
}

static void wait_until_ready(struct machine *machine)
{
	double start = now();
	int i;

	for (i = 0; i < machine->options.vcpus; i++)
		while (!machine->vcpus[i].area->ready) {
			nap(PERIOD_NS);
			if (now() - start > machine->options.stall)
				fail("vCPU %d does not come up in %ld s", i, machine->options.stall);
		}
}

static long descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	long count = 0;

	if (!directory)
		fail("/proc/self/fd: %s", strerror(errno));
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 3;	/* ".", ".." and the directory's own */
}

static void print_mismatches(const struct vcpu *vcpu)
{
	static const char *const subjects[SUBJECTS] = {
		[GENERAL_REGISTER] = "general register", [VECTOR_REGISTER] = "vector register", [CONTROL_WORD] = "MXCSR",
		[MSR] = "MSR", [DEBUG_REGISTER] = "debug register", [CONTROL_REGISTER] = "control register",
		[MEMORY] = "memory", [MOVED_MEMORY] = "moved memory", [ROM] = "read-only memory",
		[PORT_NUMBER] = "number from a port", [MMIO_NUMBER] = "number by MMIO", [STREAM] = "stream",
		[TIME_STAMP] = "time-stamp counter", [KVM_CLOCK] = "kvmclock", [DOORBELL] = "doorbell's interrupts",
		[PING] = "other vCPU's interrupts",
	};
	u64 i;

	for (i = 0; i < vcpu->area->recorded; i++) {
		const struct mismatch *m = &vcpu->area->first[i];

		printf("mismatch vCPU %d round %llu %s %llx expected %llx found %llx\n", vcpu->number,
		       (unsigned long long)m->round, subjects[m->subject], (unsigned long long)m->index,
		       (unsigned long long)m->expected, (unsigned long long)m->found);
	}
}

static void line(const char *key, u64 value)
{
	printf("%s %llu\n", key, (unsigned long long)value);
}

static u64 report_vcpu(const struct vcpu *vcpu)
{
	const struct area *area = vcpu->area;
	struct kvm_stats_header header;

	if (pread(vcpu->statistics, &header, sizeof(header), 0) != sizeof(header) || header.num_desc == 0)
		fail("the statistics of vCPU %d cannot be read: %s", vcpu->number, strerror(errno));
	printf("vcpu %d rounds %llu exits %llu halts %llu interrupted %llu unexplained %llu timer %llu longest_gap_us %llu\n",
	       vcpu->number, (unsigned long long)area->rounds, (unsigned long long)vcpu->exits,
	       (unsigned long long)area->halts, (unsigned long long)vcpu->interrupted,
	       (unsigned long long)vcpu->unexplained, (unsigned long long)area->interrupts[0],
	       (unsigned long long)(area->longest_ticks * 1000 / area->tsc_khz));
	print_mismatches(vcpu);
	if (vcpu->written != area->written || vcpu->read != area->read || vcpu->mmio_written != area->mmio_written ||
	    vcpu->mmio_read != area->mmio_read || vcpu->streamed_out != area->streamed_out ||
	    vcpu->streamed_in != area->streamed_in || vcpu->rom_writes != area->rom_writes)
		fail("vCPU %d and its devices have not counted the same", vcpu->number);
	return area->mismatches;
}

static void report(struct machine *machine, double seconds, long descriptors_before)
{
	const struct area *first = machine->vcpus[0].area;
	u64 mismatches = 0, rounds = 0;
	int i;

	for (i = 0; i < machine->options.vcpus; i++) {
		mismatches += report_vcpu(&machine->vcpus[i]);
		rounds += machine->vcpus[i].area->rounds;
	}
	printf("seconds %.3f\n", seconds);
	line("rounds", rounds);
	line("doorbells", machine->rings + machine->mmio_rings);
	line("pings", first->pinged);
	line("changes", machine->changes);
	line("pit", first->interrupts[PIT_VECTOR - TIMER_VECTOR]);
	line("stream_bytes", first->streamed_out + first->streamed_in);
	line("descriptors_before", descriptors_before);
	line("descriptors_after", descriptors());
	line("mismatches", mismatches);
	if (machine->rings != first->rung || machine->mmio_rings != first->rung || machine->changes != first->changed)
		fail("the guest rang %llu times and %llu and %llu rings came", (unsigned long long)first->rung,
		     (unsigned long long)machine->rings, (unsigned long long)machine->mmio_rings);
	if (mismatches)
		fail("%llu values were not what they had been", (unsigned long long)mismatches);
	if (!first->interrupts[0] || !first->interrupts[PIT_VECTOR - TIMER_VECTOR])
		fail("a timer never came");
	line("ok", 1);
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: vmm DEVICE [--seconds N] [--vcpus 1|2] [--signals default|kicked|masked]\n"
			"           [--timer lapic|deadline] [--seed N] [--stall SECONDS]\n");
	exit(2);
}

static enum signals signals_named(const char *name)
{
	if (!strcmp(name, "default"))
		return DEFAULT_SIGNALS;
	if (!strcmp(name, "kicked"))
		return KICKED;
	if (!strcmp(name, "masked"))
		return MASKED;
	usage();
}

static void parse(struct options *options, int count, char **words)
{
	int i;

	if (count < 2 || words[1][0] == '-' || count % 2)
		usage();
	options->device = words[1];
	for (i = 2; i < count; i += 2) {
		if (!strcmp(words[i], "--seconds"))
			options->seconds = atol(words[i + 1]);
		else if (!strcmp(words[i], "--vcpus"))
			options->vcpus = atoi(words[i + 1]);
		else if (!strcmp(words[i], "--signals"))
			options->signals = signals_named(words[i + 1]);
		else if (!strcmp(words[i], "--timer"))
			options->deadline = !strcmp(words[i + 1], "deadline");
		else if (!strcmp(words[i], "--seed"))
			options->seed = strtoull(words[i + 1], NULL, 0);
		else if (!strcmp(words[i], "--stall"))
			options->stall = atol(words[i + 1]);
		else
			usage();
	}
	if (options->vcpus < 1 || options->vcpus > MAX_VCPUS)
		usage();
}

static void install_handlers(struct machine *machine)
{
	struct sigaction end = { .sa_handler = end_handler }, kick = { .sa_handler = kick_handler };

	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	if (machine->options.signals == KICKED)
		sigaction(kick_signal(machine), &kick, NULL);
}

static void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
	int error = pthread_create(thread, NULL, body, argument);

	if (error)
		fail("a thread cannot be started: %s", strerror(error));
}

int main(int count, char **words)
{
	static struct machine machine = { .options = { .vcpus = 1, .seconds = 5, .stall = 60, .seed = 1 } };
	long periods = 0, descriptors_before;
	pthread_t doorman, logger;
	double begun;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(&machine.options, count, words);
	install_handlers(&machine);
	printf("pid %d\n", getpid());
	machine_create(&machine);
	start(&doorman, answer_doorbells, &machine);
	start(&logger, change_log, &machine);
	for (i = 0; i < machine.options.vcpus; i++)
		start(&threads[i], run_vcpu, &machine.vcpus[i]);
	wait_until_ready(&machine);
	descriptors_before = descriptors();
	line("running", 1);
	begun = now();
	while (!terminated && (!machine.options.seconds || now() - begun < machine.options.seconds)) {
		nap(PERIOD_NS);
		look_for_progress(&machine);
		if (machine.options.signals != DEFAULT_SIGNALS && ++periods % INSPECT_EVERY == 0)
			stop_and_inspect(&machine);
	}
	for (i = 0; i < machine.options.vcpus; i++)
		machine.vcpus[i].area->stop = 1;
	for (i = 0; i < machine.options.vcpus; i++)
		pthread_join(threads[i], NULL);
	machine.ending = 1;
	pthread_join(doorman, NULL);
	pthread_join(logger, NULL);
	report(&machine, now() - begun, descriptors_before);
	machine_destroy(&machine);
	return 0;
}
