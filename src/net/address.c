/* Socket addresses and their texts. */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool address_from_numeric(struct address *a, const char *host, int port)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		a->len = sizeof a->v4;
		return true;
	}
	if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		a->len = sizeof a->v6;
		return true;
	}
	return false;
}

bool address_from_folder(struct address *a, const char *folder, int port)
{
	memset(a, 0, sizeof *a);
	a->local.sun_family = AF_UNIX;
	int len = snprintf(a->local.sun_path, sizeof a->local.sun_path, "%s/.s.PGSQL.%d", folder, port);
	if (len < 0 || (size_t)len >= sizeof a->local.sun_path)
		return false;
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len + 1);
	if (folder[0] == '@') {
		a->local.sun_path[0] = '\0';
		a->len--;
	}
	return true;
}

bool address_is_local(const struct address *a)
{
	return a->any.sa_family == AF_UNIX;
}

const char *address_host(const struct address *a, char *text)
{
	text[0] = '\0';
	if (a->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, text, ADDRESS_TEXT_BYTES);
	else if (a->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, text, ADDRESS_TEXT_BYTES);
	else
		snprintf(text, ADDRESS_TEXT_BYTES, "unix");
	return text;
}

int address_port(const struct address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohs(a->v4.sin_port);
	if (a->any.sa_family == AF_INET6)
		return ntohs(a->v6.sin6_port);
	return 0;
}
