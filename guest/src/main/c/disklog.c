// SPDX-License-Identifier: Apache-2.0
/*
 * A log on a disk of its own: records with a running number and a checksum, one after the other, from the start again when
 * the disk is full. The outside reads it when the guest has ended (io.twinhype.guest.DiskLog). One request at a time, so
 * that each needs an interrupt of its own: they are counted.
 *
 * A record, little-endian, 512 bytes: magic (8), number from 1 (8), CLOCK_MONOTONIC in ns (8), this life of the guest (8),
 * filling (472), FNV-1a of all that (8).
 */
#include "guest.h"
#include <stddef.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

#define RECORD 512
#define MAGIC 0x31474f4c4857540aull
#define REST_US 2000
#define COUNTED_EVERY 100

enum { LAST, INTERRUPTS, SPARE, LONGEST };

struct record {
	uint64_t magic, number;
	int64_t time;
	uint64_t life;
	uint64_t filling[59];
	uint64_t sum;
};

_Static_assert(sizeof(struct record) == RECORD, "a record is a sector");

static struct check disk_log = {
	.name = "log",
	.proceeds = true,
	.ends = true,
	.figures = {
		[LAST] = { .key = "last" },
		[INTERRUPTS] = { .key = "interrupts" },
		/* Interrupts without a request. */
		[SPARE] = { .key = "spare_interrupts" },
		[LONGEST] = { .key = "longest_ns" },
	},
};
static char device[100];

static uint64_t fnv(const void *bytes, size_t length)
{
	const uint8_t *each = bytes;
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ each[i]) * 0x100000001b3ull;
	return sum;
}

static void count_interrupts(int64_t before, int64_t requests)
{
	int64_t counted = interrupts_of_disk(strrchr(device, '/') + 1) - before;

	if (before < 0)
		return;
	disk_log.figures[INTERRUPTS].value = counted;
	disk_log.figures[SPARE].value = counted - requests;
	if (counted < requests)
		wrong(&disk_log, "%lld requests, but only %lld interrupts", (long long)requests, (long long)counted);
}

static void *log_forever(void *unused)
{
	struct record *record, *back;
	void *buffer;
	int disk = open(device, O_RDWR | O_DIRECT | O_CLOEXEC);
	uint64_t bytes = 0, life;
	int64_t requests = 0, interrupts_before;

	(void)unused;
	if (disk < 0 || ioctl(disk, BLKGETSIZE64, &bytes) != 0 || bytes < RECORD)
		fail(device);
	if (posix_memalign(&buffer, 4096, 2 * 4096) != 0)
		fail("no memory for the log");
	record = buffer;
	back = (struct record *)((char *)buffer + 4096);
	life = (uint64_t)monotonic();
	interrupts_before = interrupts_of_disk(strrchr(device, '/') + 1);
	for (uint64_t number = 1; stop_requested == RUNNING; number++) {
		off_t place = (off_t)((number - 1) % (bytes / RECORD) * RECORD);
		int64_t took;

		record->magic = MAGIC;
		record->number = number;
		record->time = monotonic();
		record->life = life;
		for (unsigned int i = 0; i < 59; i++)
			record->filling[i] = pattern(i, number);
		record->sum = fnv(record, offsetof(struct record, sum));
		if (pwrite(disk, record, RECORD, place) != RECORD)
			wrong(&disk_log, "record %llu could not be written: %s", (unsigned long long)number, strerror(errno));
		took = monotonic() - record->time;
		memset(back, 0, RECORD);
		if (spoil(&disk_log))
			record->filling[58] ^= 1;
		if (pread(disk, back, RECORD, place) != RECORD || memcmp(record, back, RECORD) != 0)
			wrong(&disk_log, "record %llu is not what was written", (unsigned long long)number);
		requests += 2;
		if (settled())
			figure_max(&disk_log.figures[LONGEST], took);
		disk_log.rounds++;
		disk_log.figures[LAST].value = (int64_t)number;
		if (number % COUNTED_EVERY == 0)
			count_interrupts(interrupts_before, requests);
		usleep(REST_US);
	}
	count_interrupts(interrupts_before, requests);
	if (fdatasync(disk) != 0)
		wrong(&disk_log, "it could not be flushed: %s", strerror(errno));
	disk_log.done = true;
	return NULL;
}

void start_disk_log(const char *path)
{
	snprintf(device, sizeof(device), "%s", path);
	watch(&disk_log);
	start(log_forever, NULL);
}
