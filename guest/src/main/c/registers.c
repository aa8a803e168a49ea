// SPDX-License-Identifier: Apache-2.0
/*
 * Registers: a thread per vCPU fills the vector, x87 and general registers and their control words with patterns, spins
 * without touching them, and looks what is in them. Only a thread that runs has its registers in the processor.
 */
#include "guest.h"
#include <stddef.h>

#define VECTORS 16
#define GENERAL 8
#define STACK 8

struct held {
	uint8_t vectors[VECTORS][32];
	uint64_t general[GENERAL];
	/* 80-bit numbers, one every 16 bytes. */
	uint8_t stack[STACK][16];
	uint32_t mxcsr;
	uint16_t control;
};

static struct check registers = {
	.name = "registers",
	.proceeds = true,
	.figures = { { .key = "vector_bits" }, { .key = "longest_ns" } },
};
static long spin_ns, rest_us;

#define LOAD_STACK(n) "fldt " #n "*16(%[stack_in])\n\t"
#define STORE_STACK(n) "fstpt " #n "*16(%[stack_out])\n\t"
#define EACH_STACK(M) M(7) M(6) M(5) M(4) M(3) M(2) M(1) M(0)
#define EACH_STACK_UP(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)
#define LOAD_XMM(n) "movdqu " #n "*32(%[in]), %%xmm" #n "\n\t"
#define STORE_XMM(n) "movdqu %%xmm" #n ", " #n "*32(%[out])\n\t"
#define LOAD_YMM(n) "vmovdqu " #n "*32(%[in]), %%ymm" #n "\n\t"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", " #n "*32(%[out])\n\t"
#define EACH_VECTOR(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)
/* The general registers follow the 16 vectors of 32 bytes. */
#define LOAD_GENERAL(n) "mov 512+8*(" #n "-8)(%[in]), %%r" #n "\n\t"
#define STORE_GENERAL(n) "mov %%r" #n ", 512+8*(" #n "-8)(%[out])\n\t"
#define EACH_GENERAL(M) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)

#define HOLD(LOAD_VECTOR, STORE_VECTOR, AFTER)                                                                             \
	asm volatile("fninit\n\t"                                                                                          \
		     "fldcw %[control_in]\n\t"                                                                             \
		     EACH_STACK(LOAD_STACK)                                                                                \
		     "ldmxcsr %[mxcsr_in]\n\t"                                                                             \
		     EACH_VECTOR(LOAD_VECTOR)                                                                              \
		     EACH_GENERAL(LOAD_GENERAL)                                                                            \
		     "1: sub $1, %[spins]\n\t"                                                                             \
		     "jnz 1b\n\t"                                                                                          \
		     EACH_GENERAL(STORE_GENERAL)                                                                           \
		     EACH_VECTOR(STORE_VECTOR)                                                                             \
		     "stmxcsr %[mxcsr_out]\n\t"                                                                            \
		     "fnstcw %[control_out]\n\t"                                                                           \
		     EACH_STACK_UP(STORE_STACK)                                                                            \
		     "fninit\n\t"                                                                                          \
		     "ldmxcsr %[usual]\n\t"                                                                                \
		     AFTER                                                                                                 \
		     : [spins] "+&c"(spins), [mxcsr_out] "=m"(out->mxcsr), [control_out] "=m"(out->control)                \
		     : [in] "S"(in), [out] "D"(out), [stack_in] "a"(in->stack), [stack_out] "d"(out->stack),              \
		       [mxcsr_in] "m"(in->mxcsr), [control_in] "m"(in->control), [usual] "m"(usual)                       \
		     : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",      \
		       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",      \
		       "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "cc", "memory")

_Static_assert(offsetof(struct held, general) == 512, "LOAD_GENERAL");

static __attribute__((noinline)) void hold(const struct held *in, struct held *out, uint64_t spins, bool wide)
{
	static const uint32_t usual = 0x1f80;

	if (wide)
		HOLD(LOAD_YMM, STORE_YMM, "vzeroupper\n\t");
	else
		HOLD(LOAD_XMM, STORE_XMM, "");
}

static void fill(struct held *held, uint64_t round, bool wide)
{
	uint64_t word;

	memset(held, 0, sizeof(*held));
	for (int i = 0; i < VECTORS; i++) {
		for (int part = 0; part < (wide ? 4 : 2); part++) {
			word = pattern((uint64_t)(i * 4 + part), round);
			memcpy(held->vectors[i] + part * 8, &word, 8);
		}
	}
	for (int i = 0; i < GENERAL; i++)
		held->general[i] = pattern(100 + (uint64_t)i, round);
	for (int i = 0; i < STACK; i++) {
		uint16_t exponent = (uint16_t)(0x3fff + (round + (uint64_t)i) % 64);

		/* A normal number: the integer bit is 1. */
		word = pattern(200 + (uint64_t)i, round) | 1ull << 63;
		memcpy(held->stack[i], &word, 8);
		memcpy(held->stack[i] + 8, &exponent, 2);
	}
	/* Exceptions masked; rounding in all four ways, flush-to-zero on and off. */
	held->mxcsr = (uint32_t)(0x1f80 | (round % 4) << 13 | (round / 4 % 2) << 15);
	held->control = (uint16_t)(0x037f | (round % 4) << 10);
}

static void compare(const struct held *in, const struct held *out, int cpu, uint64_t round)
{
	const char *which = NULL;

	if (memcmp(in->vectors, out->vectors, sizeof(in->vectors)) != 0)
		which = "a vector register";
	else if (memcmp(in->general, out->general, sizeof(in->general)) != 0)
		which = "a general register";
	else if (memcmp(in->stack, out->stack, sizeof(in->stack)) != 0)
		which = "an x87 register";
	else if (in->mxcsr != out->mxcsr)
		which = "MXCSR";
	else if (in->control != out->control)
		which = "the x87 control word";
	if (which)
		wrong(&registers, "%s of vCPU %d changed in round %llu", which, cpu, (unsigned long long)round);
}

static void *hold_forever(void *cpu)
{
	static const uint64_t first_guess = 200000;
	bool wide = __builtin_cpu_supports("avx");
	struct held in, out;
	uint64_t spins = first_guess;
	uint64_t round = (uint64_t)(long)cpu << 32;

	pin((int)(long)cpu);
	while (stop_requested == RUNNING) {
		int64_t before, took;

		fill(&in, ++round, wide);
		memset(&out, 0, sizeof(out));
		before = monotonic();
		hold(&in, &out, spins, wide);
		took = monotonic() - before;
		if (spoil(&registers))
			out.vectors[VECTORS - 1][0] ^= 1;
		compare(&in, &out, (int)(long)cpu, round);
		if (settled())
			figure_max(&registers.figures[1], took);
		registers.rounds++;
		/* So long as asked for, on whatever machine; never much longer at once, for one slow round says little. */
		if (took > 0 && took < spin_ns)
			spins += spins / 8 + 1;
		else if (took > 2 * spin_ns && spins > first_guess / 100)
			spins -= spins / 8;
		usleep((useconds_t)rest_us);
	}
	return NULL;
}

/* Holds for so many milliseconds, then rests. */
void start_registers(long spin_ms, long rest_ms)
{
	spin_ns = spin_ms * 1000000;
	rest_us = rest_ms * 1000;
	registers.figures[0].value = __builtin_cpu_supports("avx") ? 256 : 128;
	watch(&registers);
	for (long cpu = 0; cpu < cpus(); cpu++)
		start(hold_forever, (void *)cpu);
}
