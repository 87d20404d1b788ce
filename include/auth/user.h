/* A user and the secret that proves him, as a line of the auth_file or a row of
 * auth_query gives them. Counted, shared by all loops, and immutable but for what
 * was computed or learned from the secret, which is kept here because it is dear:
 *
 *    plain   SCRAM keys towards clients, derived at the first login by SCRAM
 *    scram   the ClientKey, learned from the first client that proves it
 *    plain   SCRAM keys towards servers, one set for each salting met
 *
 * Threads. The first two are published once by compare-and-exchange. A lock would
 * make a loop wait for a millisecond of another loop's work; a set for each loop
 * would derive again for each. Here two loops may at worst derive the same keys at
 * the same time (the salt is a function of the name, so they are the same keys) and
 * one set is thrown away. The sets towards servers are few and are replaced, so they
 * stand under a lock, which is never held while keys are derived. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/scram.h"
#include "base/span.h"

enum user_secret_kind {
	USER_SECRET_NONE, /* empty: no password is right */
	USER_SECRET_PLAIN, /* the password itself */
	USER_SECRET_MD5, /* see auth/md5.h */
	USER_SECRET_SCRAM /* a verifier, see auth/scram.h */
};

enum { USER_NAME_MOST = 127, USER_SECRET_MOST = 65535 }; /* bytes */

struct user;

/* A user with one reference. What the secret is, its form tells, as in PostgreSQL
 * (its get_password_type), but what begins as a SCRAM verifier has to be a good one.
 * `scram_iterations` (1..SCRAM_ITERATIONS_DERIVE) is for keys derived from a plain
 * password towards clients. NULL and a constant *reason, without any of the
 * secret, when name or secret cannot be. */
struct user *user_new(struct span name, struct span secret, uint32_t scram_iterations, const char **reason);
struct user *user_ref(struct user *user);
void user_unref(struct user *user); /* NULL is fine; the last one wipes and frees */

const char *user_name(const struct user *user);
enum user_secret_kind user_secret_kind(const struct user *user);
/* The secret's text if it is plain or md5, else "". Never to be shown. */
const char *user_secret(const struct user *user);
/* Tells one secret of a user from the next: for pools keyed by it. Says nothing about
 * the secret and means nothing outside of this process. */
uint64_t user_generation(const struct user *user);
/* True if user_new with these would give the same user; the time depends on the lengths alone. */
bool user_is(const struct user *user, struct span name, struct span secret, uint32_t scram_iterations);

/* The verifier to check a client by SCRAM: stored, or derived from a plain password
 * at the first call (a millisecond). NULL for md5 and none. Valid as long as the user. */
const struct scram_secret *user_scram_secret(struct user *user);

/* Remembers the keys that a client proved against this user's verifier, for pass-through. */
void user_learn_keys(struct user *user, const struct scram_keys *keys);

/* The keys towards a server that asks for this salting: derived from a plain password
 * (and kept), or passed through. NULL if `keys` was filled (wipe it after use), else
 * the constant reason why this secret does not serve. */
const char *user_keys_for_server(struct user *user, const struct scram_salting *salting, struct scram_keys *keys);
