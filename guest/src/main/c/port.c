// SPDX-License-Identifier: Apache-2.0
/* The virtio-serial port to the outside: whole lines in both directions. */
#include "guest.h"
#include <dirent.h>
#include <poll.h>
#include <stdarg.h>

#define PORT_NAME "org.twinhype.heartbeat"

static int port = -1;
static pthread_mutex_t port_lock = PTHREAD_MUTEX_INITIALIZER;

static void await_port(short events)
{
	struct pollfd wanted = { .fd = port, .events = events };

	/* POLLHUP: the host's end is closed, and poll() would return at once for as long as it is. */
	if (poll(&wanted, 1, -1) < 0 || !(wanted.revents & events))
		usleep(1000);
}

/*
 * Sends a whole line, waiting for room: nothing is ever dropped here. The port is non-blocking, because a
 * blocking write to it has the kernel spin until the host has taken the line (__send_to_port in
 * drivers/char/virtio_console.c), which on a host with one CPU keeps the host from taking it.
 */
static void send_line(const char *line, size_t length)
{
	pthread_mutex_lock(&port_lock);
	while (length > 0) {
		ssize_t sent = write(port, line, length);

		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			fail("cannot write to the heartbeat port");
		if (sent > 0) {
			line += sent;
			length -= (size_t)sent;
		} else {
			await_port(POLLOUT);
		}
	}
	pthread_mutex_unlock(&port_lock);
}

void say(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(line)) {
		length = sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	send_line(line, (size_t)length);
}

/* There is no udev: the port's name stands in sysfs, its device node is the directory's name. */
static bool open_port_once(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	bool found = false;

	if (!ports)
		return false;
	while (!found && (entry = readdir(ports))) {
		char path[400], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (!fgets(name, sizeof(name), file))
			name[0] = '\0';
		fclose(file);
		name[strcspn(name, "\n")] = '\0';
		if (strcmp(name, PORT_NAME) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		found = port >= 0;
	}
	closedir(ports);
	return found;
}

void open_port(void)
{
	/* The driver learns of its ports by messages, a moment after the device is there. */
	for (int attempt = 0; attempt < 3000; attempt++) {
		if (open_port_once())
			return;
		usleep(10000);
	}
	errno = ENODEV;
	fail("no virtio-serial port named " PORT_NAME);
}

void *listen_forever(void *unused)
{
	char line[64];
	size_t length = 0;

	(void)unused;
	for (;;) {
		if (read(port, line + length, 1) != 1) {
			await_port(POLLIN);
			continue;
		}
		if (line[length] != '\n') {
			length = length + 2 < sizeof(line) ? length + 1 : 0;
			continue;
		}
		line[length] = '\0';
		length = 0;
		if (strcmp(line, "stop") == 0)
			stop_requested = STOP;
		else if (strcmp(line, "poweroff") == 0)
			stop_requested = POWEROFF;
		else if (strcmp(line, "reboot") == 0)
			stop_requested = REBOOT;
	}
	return NULL;
}
