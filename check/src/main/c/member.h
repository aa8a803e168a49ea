/* One guest of the ring, and the thread that runs it. */
#ifndef MEMBER_H
#define MEMBER_H

#include <pthread.h>
#include <sys/resource.h>

#include "main.h"

struct member {
	struct vm vm;
	const struct options *options;
	pthread_t thread;
	int place;		/* in the ring */
	int baton;		/* eventfd: to be signalled when it is this guest's turn */
	volatile int ended;
	volatile int stuck;	/* interrupted, to tell where it stands */
	volatile u64 host_mismatches;
	u64 host_expected, host_found;
	struct rusage usage;
};

/* Makes the guest for a place in the ring, with values of its own. */
void member_create(struct member *member, const struct options *options, int place);

/* Wires the guest's port to the baton of the next one, and its own baton to its interrupt. */
void member_wire(struct member *member, int next_baton);

/* Starts the thread that runs the guest until it ends. */
void member_start(struct member *member);

/* Gets the guest out of KVM_RUN and tells where it stood; it does not run afterwards. */
void member_interrupt(struct member *member);

/* Prints what the guest did and did not find; returns how often it did not find what belongs to it. */
u64 member_report(const struct member *member);

#endif
