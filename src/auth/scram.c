/* SCRAM-SHA-256: keys, verifiers and the attributes of messages. */
#include "auth/scram.h"

#include <limits.h>

#include "auth/base64.h"
#include "auth/saslprep.h"
#include "base/mem.h"

static bool read_key(struct span text, uint8_t key[DIGEST_BYTES]);

bool scram_is_secret(struct span text)
{
	struct span head = span_split(&text, '$');
	return text.len && span_is(head, SCRAM_MECHANISM);
}

bool scram_secret_parse(struct span text, struct scram_secret *secret)
{
	struct scram_salting *salting = &secret->salting;
	*secret = (struct scram_secret){ 0 };
	struct span mechanism = span_split(&text, '$'), head = span_split(&text, '$');
	struct span count = span_split(&head, ':'), stored_key = span_split(&text, ':');
	if (!span_is(mechanism, SCRAM_MECHANISM) || !scram_count_read(count, &salting->iterations))
		return false;
	return base64_read(head, salting->salt, sizeof salting->salt, &salting->salt_len) && salting->salt_len &&
	       read_key(stored_key, secret->stored_key) && read_key(text, secret->server_key);
}

bool scram_salting_equal(const struct scram_salting *a, const struct scram_salting *b)
{
	return a->iterations == b->iterations && a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0;
}

void scram_salting_of_user(struct scram_salting *salting, struct span user, uint32_t iterations)
{
	uint8_t mac[DIGEST_BYTES];
	digest_keyed("scram salt", user, span_text(""), mac);
	*salting = (struct scram_salting){ .salt_len = SCRAM_SALT_BYTES, .iterations = iterations };
	memcpy(salting->salt, mac, SCRAM_SALT_BYTES);
}

void scram_derive(const char *password, const struct scram_salting *salting, struct scram_keys *keys)
{
	uint8_t salted[DIGEST_BYTES];
	char *prepared = saslprep_password(password);
	struct span salt = span_of((const char *)salting->salt, salting->salt_len);
	digest_pbkdf2(span_text(prepared), salt, salting->iterations, salted);
	mem_free_secret(prepared);
	*keys = (struct scram_keys){ .secret.salting = *salting };
	digest_hmac(salted, span_text("Client Key"), keys->client_key);
	digest_hmac(salted, span_text("Server Key"), keys->secret.server_key);
	digest_sha256(span_of((const char *)keys->client_key, DIGEST_BYTES), keys->secret.stored_key);
	mem_wipe(salted, sizeof salted);
}

void scram_secret_mock(struct scram_secret *secret, struct span user, uint32_t iterations)
{
	scram_salting_of_user(&secret->salting, user, iterations);
	digest_random(secret->stored_key, sizeof secret->stored_key);
	digest_random(secret->server_key, sizeof secret->server_key);
}

struct scram_reader scram_read(struct span message)
{
	return (struct scram_reader){ message, true };
}

bool scram_next(struct scram_reader *reader, char *letter, struct span *value)
{
	if (!reader->more)
		return false;
	size_t held = reader->rest.len;
	struct span attribute = span_split(&reader->rest, ',');
	reader->more = attribute.len < held; /* a comma was there, so something has to follow it */
	if (attribute.len < 2 || attribute.ptr[1] != '=')
		return false;
	*letter = attribute.ptr[0];
	*value = span_of(attribute.ptr + 2, attribute.len - 2);
	return (*letter >= 'a' && *letter <= 'z') || (*letter >= 'A' && *letter <= 'Z');
}

bool scram_expect(struct scram_reader *reader, char letter, struct span *value)
{
	char found;
	return scram_next(reader, &found, value) && found == letter;
}

bool scram_count_read(struct span text, uint32_t *iterations)
{
	long long count;
	if (text.len == 0 || text.ptr[0] < '0' || !span_to_int(text, 1, INT_MAX, &count))
		return false;
	*iterations = (uint32_t)count;
	return true;
}

bool scram_nonce_valid(struct span nonce)
{
	for (size_t i = 0; i < nonce.len; i++)
		if (nonce.ptr[i] < 0x21 || nonce.ptr[i] > 0x7e || nonce.ptr[i] == ',')
			return false;
	return nonce.len >= 1 && nonce.len <= SCRAM_NONCE_MOST;
}

void scram_nonce_add(struct buf *out)
{
	uint8_t bytes[SCRAM_NONCE_RANDOM];
	digest_random(bytes, sizeof bytes);
	base64_add(out, bytes, sizeof bytes);
}

void scram_add_binding(struct buf *out, struct span gs2_header, const struct scram_binding *binding)
{
	struct buf input;
	buf_init(&input, 0);
	buf_add_span(&input, gs2_header);
	if (gs2_header.len && gs2_header.ptr[0] == 'p')
		buf_add(&input, binding->bytes, binding->len);
	base64_add(out, buf_head(&input), buf_held(&input));
	buf_done(&input);
}

void scram_wipe(struct buf *b)
{
	if (b->bytes)
		mem_wipe(b->bytes, b->size);
	buf_done(b);
}

static bool read_key(struct span text, uint8_t key[DIGEST_BYTES])
{
	size_t len;
	return base64_read(text, key, DIGEST_BYTES, &len) && len == DIGEST_BYTES;
}
