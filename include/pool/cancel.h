/* Sending a cancel to a server: a connection of its own to the same address, 16
 * bytes or more, and its end. The server is not lent to anybody else before that,
 * so a cancel never meets another client's statement: the postmaster closes the
 * connection only after it has sent the signal, and a backend that is between
 * statements ignores it (tcop/postgres.c, DoingCommandRead).
 * Source: PostgreSQL manual, "Canceling Requests in Progress". */
#pragma once

#include <stdint.h>

#include "pool/server.h"

/* The server must be LENT. Counted in its node's account; waits for room there for at
 * most `timeout_us` (0: no limit). Ends by itself. */
void cancel_send(struct server *server, int64_t timeout_us);
