/* One client's login: which exchange his method and secret call for, and its steps.
 *
 *                  │ secret plain   md5            SCRAM          none, or no such user
 *    trust         │ in             in             in             in / no such user: failed
 *    any           │ in             in             in             in
 *    plain         │ asks for the password itself in all cases
 *    md5           │ md5            md5            SCRAM          as most users of the auth_file
 *    scram-sha-256 │ SCRAM          mock SCRAM     SCRAM          mock SCRAM
 *
 * Whoever cannot get in goes through an exchange of the same messages, sizes and
 * work as those who can, and fails at its end (acceptance.md, E1 and T19).
 *
 * Messages are appended whole, with type and length ('R' …); AuthenticationOk is
 * among them. The ErrorResponse after a failure is the caller's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/scram.h"
#include "auth/user.h"
#include "auth/verdict.h"
#include "base/buf.h"
#include "base/span.h"

enum client_auth_method { CLIENT_AUTH_TRUST, CLIENT_AUTH_ANY, CLIENT_AUTH_PLAIN, CLIENT_AUTH_MD5, CLIENT_AUTH_SCRAM };

/* Reads "trust", "any", "plain", "password" (the same), "md5" or "scram-sha-256", as in auth_type and HBA files. */
bool client_auth_method_parse(struct span text, enum client_auth_method *method);

struct client_auth_setup {
	enum client_auth_method method;
	struct span name; /* as the client gave it */
	struct user *user; /* NULL = no such user */
	uint32_t scram_iterations; /* of mock exchanges: users_scram_iterations; 0 = 4096 */
	bool unknown_by_scram; /* users_mostly_scram */
	struct scram_binding binding; /* of the TLS connection; len 0 = none */
};

struct client_auth;

/* Begins a login; takes a reference to the user and copies the rest. */
struct client_auth *client_auth_new(const struct client_auth_setup *setup);
void client_auth_free(struct client_auth *a); /* wipes all secrets; NULL is fine */

/* Appends the first message to the client: AUTH_CONTINUE, or AUTH_OK (trust, any), or AUTH_FAILED. Called once. */
enum auth_verdict client_auth_start(struct client_auth *a, struct buf *out);

/* Takes the body of a 'p' message (what follows its length) and appends the reply.
 * After any other verdict than AUTH_CONTINUE the login has ended; what comes then is
 * AUTH_MALFORMED. After AUTH_OK by SCRAM, or by password against a verifier, the
 * user has learned the keys for pass-through. */
enum auth_verdict client_auth_message(struct client_auth *a, struct span body, struct buf *out);
