/*
 * order DIRECTORY PID REQUEST [DEVICE]
 *
 * Gives the graft library of the process PID an order, with DEVICE opened, and prints what it answers. For machines that
 * have no Java. Status 0 if the answer begins with "ok".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "message.h"

int main(int count, char **words)
{
	static char answer[65536];
	int to, device = -1;
	ssize_t got;

	if (count < 4 || count > 5) {
		fprintf(stderr, "usage: order DIRECTORY PID REQUEST [DEVICE]\n");
		return 2;
	}
	if (count == 5 && (device = open(words[4], O_RDWR | O_CLOEXEC)) < 0) {
		fprintf(stderr, "%s: %s\n", words[4], strerror(errno));
		return 2;
	}
	to = message_connect(words[1], atoi(words[2]));
	if (to < 0 || message_send(to, words[3], strlen(words[3]), &device, count - 4) < 0 ||
	    (got = recv(to, answer, sizeof(answer) - 1, 0)) <= 0) {
		fprintf(stderr, "the library of process %s does not answer: %s\n", words[2], strerror(errno));
		return 2;
	}
	puts(answer);
	return strncmp(answer, "ok", 2) != 0;
}
