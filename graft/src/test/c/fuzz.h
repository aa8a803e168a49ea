/*
 * A program that uses the KVM API in every order but a sensible one, to show that the graft library neither crashes nor
 * changes what the program sees.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define MOST_FDS 48
#define ARENA_BYTES 65536

enum kind { CLOSED, SYSTEM, VM, VCPU, EVENT, OTHER, KINDS };

/* A call of the KVM API. */
struct request {
	const char *name;
	unsigned long number;
	enum kind on;
	u32 size;	/* of what the argument points to, without its array; 0: the argument is a number */
	u32 item;	/* size of the array's items; 0: none */
	u32 count_at;	/* where their number stands, 32 bits */
	int steady;	/* what it gives is the same in every run */
};

extern const struct request requests[];
extern const int request_count;

struct descriptor {
	int fd;
	enum kind kind;		/* as far as this program knows */
	int vm;			/* of a vCPU: the VM's place */
	struct kvm_run *run;	/* of a vCPU, if mapped */
	size_t run_bytes;
};

/* One thread's. */
struct fuzz {
	u64 random;
	const char *device, *file;
	FILE *trace;		/* NULL: none */
	int mild;		/* one VM at a time, and only what a VMM does that can be grafted */
	long step;
	struct descriptor fds[MOST_FDS];
	u8 *arena;		/* read-only page, ARENA_BYTES of memory, a page that is not there */
	u64 done, failed;	/* calls */
};

u64 random_word(struct fuzz *fuzz);
u32 below(struct fuzz *fuzz, u32 limit);

void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...);

/* fuzz_steps.c */
void fuzz_begin(struct fuzz *fuzz);
void fuzz_step(struct fuzz *fuzz);
void fuzz_end(struct fuzz *fuzz);
/* Afterwards, an ordinary VM must work: makes one, runs it, and fails the program if it doesn't. */
void fuzz_ordinary_vm(struct fuzz *fuzz);

/* fuzz_peer.c: asks the library in this process for what it can do, and for what it can't. */
struct peer {
	u64 random;
	const char *directory, *device, *other;
	volatile int ending;
	u64 asked, answered, grafted;
	char unwilling[200];	/* the last answer to a graft that was none */
};
void *peer_ask(void *peer);

#endif
