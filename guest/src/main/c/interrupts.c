// SPDX-License-Identifier: Apache-2.0
/* Reads /proc/interrupts (fs/proc/interrupts.c, arch/x86/kernel/irq.c): NAME: COUNT-PER-CPU... [CHIP LINE] WHAT */
#include "guest.h"
#include <ctype.h>

static int64_t counts(const char *from)
{
	int64_t sum = 0;

	for (;;) {
		char *end;

		while (*from == ' ')
			from++;
		if (!isdigit((unsigned char)*from))
			return sum;
		sum += strtoll(from, &end, 10);
		/* "24-edge": the counts are over. */
		if (*end != ' ' && *end != '\n' && *end != '\0')
			return sum;
		from = end;
	}
}

/* A line's last word is the driver's name for it. */
static bool is_of(const char *line, const char *device)
{
	const char *last = strrchr(line, ' ');
	size_t length = strlen(device);

	if (!last || strncmp(last + 1, device, length) != 0)
		return false;
	last += 1 + length;
	return *last == '\n' || *last == '\0' || strncmp(last, "-req", 4) == 0;
}

/* The sum over all lines for which name or device fits; -1 if there is none. */
static int64_t sum(const char *name, const char *device)
{
	char line[1024];
	int64_t found = -1;
	FILE *file = fopen("/proc/interrupts", "re");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		const char *start = line + strspn(line, " ");
		const char *colon = strchr(start, ':');
		bool fits = colon && (name ? (size_t)(colon - start) == strlen(name) && strncmp(start, name, strlen(name)) == 0
					   : is_of(start, device));

		if (fits)
			found = (found < 0 ? 0 : found) + counts(colon + 1);
	}
	fclose(file);
	return found;
}

/* Interrupts of all CPUs in the line called NAME, such as LOC: the local APICs' timers. */
int64_t interrupts_named(const char *name)
{
	return sum(name, NULL);
}

/* Interrupts by which a virtio disk told of finished requests; -1 if it cannot be found out. */
int64_t interrupts_of_disk(const char *disk)
{
	char path[100], target[300];
	const char *device;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/block/%s/device", disk);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	device = strrchr(target, '/');
	return sum(NULL, device ? device + 1 : target);
}
