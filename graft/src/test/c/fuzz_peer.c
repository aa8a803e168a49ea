/* Asks the library through its socket: what is right, what is wrong, and what is broken off. Looks at the first word only. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "message.h"

/* 0: no answer. */
static int ask(struct peer *peer, struct fuzz *dice, const char *text, size_t length, const int *fds, int count)
{
	static __thread char answer[65536];
	int to = message_connect(peer->directory, getpid());
	ssize_t got = 0;

	if (to < 0)
		return 0;
	peer->asked++;
	if (message_send(to, text, length, fds, count) == 0 && below(dice, 20)) {
		got = recv(to, answer, sizeof(answer) - 1, 0);
		if (got > 0) {
			answer[got] = '\0';
			if (strncmp(answer, "ok", 2) && strncmp(answer, "refused ", 8) && strncmp(answer, "failed ", 7) &&
			    strncmp(answer, "error ", 6))
				fail("the library answers \"%.60s\" to \"%.60s\"", answer, text);
			peer->answered++;
			if (!strncmp(answer, "ok", 2) && strstr(answer, "pause_ns"))
				peer->grafted++;
			else if (!strncmp(text, "graft timeout_ms=1000", 21))
				snprintf(peer->unwilling, sizeof(peer->unwilling), "%.*s", (int)strcspn(answer, "\n"), answer);
		} else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			fail("the library does not answer \"%.60s\" in 30 s", text);
		}
	}
	close(to);
	return got > 0;
}

static void ask_something(struct peer *peer, struct fuzz *dice, const int *devices)
{
	static const char *const odd[] = {
		"", " ", "graft", "graft timeout_ms", "graft timeout_ms=", "graft timeout_ms=-1", "graft timeout_ms=x",
		"graft timeout_ms=99999999999999999999", "graft fail=", "graft fail=nothing", "graft fail=:", "show show",
		"check", "SHOW", "show\n", "steps", "graft fail=park.vcpus:0", "\xff\xfe", "%s%n",
	};
	char text[70000], *end;
	size_t length;
	int fds[4], null, i;

	switch (below(dice, 8)) {
	case 0:
		ask(peer, dice, "show", 4, NULL, 0);
		return;
	case 1:
		ask(peer, dice, "check", 5, &devices[below(dice, 2)], 1);
		return;
	case 2:
	case 3:
		length = (size_t)snprintf(text, sizeof(text), "graft timeout_ms=%u", below(dice, 3) ? 1000 : below(dice, 3));
		ask(peer, dice, text, length, &devices[below(dice, 2)], 1);
		return;
	case 4:
		end = (char *)odd[below(dice, sizeof(odd) / sizeof(odd[0]))];
		ask(peer, dice, end, strlen(end), &devices[0], (int)below(dice, 2));
		return;
	case 5:		/* too many descriptors, one that is none of KVM's */
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (i = 0; i < 4; i++)
			fds[i] = null;
		ask(peer, dice, "graft timeout_ms=100", 20, fds, 1 + (int)below(dice, 4));
		close(null);
		return;
	case 6:		/* long and meaningless */
		length = below(dice, sizeof(text));
		for (i = 0; i < (int)length; i++)
			text[i] = (char)random_word(dice);
		ask(peer, dice, text, length, NULL, 0);
		return;
	default:	/* comes and goes */
		i = message_connect(peer->directory, getpid());
		if (i >= 0)
			close(i);
		return;
	}
}

void *peer_ask(void *argument)
{
	struct peer *peer = argument;
	struct fuzz dice = { .random = peer->random };
	int devices[2];

	devices[0] = open(peer->device, O_RDWR | O_CLOEXEC);
	devices[1] = open(peer->other, O_RDWR | O_CLOEXEC);
	if (devices[0] < 0 || devices[1] < 0)
		fail("%s or %s cannot be opened: %s", peer->device, peer->other, strerror(errno));
	while (!peer->ending) {
		ask_something(peer, &dice, devices);
		usleep(below(&dice, 5000));
	}
	close(devices[0]);
	close(devices[1]);
	return NULL;
}
