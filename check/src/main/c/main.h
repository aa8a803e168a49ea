/* The subcommands, each in a file of its own; they return the exit status. */
#ifndef MAIN_H
#define MAIN_H

#include "vm.h"

#define MAX_DEVICES 4
#define MAX_CPUS 16
#define MAX_PIPES 400	/* of 1 MiB */

struct options {
	const char *devices[MAX_DEVICES];
	int device_count;
	int cpus[MAX_CPUS];
	int cpu_count;
	long seconds;		/* 0: until SIGTERM */
	long guests;		/* per device */
	long pages;		/* in each guest's window */
	long count;		/* of exits in a run */
	long repeats;
	long mebibytes;
	long pause_every;	/* rounds */
	long stall;		/* seconds without progress that are a failure */
};

int ring(const struct options *options);
int exits(const struct options *options);
int hold(const struct options *options);
int refusals(const struct options *options);
int memory(const struct options *options);

/* Blocks SIGTERM and SIGINT in all threads to come, for wait_for_end. */
void block_ends(void);

/* Waits for SIGTERM or SIGINT, milliseconds at most (-1: without limit); 1 if one came. */
int wait_for_end(int milliseconds);

/* Binds the calling thread to the nth of the CPUs asked for, if any were. */
void bind_to_cpu(const struct options *options, int n);

/* Monotonic time, s. */
double now(void);

#endif
