/* The server's side of a SCRAM exchange, towards clients.
 *
 *    client                                           scram_server
 *      │  n,,n=,r=<nonce>                             │  await first
 *      ├──────────────────────────────────────────────►
 *      │        r=<nonce><ours>,s=<salt>,i=<count>    │  await final
 *      ◄──────────────────────────────────────────────┤
 *      │  c=biws,r=<nonce><ours>,p=<proof>            │
 *      ├──────────────────────────────────────────────►
 *      │                            v=<signature>     │  passed
 *      ◄──────────────────────────────────────────────┤
 *
 * A function of messages: nothing here sends. What PostgreSQL refuses is refused
 * (its src/backend/libpq/auth-scram.c): authorization names, mandatory extensions,
 * a binding that was not offered, a downgrade that the client noticed. */
#pragma once

#include "auth/scram.h"
#include "auth/verdict.h"

enum scram_server_state { SCRAM_SERVER_FIRST, SCRAM_SERVER_FINAL, SCRAM_SERVER_PASSED, SCRAM_SERVER_FAILED };

struct scram_server {
	enum scram_server_state state;
	bool doomed;
	bool plus_offered, plus_chosen;
	struct scram_binding binding;
	struct scram_keys keys; /* client_key: known once the client has proved itself */
	struct buf gs2_header; /* as the client sent it */
	struct buf nonce; /* both parts; until the first message ours alone */
	struct buf auth_message; /* what is signed, as far as it is known */
};

/* Begins an exchange; everything is copied. A doomed one looks like any other and
 * always ends in AUTH_FAILED. A binding (NULL or of length 0: none) means that
 * SCRAM-SHA-256-PLUS is offered. `nonce` is our part, NULL for a random one: only
 * tests pass one. */
void scram_server_init(struct scram_server *s, const struct scram_secret *secret, bool doomed,
		       const struct scram_binding *binding, const char *nonce);
void scram_server_done(struct scram_server *s); /* wipes all secrets; fine twice */

/* Which of the offered mechanisms the client chose; AUTH_MALFORMED for any other. Before the first message. */
enum auth_verdict scram_server_choose(struct scram_server *s, struct span mechanism);

/* Takes the client's next message and appends the reply to it, if there is one
 * (AUTH_CONTINUE, AUTH_OK). After any other verdict than AUTH_CONTINUE the
 * exchange has ended, and a further message is AUTH_MALFORMED. */
enum auth_verdict scram_server_message(struct scram_server *s, struct span message, struct buf *reply);

/* The keys for pass-through, after AUTH_OK; NULL else. Valid until scram_server_done. */
const struct scram_keys *scram_server_keys(const struct scram_server *s);
