/* The client's side of SCRAM: two messages out, two in. */
#include "auth/scram_client.h"

#include "auth/base64.h"
#include "base/mem.h"

static struct span gs2_header(const struct scram_client *c);
static const char *read_challenge(struct scram_client *c, struct span message, struct scram_salting *salting);
static const char *read_final(struct scram_client *c, struct span message);

void scram_client_init(struct scram_client *c, const struct scram_binding *binding, bool plus_offered,
		       const char *nonce)
{
	*c = (struct scram_client){ .state = SCRAM_CLIENT_FIRST, .flag = 'n' };
	if (binding && binding->len) {
		c->binding = *binding;
		c->flag = plus_offered ? 'p' : 'y';
	}
	buf_init(&c->nonce, SCRAM_MESSAGE_MOST);
	buf_init(&c->auth_message, 4 * SCRAM_MESSAGE_MOST);
	if (nonce)
		buf_add_text(&c->nonce, nonce);
	else
		scram_nonce_add(&c->nonce);
}

void scram_client_done(struct scram_client *c)
{
	scram_wipe(&c->nonce);
	scram_wipe(&c->auth_message);
	mem_wipe(c->server_key, sizeof c->server_key);
	c->state = SCRAM_CLIENT_FAILED;
}

const char *scram_client_mechanism(const struct scram_client *c)
{
	return c->flag == 'p' ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM;
}

void scram_client_first(struct scram_client *c, struct buf *out)
{
	/* The name is empty: PostgreSQL takes the startup packet's, and libpq sends none either. */
	buf_add_text(&c->auth_message, "n=,r=");
	buf_add_span(&c->auth_message, buf_span(&c->nonce));
	buf_add_span(out, gs2_header(c));
	buf_add_span(out, buf_span(&c->auth_message));
	c->state = SCRAM_CLIENT_CHALLENGE;
}

const char *scram_client_challenge(struct scram_client *c, struct span message, struct scram_salting *salting)
{
	const char *reason = "the server sent a SCRAM challenge out of order";
	if (c->state == SCRAM_CLIENT_CHALLENGE)
		reason = read_challenge(c, message, salting);
	c->state = reason ? SCRAM_CLIENT_FAILED : SCRAM_CLIENT_RESPOND;
	return reason;
}

void scram_client_respond(struct scram_client *c, const struct scram_keys *keys, struct buf *out)
{
	uint8_t proof[DIGEST_BYTES];
	struct buf final;
	buf_init(&final, SCRAM_MESSAGE_MOST);
	buf_add_text(&final, "c=");
	scram_add_binding(&final, gs2_header(c), &c->binding);
	buf_add_text(&final, ",r=");
	buf_add_span(&final, buf_span(&c->nonce));
	buf_add_text(&c->auth_message, ",");
	buf_add_span(&c->auth_message, buf_span(&final));

	digest_hmac(keys->secret.stored_key, buf_span(&c->auth_message), proof);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		proof[i] ^= keys->client_key[i];
	memcpy(c->server_key, keys->secret.server_key, DIGEST_BYTES);
	buf_add_text(&final, ",p=");
	base64_add(&final, proof, sizeof proof);
	buf_add_span(out, buf_span(&final));
	c->state = c->state == SCRAM_CLIENT_RESPOND ? SCRAM_CLIENT_FINAL : SCRAM_CLIENT_FAILED;
	scram_wipe(&final);
}

const char *scram_client_final(struct scram_client *c, struct span message)
{
	const char *reason = "the server ended SCRAM out of order";
	if (c->state == SCRAM_CLIENT_FINAL)
		reason = read_final(c, message);
	c->state = reason ? SCRAM_CLIENT_FAILED : SCRAM_CLIENT_VERIFIED;
	return reason;
}

static struct span gs2_header(const struct scram_client *c)
{
	return span_text(c->flag == 'p' ? "p=" SCRAM_BINDING_TYPE ",," : c->flag == 'y' ? "y,," : "n,,");
}

/* server-first-message = r=<nonce>,s=<salt>,i=<count>, and nothing after it, as libpq has it */
static const char *read_challenge(struct scram_client *c, struct span message, struct scram_salting *salting)
{
	static const char malformed[] = "the server sent a malformed SCRAM challenge";
	struct scram_reader reader = scram_read(message);
	struct span nonce, salt, count, ours = buf_span(&c->nonce);
	*salting = (struct scram_salting){ 0 };
	if (message.len > SCRAM_MESSAGE_MOST || !scram_expect(&reader, 'r', &nonce) ||
	    !scram_expect(&reader, 's', &salt) || !scram_expect(&reader, 'i', &count) || reader.more)
		return malformed;
	if (nonce.len <= ours.len || !span_equal(span_of(nonce.ptr, ours.len), ours))
		return "the server's SCRAM nonce does not extend ours";
	if (!scram_nonce_valid(span_of(nonce.ptr + ours.len, nonce.len - ours.len)))
		return malformed;
	if (!base64_read(salt, salting->salt, sizeof salting->salt, &salting->salt_len) || salting->salt_len == 0)
		return "the server sent a SCRAM salt that is not base64 of 1 to 128 bytes";
	if (!scram_count_read(count, &salting->iterations))
		return "the server sent a SCRAM iteration count that is none";
	buf_add(&c->nonce, nonce.ptr + ours.len, nonce.len - ours.len);
	buf_add_text(&c->auth_message, ",");
	buf_add_span(&c->auth_message, message);
	return NULL;
}

/* server-final-message = v=<signature> or e=<error> */
static const char *read_final(struct scram_client *c, struct span message)
{
	struct scram_reader reader = scram_read(message);
	struct span value;
	uint8_t signature[DIGEST_BYTES], expected[DIGEST_BYTES];
	size_t len;
	char letter;
	if (message.len > SCRAM_MESSAGE_MOST || !scram_next(&reader, &letter, &value))
		return "the server sent a malformed end of SCRAM";
	if (letter == 'e')
		return "the server ended SCRAM with an error";
	if (letter != 'v' || reader.more || !base64_read(value, signature, sizeof signature, &len) ||
	    len != sizeof signature)
		return "the server sent a malformed end of SCRAM";
	if (buf_failed(&c->auth_message))
		return "out of memory in the SCRAM exchange";
	digest_hmac(c->server_key, buf_span(&c->auth_message), expected);
	if (!digest_equal(signature, expected, sizeof expected))
		return "the server's SCRAM signature is wrong: it does not know the verifier of this user";
	return NULL;
}
