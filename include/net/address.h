/* Socket addresses: IPv4, IPv6 and Unix. Plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

struct address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	};
};

enum { ADDRESS_TEXT_BYTES = 128 };

/* Reads a numeric IPv4 or IPv6 address; false if `host` is a name. */
bool address_from_numeric(struct address *a, const char *host, int port);
/* The socket file of PostgreSQL in `folder` ("@…" is abstract); false if too long. */
bool address_from_folder(struct address *a, const char *folder, int port);
bool address_is_local(const struct address *a); /* a Unix socket */
/* "127.0.0.1", "::1" or "unix"; never longer than ADDRESS_TEXT_BYTES. */
const char *address_host(const struct address *a, char *text);
int address_port(const struct address *a);
