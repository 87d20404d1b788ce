/* The client's side of a SCRAM exchange, towards servers.
 *
 *    scram_client_first      ──►  n,,n=,r=<nonce>
 *    scram_client_challenge  ◄──  r=<nonce><theirs>,s=<salt>,i=<count>
 *      (the caller finds the keys under that salting)
 *    scram_client_respond    ──►  c=biws,r=<nonce><theirs>,p=<proof>
 *    scram_client_final      ◄──  v=<signature>: the server knows the verifier, too
 *
 * The keys come from the caller, between challenge and response, so that he can
 * keep derived ones or pass on a client's. Reasons are constant text: nothing that
 * a server sent is in them. */
#pragma once

#include "auth/scram.h"

enum scram_client_state {
	SCRAM_CLIENT_FIRST,
	SCRAM_CLIENT_CHALLENGE,
	SCRAM_CLIENT_RESPOND,
	SCRAM_CLIENT_FINAL,
	SCRAM_CLIENT_VERIFIED,
	SCRAM_CLIENT_FAILED
};

struct scram_client {
	enum scram_client_state state;
	char flag; /* of channel binding: 'n' none here, 'y' the server has none, 'p' used */
	struct scram_binding binding;
	struct buf nonce; /* ours, then the whole one */
	struct buf auth_message; /* what is signed, as far as it is known */
	uint8_t server_key[DIGEST_BYTES];
};

/* Begins an exchange with a server that offers SCRAM-SHA-256-PLUS, or not. The
 * binding (NULL or of length 0: none) is copied. `nonce`: NULL for a random one;
 * only tests pass one. */
void scram_client_init(struct scram_client *c, const struct scram_binding *binding, bool plus_offered,
		       const char *nonce);
void scram_client_done(struct scram_client *c); /* wipes; fine twice */

/* SCRAM_MECHANISM, or SCRAM_MECHANISM_PLUS where both sides can. */
const char *scram_client_mechanism(const struct scram_client *c);

/* Appends our first message. */
void scram_client_first(struct scram_client *c, struct buf *out);
/* Reads the server's challenge: NULL, or why it is refused (also out of order). */
const char *scram_client_challenge(struct scram_client *c, struct span message, struct scram_salting *salting);
/* Appends the proof, with keys under the salting of the challenge. Only after a good challenge. */
void scram_client_respond(struct scram_client *c, const struct scram_keys *keys, struct buf *out);
/* NULL once the server has proved that it knows the verifier; else why not. */
const char *scram_client_final(struct scram_client *c, struct span message);
