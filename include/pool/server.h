/* A server: one connection to one node, from the first look-up of its address to
 * its close. It knows its pool by callbacks and whoever uses it by a *holder*, never
 * a client.
 *
 *    RESOLVING ─► CONNECTING ─► LOGIN ─► IDLE ◄─► LENT (to a holder)
 *                                         ▲        │ given back
 *                                         └─ RESETTING / CANCELLED (waits for its cancels)
 *                    any ─► CLOSED
 *
 * While LENT all bytes and the end go to the holder, who keeps `owed` true. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/server_auth.h"
#include "base/list.h"
#include "net/dns.h"
#include "net/stream.h"
#include "pool/guc.h"
#include "pool/statement.h"
#include "pool/target.h"
#include "wire/owed.h"

#define SERVER_STATES(X)                                                                                               \
	X(RESOLVING, "resolving")                                                                                      \
	X(CONNECTING, "connecting")                                                                                    \
	X(LOGIN, "login")                                                                                              \
	X(IDLE, "idle") X(LENT, "active") X(RESETTING, "resetting") X(CANCELLED, "being_canceled") X(CLOSED, "closed")
enum server_state {
#define SERVER_STATE_SYMBOL(symbol, text) SERVER_##symbol,
	SERVER_STATES(SERVER_STATE_SYMBOL)
#undef SERVER_STATE_SYMBOL
		SERVER_STATE_COUNT
};
const char *server_state_text(enum server_state state);

struct server;

/* Why a server could not be had, or was lost. Strings live for the call. */
struct server_failure {
	const char *sqlstate; /* 08006, or the server's own */
	const char *message;
	struct span response; /* body of the server's ErrorResponse; empty if it sent none */
	bool login; /* the node is there but refused the login: the user's problem, not the node's */
};

/* To the pool. */
struct server_events {
	void (*on_ready)(void *owner, struct server *server, bool first); /* logged in (first), or reset: idle */
	void (*on_failed)(void *owner, struct server *server,
			  const struct server_failure *failure); /* before it ever was ready */
	void (*on_lost)(void *owner, struct server *server, const char *why); /* while idle, resetting or cancelled */
};

/* To whoever it is lent to. */
struct holder_events {
	size_t (*on_bytes)(void *holder, struct span bytes);
	void (*on_drained)(void *holder);
	void (*on_lost)(void *holder, const char *why);
};

/* Owned by its pool; fields are read by holders, written as said. */
struct server {
	struct list item; /* in the pool's list of its state */
	enum server_state state; /* server_enter alone */
	struct loop *loop;
	struct dns *dns;
	struct target *target;
	struct stream *stream; /* NULL until connected */
	const struct server_events *events;
	void *owner; /* the pool */
	const struct holder_events *holder_events;
	void *holder; /* while LENT */
	struct server_auth *auth;
	unsigned host_index; /* of the target's hosts */
	uint64_t id; /* for SHOW SERVERS */
	uint32_t backend_pid; /* for cancels: as BackendKeyData said */
	char cancel_key[256];
	size_t cancel_key_bytes;
	struct list cancels; /* under way, see pool/cancel.h: not lent while there are any */
	bool close_needed; /* RECONNECT, or obsolete: closed when given back */
	uint64_t sequences_of; /* client for whom nextval may have run; 0 = none. Holder */
	char transaction_status; /* of the last ReadyForQuery: I, T or E. Holder */
	struct owed owed; /* Holder, while LENT */
	struct guc_set reported; /* ParameterStatus. Holder, while LENT */
	struct guc_set applied; /* set by us for the session. Holder, while LENT */
	struct guc_set customs; /* custom settings it has ever seen: they never go away. Holder */
	struct prepared_set prepared; /* Holder, while LENT */
	struct statement *unnamed; /* what its unnamed statement is, if known. Holder */
	uint64_t last_holder; /* id of the client that it was lent to last */
	int64_t connected_us, since_us, deadline_us; /* made; in this state since; state ends by (0 = never) */
};

/* A server that will connect to the target's host number `host_index` modulo their number; on_ready or on_failed
 * follows server_start, possibly before that returns. `timeout_us`: for all of it. */
struct server *server_new(struct loop *loop, struct dns *dns, struct target *target, unsigned host_index,
			  int64_t timeout_us, const struct server_events *events, void *owner);

/* Begins to connect: call it once the server is listed. */
void server_start(struct server *server);

/* Closes it (politely if nothing is under way) and frees it at the end of the callback. No callback follows but
 * on_gone (NULL is fine): the node has let go of the connection, or was given time enough to. */
void server_free(struct server *server, void (*on_gone)(void *arg), void *arg);

void server_lend(struct server *server, const struct holder_events *events, void *holder);
/* Back to IDLE (the pool has checked that it is clean). */
void server_rest(struct server *server);
/* Runs a query nobody waits for the result of; on_ready when it has gone through, on_lost if not. */
void server_reset(struct server *server, const char *query, int64_t timeout_us);
/* Waits for its cancels. */
void server_wait_cancelled(struct server *server);

/* Called by the pool's tick: fails a state that has lasted too long. */
void server_check_deadline(struct server *server, int64_t now_us);

/* Off this loop (it must be IDLE and server_can_move), and onto another. */
bool server_can_move(const struct server *server);
void server_detach(struct server *server);
void server_attach(struct server *server, struct loop *loop, struct dns *dns, const struct server_events *events,
		   void *owner);

/* Where it is connected, for cancels: the address actually dialled. */
const struct address *server_address(const struct server *server);
/* Notes a ParameterStatus body in `reported`. */
void server_note_parameter(struct server *server, struct span body);
/* Notes a setting that was set on it, in `applied` and, if it is a custom one, for good. */
void server_note_applied(struct server *server, const char *name, const char *value);
void server_note_custom(struct server *server, const char *name);
