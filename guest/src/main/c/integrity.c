// SPDX-License-Identifier: Apache-2.0
/* Once a second: the disk (O_DIRECT write and read back), memory, and the probe. Each heartbeat tells the errors. */
#include "guest.h"
#include <sys/mman.h>

#define DISK_BLOCK 4096
#define SLICE_BYTES (128 * 1024)

_Atomic uint32_t checks, disk_errors, memory_errors, clock_errors;
/* The probe's last word, padded with zeros: up to 8 letters, so that it is read and written whole. */
#define PROBE_LETTERS 8
static _Atomic uint64_t probe_word;
static const char *probe_path;

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

/* The word, or "-" as long as there is none. */
void probe_word_now(char *word, size_t size)
{
	uint64_t letters = probe_word;

	memset(word, 0, size);
	if (letters)
		memcpy(word, &letters, PROBE_LETTERS);
	else
		word[0] = '-';
}

void start_integrity(long check_mib, const char *probe)
{
	probe_path = probe;
	start(check_forever, (void *)check_mib);
}
