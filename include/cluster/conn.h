/* One connection to a server by libpq, on a loop, none of whose calls ever blocks.
 *
 *    closed ─ open ─► resolving ─► connecting ─► idle ◄─► running (a script, statement by statement)
 *       ▲                 │             │          │          │
 *       └──── CONN_LOST ──┴─────────────┴──────────┴──────────┘
 *
 * Names are looked up by net/dns.h and libpq is given addresses. A connection counts in
 * the account of its node from `open` until it is closed. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/dns.h"
#include "net/loop.h"
#include "pool/ledger.h"

struct conn;

struct conn_login {
	const char *host; /* name, address, or the folder of a Unix socket */
	int port;
	const char *dbname, *user;
	const char *password; /* NULL or "" = none */
	const char *sslmode;
};

struct statement {
	const char *sql;
	const char *const *params; /* as text */
	int param_count;
};

enum conn_event {
	CONN_OPENED, /* logged in */
	CONN_DONE, /* the script has run to its end */
	CONN_FAILED, /* a statement gave an error; the rest was not sent, the connection stands */
	CONN_LOST /* there is no connection (any more): refused, timed out, broken */
};

/* `why` is a sentence for CONN_FAILED and CONN_LOST, good for the call. The owner may do
 * anything from here, conn_free too. It is never called from within a conn_ function. */
typedef void conn_on_event(void *owner, enum conn_event event, const char *why);

struct conn *conn_new(struct loop *loop, struct dns *dns, conn_on_event *on_event, void *owner);
void conn_free(struct conn *conn); /* closes it. NULL is fine */

/* Connects and logs in; `login` is used only during the call, but for what libpq copies.
 * The answer is CONN_OPENED or CONN_LOST. The connection must be closed. */
void conn_open(struct conn *conn, struct account *account, const struct conn_login *login, int64_t timeout_us);
/* No event comes any more, but for those of a new conn_open. */
void conn_close(struct conn *conn);
bool conn_is_closed(const struct conn *conn);
bool conn_is_idle(const struct conn *conn); /* open, and no script under way */

/* Runs statements one after the other on an idle connection and keeps their results, of
 * which each is the caller's (PQclear) whatever the event is; those not reached are NULL.
 * `statements`, with their texts, and `results` must live until the event. The timeout is
 * for each statement. */
void conn_run(struct conn *conn, const struct statement *statements, unsigned count, PGresult **results,
	      int64_t timeout_us);
/* After CONN_FAILED: the SQLSTATE, "" if it had none. */
const char *conn_sqlstate(const struct conn *conn);
/* After CONN_LOST: the server was there and answered, so it is it that would not have us. */
bool conn_was_answered(const struct conn *conn);
