/* SCRAM-SHA-256 (RFC 5802, RFC 7677): what both sides of an exchange share.
 *
 *    password ──PBKDF2(salt, iterations)──► SaltedPassword
 *                                              │
 *                     ClientKey = HMAC(.., "Client Key")     ServerKey = HMAC(.., "Server Key")
 *                         │
 *                     StoredKey = SHA-256(ClientKey)
 *
 * PostgreSQL stores salt, iterations, StoredKey and ServerKey (a verifier: here
 * struct scram_secret). That is enough to check a client, not to log in. A client
 * that proves itself shows its ClientKey in doing so: verifier and ClientKey
 * together (struct scram_keys) log in wherever the same verifier is stored,
 * without the password. That is pass-through.
 *
 * Both structs are plain data and secret: wipe them with mem_wipe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/digest.h"
#include "base/buf.h"
#include "base/span.h"

#define SCRAM_MECHANISM "SCRAM-SHA-256"
#define SCRAM_MECHANISM_PLUS "SCRAM-SHA-256-PLUS"
#define SCRAM_BINDING_TYPE "tls-server-end-point"

enum {
	SCRAM_ITERATIONS_DEFAULT = 4096,
	SCRAM_ITERATIONS_DERIVE = 1000000, /* the most that is ever computed, about a quarter of a second */
	SCRAM_SALT_BYTES = 16, /* of salts made here */
	SCRAM_SALT_MOST = 128, /* of salts made elsewhere */
	SCRAM_NONCE_RANDOM = 18, /* random bytes in a nonce: 24 characters of base64 */
	SCRAM_NONCE_MOST = 512, /* characters of a peer's part */
	SCRAM_MESSAGE_MOST = 4096, /* bytes of a peer's message */
	SCRAM_BINDING_MOST = 64
};

struct scram_salting {
	uint8_t salt[SCRAM_SALT_MOST];
	size_t salt_len;
	uint32_t iterations;
};

struct scram_secret {
	struct scram_salting salting;
	uint8_t stored_key[DIGEST_BYTES], server_key[DIGEST_BYTES];
};

struct scram_keys {
	struct scram_secret secret;
	uint8_t client_key[DIGEST_BYTES];
};

/* The hash of the TLS server's certificate (RFC 5929, section 4), which the TLS
 * layer computes; len 0 = no channel binding on this connection. */
struct scram_binding {
	uint8_t bytes[SCRAM_BINDING_MOST];
	size_t len;
};

/* True if `text` begins as a verifier does; it may yet be a broken one. */
bool scram_is_secret(struct span text);
/* Reads `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the form of
 * pg_authid.rolpassword. False if anything in it is wrong or out of bounds. */
bool scram_secret_parse(struct span text, struct scram_secret *secret);

bool scram_salting_equal(const struct scram_salting *a, const struct scram_salting *b);
/* The salt for a user whose verifier is made here, or has none: looks random, and
 * is the same for one name until the process ends, so that asking again (before
 * and after a reload, too) does not tell which users exist. */
void scram_salting_of_user(struct scram_salting *salting, struct span user, uint32_t iterations);

/* All keys of a plain password under that salting. Costs about a millisecond at 4096 iterations. */
void scram_derive(const char *password, const struct scram_salting *salting, struct scram_keys *keys);

/* A verifier that no password fits, for an exchange with a user that is not to
 * get in: salt, sizes and iterations as those of a user that is. */
void scram_secret_mock(struct scram_secret *secret, struct span user, uint32_t iterations);

/* --- for the two sides --- */

/* Attributes of a message: `a=value,b=value`. */
struct scram_reader {
	struct span rest;
	bool more; /* an attribute has to follow */
};

struct scram_reader scram_read(struct span message);
/* The next attribute; false at the end and on anything that is none. */
bool scram_next(struct scram_reader *reader, char *letter, struct span *value);
/* The next attribute if it has this letter; else false. */
bool scram_expect(struct scram_reader *reader, char letter, struct span *value);

/* An iteration count: digits alone, 1..2^31-1. */
bool scram_count_read(struct span text, uint32_t *iterations);
/* One to SCRAM_NONCE_MOST printable characters without comma. */
bool scram_nonce_valid(struct span nonce);
/* A new nonce: random bytes in base64. */
void scram_nonce_add(struct buf *out);

/* Appends base64 of the gs2 header and of the binding that it announces. */
void scram_add_binding(struct buf *out, struct span gs2_header, const struct scram_binding *binding);

/* buf_done of a buffer that held something secret. */
void scram_wipe(struct buf *b);
