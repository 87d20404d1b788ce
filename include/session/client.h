/* A client: one session, from its first byte to its last. This header is for the
 * modules of this layer (and, reading, for the console); each function says which
 * file it is in.
 *
 *    STARTUP ─► AUTH ─► WELCOME ─► IDLE ◄──────────────┐
 *                 └─► CONSOLE      │ a batch           │ ReadyForQuery 'I'
 *                                  ▼                   │
 *                               WAITING ─► PREPARING ─► LINKED
 *
 *    batch   what the client sent up to a Query, Sync or Flush: decided as one
 *    ops     its messages, read (request.c), not yet sent (send.c)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/client_auth.h"
#include "base/list.h"
#include "net/stream.h"
#include "pool/pool.h"
#include "session/journal.h"
#include "session/handles.h"
#include "session/tenant.h"
#include "wire/proto.h"

#define CLIENT_STATES(X)                                                                                               \
	X(STARTUP, "login")                                                                                            \
	X(AUTH, "login")                                                                                               \
	X(WELCOME, "waiting_login")                                                                                    \
	X(IDLE, "idle")                                                                                                \
	X(WAITING, "waiting") X(PREPARING, "active") X(LINKED, "active") X(CONSOLE, "active") X(CLOSED, "closed")
enum client_state {
#define CLIENT_STATE_SYMBOL(symbol, text) CLIENT_##symbol,
	CLIENT_STATES(CLIENT_STATE_SYMBOL)
#undef CLIENT_STATE_SYMBOL
		CLIENT_STATE_COUNT
};
const char *client_state_text(enum client_state state);

/* Errors that pgshunt gives in the place of a message. The server is sent something that fails instead, so
 * that what follows (skipping to Sync, a failed transaction) is its own doing. */
#define OP_ERRORS(X)                                                                                                   \
	X(FINE, "", "", "")                                                                                            \
	X(LEFT_NODE, "40001", "this statement needs another node than the transaction that it is in",                  \
	  "Retry the transaction, or begin it with SET LOCAL pgshunt.route = 'coordinator'; see EXPLAIN ROUTE on the " \
	  "console.")                                                                                                  \
	X(UNKNOWN, "26000", "prepared statement \"%s\" does not exist", "")                                            \
	X(TAKEN, "42P05", "prepared statement \"%s\" already exists", "")                                              \
	X(ABORTED, "25P02", "current transaction is aborted, commands ignored until end of transaction block", "")     \
	X(PIN, "0A000", "this statement would tie the session to one server connection (%s)",                          \
	  "Set pinning = on, or use pool_mode = session.")
enum op_error {
#define OP_ERROR_SYMBOL(symbol, sqlstate, message, hint) OP_##symbol,
	OP_ERRORS(OP_ERROR_SYMBOL)
#undef OP_ERROR_SYMBOL
};

/* A named portal of the transaction under way. */
struct portal {
	struct list item;
	char *text;
	struct handle *handle; /* of its statement; counted */
};

/* One message of a batch. */
struct op {
	char type;
	size_t at, total; /* bytes from the start of the batch, head included; total may exceed what is here */
	struct handle *handle; /* P, B, D of a statement, C of a statement: what it refers to; counted */
	struct script *script; /* Q: what it runs, if anything of it must be remembered; counted */
	enum op_error error; /* the server is made to fail in its place, with this error */
};

/* What all the statements of a batch come to. */
struct batch_facts {
	unsigned executed; /* statements run */
	unsigned parsed; /* Parse messages */
	bool all_begin; /* every one of them is a BEGIN and nothing else */
	bool all_end; /* COMMIT or ROLLBACK, without CHAIN */
	bool opens, ends; /* holds a BEGIN; a COMMIT or ROLLBACK after it, or for the held one */
	bool may_commit; /* when it is through, something may be committed */
	bool describes; /* Describes a statement */
	bool portals; /* asks about a portal, or runs one */
	bool deallocates; /* runs DEALLOCATE ALL or DISCARD ALL: names become free */
	bool other; /* FunctionCall, or anything else that needs a server */
	bool sequences; /* calls nextval, currval or the like */
	bool too_large; /* not read: passes through to the coordinator */
};

/* What the current batch, or transaction, may have done to the server (for E11 against E12). */
struct client {
	struct list all; /* in sessions->clients */
	struct sessions *sessions;
	struct tenant *tenant; /* from AUTH on; NULL for the console */
	enum client_state state; /* client_enter alone */
	struct stream *stream;
	uint32_t id; /* BackendKeyData: loop and slot, then a random key */
	uint32_t cancel_key;
	uint64_t serial; /* unique in the process, for SHOW CLIENTS */
	int64_t connected_us, request_us, since_us;
	bool ssl_asked, gss_asked;
	bool admin, stats_reader; /* CONSOLE: what it may do */
	bool closing_told; /* an error that ends the session has been sent */

	/* login */
	char *user_name, *database_name;
	struct client_auth *auth;
	struct user *login; /* as the auth_file has it, NULL if unknown */
	struct guc_set startup; /* settings asked for at startup */

	/* session state (session/gucs.c) */
	struct guc_set wanted; /* set for the session, to be had on whichever server */
	struct guc_set customs; /* custom settings that it has ever set: it may see that a server knows them */
	struct guc_set told; /* ParameterStatus values that the client knows */
	struct journal journal; /* settings of the transaction under way */
	uint64_t env_version; /* grows when search_path, role or map change what names mean */
	enum pin pin; /* why it keeps its server */
	const char *pin_other; /* a reason that is not the router's */
	struct handles handles; /* its prepared statements */
	struct handle *portal; /* statement of the unnamed portal; counted */
	struct handle *ended_by_query; /* the unnamed statement that a Query under way has unlisted; counted */
	struct list portals; /* named ones: struct portal */

	/* transaction */
	char status; /* what the last ReadyForQuery told it: I, T, E */
	bool held; /* BEGIN was answered here and is still to be sent */
	char *held_begin; /* its text */
	bool held_by_portal; /* the client ran it by Execute of the unnamed portal */
	bool started; /* held BEGIN is on its way with this batch */
	bool outside; /* a Describe served outside of the held transaction */
	bool failed; /* an error since the last end of a transaction */
	bool disturbed; /* cluster_disturb is owed a cluster_settle */
	bool commit_possible; /* the server may have committed something not acknowledged yet */
	bool doubtful; /* the server may have settings that we do not know of */
	bool skip_to_sync; /* we answered an error: the rest up to Sync is dropped */
	int node; /* node index that the transaction runs on; -1 = not routed, coordinator */
	struct map *map; /* of the last decision; held */
	unsigned lost_count; /* servers lost before anything was sent, for this batch */
	char *fatal; /* the server's last words, when they must not be taken for the outcome */

	/* the batch */
	struct op *ops;
	unsigned op_count, op_size;
	size_t batch_bytes;
	size_t drop_bytes; /* of a batch that was answered without being sent */
	struct batch_facts facts;
	bool batch_ready; /* ops are decided and wait to be sent */
	bool batch_ends; /* with Sync, Query or FunctionCall (not Flush or the limit) */
	uint64_t pass_left; /* bytes of a message under way that are passed on unread */
	struct route_decision decision;
	struct buf retry; /* copy of the batch while it may have to be asked again */
	struct buf again; /* that batch, while it waits for the coordinator */
	struct buf early; /* answers held back as long */
	bool retry_armed;

	/* the server */
	struct waiter waiter;
	struct server *server; /* PREPARING, LINKED */
	uint64_t answer_left; /* bytes of an answer under way that are passed on (or dropped) unread */
	bool answer_swallow;
	int64_t transaction_us, query_us; /* begun; 0 = none */
	uint64_t xact_count, query_count;
};

static inline bool client_pinned(const struct client *c)
{
	return c->pin != PIN_NONE || c->pin_other != NULL;
}

/* --- client.c: life and death --- */
void client_new(struct sessions *sessions, int fd);
void client_enter(struct client *c, enum client_state state);
/* Ends the session; why is for the log. With an error the client is told first. */
void client_close(struct client *c, const char *why);
void client_fatal(struct client *c, const char *sqlstate, const char *message, const char *hint);
/* FATAL with the body of a server's own ErrorResponse, severity made FATAL. */
void client_fatal_response(struct client *c, const struct server_failure *failure);
struct buf *client_out(struct client *c);
size_t client_on_bytes(void *owner, struct span bytes);
extern const struct stream_events client_stream_events;
/* Console answers. */
struct buf *client_console_out(struct client *c);
void client_console_done(struct client *c);

/* --- login.c --- */
size_t login_on_bytes(struct client *c, struct span bytes); /* STARTUP, AUTH */
void login_welcome(struct client *c); /* its database's parameters are known */
void login_cancel_request(struct sessions *sessions, uint32_t id, struct span key);

/* --- request.c: reading a batch and deciding where it goes --- */
/* Looks at what the client sent; returns the bytes done with. */
size_t request_on_bytes(struct client *c, struct span bytes);
/* Reads the batch in `retry` again and sends it to the coordinator, whatever it says. */
void request_again(struct client *c);
bool request_send_again(struct client *c); /* its server is there; false if there was no such batch */
void request_forget(struct client *c, bool undo); /* drops the ops; undo: and the names they prepared */
struct span request_body(struct span batch, const struct op *op); /* what is here of it */
/* What a handle's statement means now; read again when names may mean something else. */
const struct script *request_script(struct client *c, struct handle *handle);
/* The environment of names for the router. */
struct route_env request_env(struct client *c, struct map *map);

/* --- local.c: answers without a server --- */
/* True if the whole batch was answered here. */
bool local_answer(struct client *c, struct span batch);
/* The batch under way fails with this error (ERROR): told now, with ReadyForQuery where it is due. */
void local_fail(struct client *c, const char *sqlstate, const char *message, const char *hint);
void local_fail_response(struct client *c, const struct server_failure *failure);

/* --- link.c: a server for the batch --- */
void link_wait(struct client *c, struct target *target);
/* Sends the difference of settings; true if there was none and the batch can go at once. */
bool link_ready(struct client *c);
/* The transaction is over, nothing is under way either way, and nothing ties the client to its server. */
bool link_is_over(const struct client *c);
void link_release(struct client *c); /* when link_is_over */
void link_drop(struct client *c, const char *why); /* the server is not to be used again */
size_t link_prepare_on_bytes(struct client *c, struct span bytes); /* PREPARING */
void link_retry(struct client *c); /* the node says that the map is stale */
extern const struct holder_events link_holder_events;

/* --- send.c: ops to the server --- */
/* What is here of a batch; the rest of a last long message follows by send_rest. */
void send_batch(struct client *c, struct span batch);
size_t send_rest(struct client *c, struct span bytes);
/* The ReadyForQuery of a query that the server skipped for a fault that was not the client's. */
void send_own_sync(struct client *c);
/* One message as it is (session mode, COPY), in pieces if need be. Returns the bytes taken, 0 = wait for more. */
size_t send_plain(struct client *c, struct span bytes, const struct wire_head *head);

/* --- answer.c: the server's answers --- */
size_t answer_on_bytes(struct client *c, struct span bytes);
/* A ParameterStatus while settings are sent ahead: what the client knows comes back, or what PostgreSQL makes of a
 * value that was given at startup. */
void answer_parameter(struct client *c, struct span body);
void answer_fakes(struct client *c); /* makes up those whose turn has come */

/* --- effects.c: what a completed statement leaves behind --- */
void effects_sending(struct client *c, const struct script *script);
bool effects_lasting(const struct script *script); /* worth remembering until it has completed */
/* The prepared statement that a lone DEALLOCATE is about, if it is one of the client's; else NULL. */
struct handle *effects_deallocated(const struct client *c, const struct script *script);
void effects_completed(struct client *c, const struct script *script, unsigned part, struct span tag);
/* COMMIT or ROLLBACK has run, and perhaps the next transaction has begun with it: what was set holds, or is undone. */
void effects_settings(struct client *c, bool committed);
void effects_transaction_over(struct client *c);
void effects_environment(struct client *c); /* search_path or role may have changed */

/* Flags of owed entries. */
enum {
	OWED_FLAG_ERROR = 1 << 0, /* sent to fail: the error is replaced by enum op_error, in the bits from 8 on */
	OWED_FLAG_UNNAMED = 1 << 1, /* Parse of the unnamed statement */
	OWED_FLAG_SCRIPT = 1 << 2, /* arg is a struct script */
	OWED_FLAG_HANDLE = 1 << 3, /* arg is a struct handle */
	OWED_FLAG_STATEMENT = 1 << 4, /* arg is a struct statement */
	OWED_FLAG_KEEP = 1 << 5, /* the handle is not this message's own: its failure does not undo it */
	OWED_ERROR_SHIFT = 8,
};
/* Lets go of what an entry holds, because it was answered or because it never will be. */
void owed_release(struct client *c, struct owed_entry *entry, bool dropped);
