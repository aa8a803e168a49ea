// SPDX-License-Identifier: Apache-2.0
/* What the machine has: devices that come and go while it runs, and its power button. */
#include "guest.h"
#include <dirent.h>
#include <linux/input.h>
#include <poll.h>

enum { DISKS, NICS, VCPUS };

static struct check machine = {
	.name = "machine",
	.figures = { [DISKS] = { .key = "disks" }, [NICS] = { .key = "nics" }, [VCPUS] = { .key = "vcpus" } },
};

static int64_t count(const char *directory, const char *prefix)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;
	int64_t found = 0;

	while (entries && (entry = readdir(entries)))
		found += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	if (entries)
		closedir(entries);
	return found;
}

static void *look_forever(void *unused)
{
	(void)unused;
	for (;;) {
		machine.figures[DISKS].value = count("/sys/block", "vd");
		machine.figures[NICS].value = count("/sys/class/net", "eth");
		machine.figures[VCPUS].value = cpus();
		machine.rounds++;
		usleep(500000);
	}
	return NULL;
}

void start_machine(void)
{
	watch(&machine);
	start(look_forever, NULL);
}

/* ACPI's button is an input device (drivers/acpi/button.c). */
static void *await_button(void *unused)
{
	struct pollfd buttons[8];
	int found = 0;

	(void)unused;
	for (int i = 0; i < 8; i++) {
		char path[40];

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		buttons[found].fd = open(path, O_RDONLY | O_CLOEXEC);
		buttons[found].events = POLLIN;
		found += buttons[found].fd >= 0;
	}
	if (found == 0) {
		say("note power: there is no button\n");
		return NULL;
	}
	for (;;) {
		poll(buttons, (nfds_t)found, -1);
		for (int i = 0; i < found; i++) {
			struct input_event event;

			if (!(buttons[i].revents & POLLIN) || read(buttons[i].fd, &event, sizeof(event)) != sizeof(event))
				continue;
			if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
				stop_requested = POWEROFF;
		}
	}
	return NULL;
}

void start_power_button(void)
{
	start(await_button, NULL);
}
