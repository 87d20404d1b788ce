/* The server's side of SCRAM: two messages in, two out. */
#include "auth/scram_server.h"

#include "auth/base64.h"
#include "base/mem.h"

static enum auth_verdict read_first(struct scram_server *s, struct span message, struct buf *reply);
static enum auth_verdict read_gs2_header(struct scram_server *s, struct span *message);
static bool read_first_bare(struct span bare, struct span *nonce);
static enum auth_verdict read_final(struct scram_server *s, struct span message, struct buf *reply);
static enum auth_verdict check_binding(struct scram_server *s, struct span value);
static bool check_proof(struct scram_server *s, const uint8_t proof[DIGEST_BYTES]);

void scram_server_init(struct scram_server *s, const struct scram_secret *secret, bool doomed,
		       const struct scram_binding *binding, const char *nonce)
{
	*s = (struct scram_server){ .state = SCRAM_SERVER_FIRST, .doomed = doomed, .keys.secret = *secret };
	if (binding)
		s->binding = *binding;
	s->plus_offered = s->binding.len > 0;
	buf_init(&s->gs2_header, SCRAM_MESSAGE_MOST);
	buf_init(&s->nonce, SCRAM_MESSAGE_MOST);
	buf_init(&s->auth_message, 4 * SCRAM_MESSAGE_MOST);
	if (nonce)
		buf_add_text(&s->nonce, nonce);
	else
		scram_nonce_add(&s->nonce);
}

void scram_server_done(struct scram_server *s)
{
	scram_wipe(&s->gs2_header);
	scram_wipe(&s->nonce);
	scram_wipe(&s->auth_message);
	mem_wipe(&s->keys, sizeof s->keys);
	s->state = SCRAM_SERVER_FAILED;
}

enum auth_verdict scram_server_choose(struct scram_server *s, struct span mechanism)
{
	s->plus_chosen = span_is(mechanism, SCRAM_MECHANISM_PLUS);
	if (s->plus_chosen ? s->plus_offered : span_is(mechanism, SCRAM_MECHANISM))
		return AUTH_CONTINUE;
	s->state = SCRAM_SERVER_FAILED;
	return AUTH_MALFORMED;
}

enum auth_verdict scram_server_message(struct scram_server *s, struct span message, struct buf *reply)
{
	enum auth_verdict verdict = AUTH_MALFORMED;
	bool text = message.len > 0 && message.len <= SCRAM_MESSAGE_MOST && !memchr(message.ptr, '\0', message.len);
	if (text && s->state == SCRAM_SERVER_FIRST)
		verdict = read_first(s, message, reply);
	else if (text && s->state == SCRAM_SERVER_FINAL)
		verdict = read_final(s, message, reply);
	s->state = verdict == AUTH_CONTINUE ? SCRAM_SERVER_FINAL
		   : verdict == AUTH_OK     ? SCRAM_SERVER_PASSED
					    : SCRAM_SERVER_FAILED;
	return verdict;
}

const struct scram_keys *scram_server_keys(const struct scram_server *s)
{
	return s->state == SCRAM_SERVER_PASSED ? &s->keys : NULL;
}

/* client-first-message = gs2-header client-first-message-bare (RFC 5802, section 7) */
static enum auth_verdict read_first(struct scram_server *s, struct span message, struct buf *reply)
{
	struct span nonce, bare = message;
	enum auth_verdict verdict = read_gs2_header(s, &bare);
	if (verdict != AUTH_CONTINUE)
		return verdict;
	if (!read_first_bare(bare, &nonce))
		return AUTH_MALFORMED;

	struct buf ours = s->nonce, first;
	buf_init(&s->nonce, SCRAM_MESSAGE_MOST);
	buf_add_span(&s->nonce, nonce);
	buf_add_span(&s->nonce, buf_span(&ours));
	scram_wipe(&ours);

	const struct scram_salting *salting = &s->keys.secret.salting;
	buf_init(&first, SCRAM_MESSAGE_MOST);
	buf_add_text(&first, "r=");
	buf_add_span(&first, buf_span(&s->nonce));
	buf_add_text(&first, ",s=");
	base64_add(&first, salting->salt, salting->salt_len);
	buf_add_printf(&first, ",i=%u", (unsigned)salting->iterations);

	buf_add_span(&s->auth_message, bare);
	buf_add_text(&s->auth_message, ",");
	buf_add_span(&s->auth_message, buf_span(&first));
	buf_add_span(reply, buf_span(&first));
	bool ok = !buf_failed(&first) && !buf_failed(&s->nonce) && !buf_failed(&s->auth_message);
	buf_done(&first);
	return ok ? AUTH_CONTINUE : AUTH_FAILED;
}

/* Moves *message behind the header: channel-binding flag and authorization name, each with its comma. */
static enum auth_verdict read_gs2_header(struct scram_server *s, struct span *message)
{
	const char *begin = message->ptr;
	struct span flag = span_split(message, ',');
	/* No authorization name: PostgreSQL has no use for one and refuses it, too. */
	if (message->len == 0 || span_split(message, ',').len != 0 || message->len == 0)
		return AUTH_MALFORMED;
	buf_add(&s->gs2_header, begin, (size_t)(message->ptr - begin));
	if (span_is(flag, "p=" SCRAM_BINDING_TYPE))
		return s->plus_chosen ? AUTH_CONTINUE : AUTH_MALFORMED;
	if (s->plus_chosen)
		return AUTH_MALFORMED;
	if (span_is(flag, "n"))
		return AUTH_CONTINUE;
	/* 'y': the client could bind but believes that we cannot. If we can, somebody cut our offer. */
	if (span_is(flag, "y"))
		return s->plus_offered ? AUTH_FAILED : AUTH_CONTINUE;
	return AUTH_MALFORMED;
}

/* [m=…,] n=<name>,r=<nonce>[,extensions]: m is reserved for extensions that must be understood. The name is
 * not looked at, since the startup packet has the one that counts (PostgreSQL manual, "SASL Authentication"). */
static bool read_first_bare(struct span bare, struct span *nonce)
{
	struct scram_reader reader = scram_read(bare);
	struct span value;
	char letter;
	if (!scram_expect(&reader, 'n', &value) || !scram_expect(&reader, 'r', nonce) || !scram_nonce_valid(*nonce))
		return false;
	while (reader.more)
		if (!scram_next(&reader, &letter, &value))
			return false;
	return true;
}

/* client-final-message = c=<binding>,r=<nonce>[,extensions],p=<proof> */
static enum auth_verdict read_final(struct scram_server *s, struct span message, struct buf *reply)
{
	struct scram_reader reader = scram_read(message);
	struct span binding, nonce, value;
	uint8_t proof[DIGEST_BYTES], signature[DIGEST_BYTES];
	size_t proof_len;
	char letter;
	if (!scram_expect(&reader, 'c', &binding) || !scram_expect(&reader, 'r', &nonce) ||
	    !span_equal(nonce, buf_span(&s->nonce)))
		return AUTH_MALFORMED;
	do {
		if (!scram_next(&reader, &letter, &value))
			return AUTH_MALFORMED;
	} while (letter != 'p');
	if (reader.more || !base64_read(value, proof, sizeof proof, &proof_len) || proof_len != sizeof proof)
		return AUTH_MALFORMED;
	enum auth_verdict verdict = check_binding(s, binding);
	if (verdict != AUTH_CONTINUE)
		return verdict;

	/* What is signed ends ahead of ",p=". */
	buf_add_text(&s->auth_message, ",");
	buf_add(&s->auth_message, message.ptr, (size_t)(value.ptr - 3 - message.ptr));
	if (!check_proof(s, proof))
		return AUTH_FAILED;
	digest_hmac(s->keys.secret.server_key, buf_span(&s->auth_message), signature);
	buf_add_text(reply, "v=");
	base64_add(reply, signature, sizeof signature);
	return AUTH_OK;
}

/* The header sent first has to come back, now under the proof, with the binding where one is used. */
static enum auth_verdict check_binding(struct scram_server *s, struct span value)
{
	struct buf expected;
	buf_init(&expected, SCRAM_MESSAGE_MOST);
	scram_add_binding(&expected, buf_span(&s->gs2_header), &s->binding);
	bool same = !buf_failed(&expected) && span_equal(value, buf_span(&expected));
	buf_done(&expected);
	if (same)
		return AUTH_CONTINUE;
	return s->plus_chosen ? AUTH_FAILED : AUTH_MALFORMED;
}

/* ClientKey = proof XOR HMAC(StoredKey, AuthMessage), and SHA-256 of it must be the StoredKey. */
static bool check_proof(struct scram_server *s, const uint8_t proof[DIGEST_BYTES])
{
	uint8_t signature[DIGEST_BYTES], hash[DIGEST_BYTES];
	struct scram_keys *keys = &s->keys;
	digest_hmac(keys->secret.stored_key, buf_span(&s->auth_message), signature);
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		keys->client_key[i] = proof[i] ^ signature[i];
	digest_sha256(span_of((const char *)keys->client_key, DIGEST_BYTES), hash);
	bool right = digest_equal(hash, keys->secret.stored_key, DIGEST_BYTES);
	return !buf_failed(&s->auth_message) && right && !s->doomed;
}
