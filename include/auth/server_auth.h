/* Logging in to one server: answers to its Authentication messages.
 *
 *                      │ secret plain   md5       SCRAM          none
 *    AuthenticationOk  │ in             in        in             in
 *    cleartext         │ answered       refused   refused        refused
 *    MD5               │ answered       answered  refused        refused
 *    SASL (SCRAM)      │ answered       refused   pass-through   refused
 *
 * A server that began SCRAM has to prove that it knows the verifier before its
 * AuthenticationOk counts; one that asks twice, or for something else on the way,
 * is refused. So are methods not listed (Kerberos, GSSAPI, SSPI). */
#pragma once

#include <stdbool.h>

#include "auth/scram.h"
#include "auth/user.h"
#include "base/buf.h"
#include "base/span.h"

struct server_auth;

/* Begins a login as this user, with his secret; takes a reference. The binding (NULL
 * or of length 0: none) is the TLS connection's and is copied. */
struct server_auth *server_auth_new(struct user *user, const struct scram_binding *binding);
void server_auth_free(struct server_auth *a); /* wipes; NULL is fine */

/* Takes the body of an 'R' message (what follows its length) and appends the reply,
 * if it calls for one, as a whole message. NULL if fine; else the constant reason why
 * the login is given up, without anything secret or anything that the server sent. */
const char *server_auth_message(struct server_auth *a, struct span body, struct buf *out);

/* True once AuthenticationOk has come and counts. */
bool server_auth_passed(const struct server_auth *a);
