/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the guest's program have in common; init.c says what it is for. */
#ifndef TWINHYPE_GUEST_H
#define TWINHYPE_GUEST_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NANOS 1000000000L

enum stop_request { RUNNING, STOP, POWEROFF, REBOOT };

/* What the outside has asked for; every thread that has something to bring to an end looks at it. */
extern _Atomic int stop_requested;

/* init.c */
void fail(const char *what) __attribute__((noreturn));
int64_t monotonic(void);
void start(void *(*body)(void *), void *argument);
void pin(int cpu);
int cpus(void);
void in_real_time(int priority);
uint64_t pattern(uint64_t position, uint64_t generation);

/* port.c */
void open_port(void);
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *listen_forever(void *unused);

/* integrity.c: disk, memory and probe, whose errors each heartbeat reports */
extern _Atomic uint32_t checks, disk_errors, memory_errors, clock_errors;
void start_integrity(long check_mib, const char *probe_path);
void probe_word_now(char *word, size_t size);

/*
 * Everything else that is checked has a line of its own, once a second (checks.c). A figure is what was measured, for
 * the outside to judge, which knows how long the guest did not run; errors are what is wrong whatever happened.
 */
#define FIGURES 8
struct figure {
	const char *key;
	_Atomic int64_t value;
};

struct check {
	const char *name;
	_Atomic uint64_t rounds;
	_Atomic uint32_t errors;
	/* Set by a check that has come to its end as asked; the last line waits for it. */
	_Atomic bool done;
	/* Whether there is an end to wait for, and whether standing still is an error. */
	bool ends, proceeds;
	struct figure figures[FIGURES];
	_Atomic bool spoilt;
	/* The reporter's own. */
	uint64_t rounds_before;
	unsigned int standstill;
};

void watch(struct check *check);
void wrong(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
void figure_max(struct figure *figure, int64_t value);
bool settled(void);
void start_reports(void);
void last_reports(void);
/* True once in the life of a check that twinhype.spoil= names: it then has to find what was spoilt. */
bool spoil(struct check *check);
void spoil_some(const char *names);

/* interrupts.c */
int64_t interrupts_named(const char *name);
int64_t interrupts_of_disk(const char *disk);

/* One file each; each begins its threads and returns. */
void start_registers(long spin_ms, long rest_ms);
void start_clocks(void);
void start_ticks(void);
void start_wakeups(void);
void start_disk_log(const char *device);
void start_stream(const char *address, const char *peer);
void start_power_button(void);
void start_machine(void);

#endif
