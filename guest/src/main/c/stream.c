// SPDX-License-Identifier: Apache-2.0
/*
 * A TCP connection to the outside (io.twinhype.guest.StreamEcho) that is never made anew: records with a running number go
 * out, and must come back in order and unchanged.
 *
 * A record, little-endian, 256 bytes: number from 1 (8), then words of pattern(position, number).
 */
#include "guest.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define WORDS 32
#define REST_US 2000
/* Records under way at most: some are, whenever the guest is stopped. */
#define WINDOW 64
#define ATTEMPTS 300

enum { SENT, LONGEST };

static struct check stream = {
	.name = "stream",
	.proceeds = true,
	.ends = true,
	.figures = { [SENT] = { .key = "sent" }, [LONGEST] = { .key = "longest_ns" } },
};
static char own_address[40], peer_address[60];
static _Atomic bool broken;

/* The one network interface, without any program of a distribution. */
static void bring_up(void)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(request.ifr_name, "eth0");
	address->sin_family = AF_INET;
	if (inet_pton(AF_INET, own_address, &address->sin_addr) != 1)
		fail("twinhype.net is not an IPv4 address");
	/* A device that is found late is waited for. */
	for (int attempt = 0; ioctl(control, SIOCSIFADDR, &request) != 0; attempt++) {
		if (attempt == ATTEMPTS)
			fail("eth0");
		usleep(100000);
	}
	inet_pton(AF_INET, "255.255.255.0", &address->sin_addr);
	if (ioctl(control, SIOCSIFNETMASK, &request) != 0)
		fail("eth0's netmask");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
		fail("eth0 does not come up");
	close(control);
}

static int connect_to_peer(void)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	const int on = 1;
	char *colon = strchr(peer_address, ':');

	if (!colon)
		fail("twinhype.stream is not ADDRESS:PORT");
	peer.sin_port = htons((uint16_t)atoi(colon + 1));
	*colon = '\0';
	if (inet_pton(AF_INET, peer_address, &peer.sin_addr) != 1)
		fail("twinhype.stream is not ADDRESS:PORT");
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(connection, (struct sockaddr *)&peer, sizeof(peer)) == 0) {
			setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			return connection;
		}
		close(connection);
		usleep(100000);
	}
	wrong(&stream, "no connection to %s: %s", peer_address, strerror(errno));
	broken = true;
	return -1;
}

static void fill(uint64_t *record, uint64_t number)
{
	record[0] = number;
	for (unsigned int i = 1; i < WORDS; i++)
		record[i] = pattern(i, number);
}

static void *receive_forever(void *socket_number)
{
	int connection = (int)(long)socket_number;
	uint64_t expected[WORDS], came[WORDS];

	for (uint64_t number = 1;; number++) {
		int64_t before = monotonic();
		ssize_t length = recv(connection, came, sizeof(came), MSG_WAITALL);

		if (length == 0)
			break;
		if (length != sizeof(came)) {
			wrong(&stream, "the connection broke after %llu records: %s", (unsigned long long)number - 1,
			      length < 0 ? strerror(errno) : "cut off");
			broken = true;
			return NULL;
		}
		fill(expected, number);
		if (spoil(&stream))
			came[WORDS - 1] ^= 1;
		if (memcmp(expected, came, sizeof(came)) != 0)
			wrong(&stream, "record %llu came back as another, of number %llu", (unsigned long long)number,
			      (unsigned long long)came[0]);
		if (settled())
			figure_max(&stream.figures[LONGEST], monotonic() - before);
		stream.rounds++;
	}
	/* The other end closes when it has had the end of ours. */
	if ((int64_t)stream.rounds != stream.figures[SENT].value)
		wrong(&stream, "%lld records were sent, %llu came back", (long long)stream.figures[SENT].value,
		      (unsigned long long)stream.rounds);
	stream.done = true;
	return NULL;
}

static void *send_forever(void *unused)
{
	uint64_t record[WORDS];
	int connection;

	(void)unused;
	bring_up();
	connection = connect_to_peer();
	if (connection < 0)
		return NULL;
	start(receive_forever, (void *)(long)connection);
	for (uint64_t number = 1; stop_requested == RUNNING && !broken; number++) {
		fill(record, number);
		if (send(connection, record, sizeof(record), MSG_NOSIGNAL) != sizeof(record)) {
			if (!broken)
				wrong(&stream, "record %llu could not be sent: %s", (unsigned long long)number, strerror(errno));
			broken = true;
			return NULL;
		}
		stream.figures[SENT].value = (int64_t)number;
		while (number - stream.rounds >= WINDOW && stop_requested == RUNNING && !broken)
			usleep(REST_US);
		usleep(REST_US);
	}
	shutdown(connection, SHUT_WR);
	return NULL;
}

void start_stream(const char *address, const char *peer)
{
	snprintf(own_address, sizeof(own_address), "%s", address);
	snprintf(peer_address, sizeof(peer_address), "%s", peer);
	watch(&stream);
	start(send_forever, NULL);
}
