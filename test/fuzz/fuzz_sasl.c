/* Fuzzes the exchanges: whatever a peer says and in whatever order, nobody gets in
 * without the password, and nothing is read beyond a message.
 *
 *    byte 0    whose messages follow: see `targets`
 *    byte 1    options: binding, doomed, kind of secret, method
 *    then      messages, each with its length in two bytes ahead
 *
 * The nonces of scram_server and scram_client are fixed, so that a corpus can hold
 * whole exchanges; the façades draw theirs. */
#include "auth/client_auth.h"
#include "auth/scram_client.h"
#include "auth/scram_server.h"
#include "auth/server_auth.h"
#include "base/mem.h"
#include "fuzz.h"

#define SECRET_SCRAM                                                                                                   \
	"SCRAM-SHA-256$1:AAAA$KQ49hyuL6ogL827wn6rSvRFviIFCdG9Rbb0eN0ZzSGc=:"                                           \
	"lETrCEMDDwAV0oYXRj3s+Xqn99bh+ZhQ3B/HOwxx2a8="

static void fuzz_scram_server(uint8_t options, struct span rest);
static void fuzz_scram_client(uint8_t options, struct span rest);
static void fuzz_client_auth(uint8_t options, struct span rest);
static void fuzz_server_auth(uint8_t options, struct span rest);
static bool next_message(struct span *rest, struct span *message);
static struct user *user_of(unsigned kind);

static void (*const targets[])(uint8_t, struct span) = { fuzz_scram_server, fuzz_scram_client, fuzz_client_auth,
							 fuzz_server_auth };
static const struct scram_binding binding = { { 1, 2, 3 }, 32 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len >= 2)
		targets[bytes[0] % MEM_COUNT(targets)](bytes[1], span_of((const char *)bytes + 2, len - 2));
	return 0;
}

static void fuzz_scram_server(uint8_t options, struct span rest)
{
	struct scram_server server;
	struct scram_salting salting = { .salt = { 1 }, .salt_len = 1, .iterations = 1 };
	struct scram_keys keys;
	struct span message;
	struct buf reply;
	enum auth_verdict verdict = AUTH_CONTINUE;
	bool doomed = options & 1;
	scram_derive("pencil", &salting, &keys);
	scram_server_init(&server, &keys.secret, doomed, options & 2 ? &binding : NULL, "server");
	buf_init(&reply, 0);
	scram_server_choose(&server, span_text(options & 4 ? SCRAM_MECHANISM_PLUS : SCRAM_MECHANISM));
	while (next_message(&rest, &message)) {
		enum auth_verdict before = verdict;
		size_t held = buf_held(&reply);
		verdict = scram_server_message(&server, message, &reply);
		FUZZ_CHECK(before == AUTH_CONTINUE || verdict == AUTH_MALFORMED);
		FUZZ_CHECK(!(doomed && verdict == AUTH_OK));
		FUZZ_CHECK((buf_held(&reply) > held) == (verdict == AUTH_CONTINUE || verdict == AUTH_OK));
		FUZZ_CHECK((scram_server_keys(&server) != NULL) == (verdict == AUTH_OK));
		if (verdict == AUTH_OK)
			FUZZ_CHECK(memcmp(scram_server_keys(&server)->client_key, keys.client_key, DIGEST_BYTES) == 0);
	}
	scram_server_done(&server);
	buf_done(&reply);
}

static void fuzz_scram_client(uint8_t options, struct span rest)
{
	struct scram_client client;
	struct scram_salting salting;
	struct scram_keys keys;
	struct span message;
	struct buf out;
	buf_init(&out, 0);
	scram_client_init(&client, options & 2 ? &binding : NULL, options & 4, "client");
	scram_client_first(&client, &out);
	if (next_message(&rest, &message) && scram_client_challenge(&client, message, &salting) == NULL) {
		FUZZ_CHECK(salting.salt_len >= 1 && salting.salt_len <= SCRAM_SALT_MOST && salting.iterations >= 1);
		salting.iterations = 1; /* to be quick; what was asked for is in the signed text all the same */
		scram_derive("pencil", &salting, &keys);
		scram_client_respond(&client, &keys, &out);
		bool verified = false;
		while (next_message(&rest, &message)) {
			bool before = verified;
			verified = scram_client_final(&client, message) == NULL;
			FUZZ_CHECK(!(before && verified));
		}
	}
	FUZZ_CHECK(!buf_failed(&out));
	scram_client_done(&client);
	buf_done(&out);
}

static void fuzz_client_auth(uint8_t options, struct span rest)
{
	struct user *user = user_of(options % 5);
	struct client_auth_setup setup = { .method = (enum client_auth_method)(CLIENT_AUTH_PLAIN + options / 5 % 3),
					   .name = span_text("u"),
					   .user = user,
					   .scram_iterations = 1,
					   .unknown_by_scram = options & 64 };
	if (options & 128)
		setup.binding = binding;
	struct client_auth *a = client_auth_new(&setup);
	struct span message;
	struct buf out;
	buf_init(&out, 0);
	enum auth_verdict verdict = client_auth_start(a, &out), before = AUTH_CONTINUE;
	FUZZ_CHECK(verdict == AUTH_CONTINUE);
	for (; next_message(&rest, &message); before = verdict) {
		verdict = client_auth_message(a, message, &out);
		FUZZ_CHECK(before == AUTH_CONTINUE || verdict == AUTH_MALFORMED);
		FUZZ_CHECK(verdict != AUTH_OK ||
			   (setup.method == CLIENT_AUTH_PLAIN && span_equal(message, span_of("pencil", 7))));
	}
	client_auth_free(a);
	user_unref(user);
	buf_done(&out);
}

static void fuzz_server_auth(uint8_t options, struct span rest)
{
	struct user *user = user_of(options % 4);
	struct server_auth *a = server_auth_new(user, options & 128 ? &binding : NULL);
	struct span message;
	struct buf out;
	const char *reason = NULL;
	bool scram_begun = false;
	buf_init(&out, 0);
	while (next_message(&rest, &message)) {
		bool refused = reason != NULL;
		reason = server_auth_message(a, message, &out);
		FUZZ_CHECK(!refused || reason);
		if (reason == NULL && message.ptr[3] == 10)
			scram_begun = true;
		FUZZ_CHECK(!(scram_begun && server_auth_passed(a)));
	}
	FUZZ_CHECK(!buf_failed(&out));
	server_auth_free(a);
	user_unref(user);
	buf_done(&out);
}

/* The last one may be shorter than it says: its end is then the end of the input's block. */
static bool next_message(struct span *rest, struct span *message)
{
	if (rest->len < 2)
		return false;
	size_t len = (size_t)(uint8_t)rest->ptr[0] << 8 | (uint8_t)rest->ptr[1];
	if (len > rest->len - 2)
		len = rest->len - 2;
	*message = span_of(rest->ptr + 2, len);
	*rest = span_of(rest->ptr + 2 + len, rest->len - 2 - len);
	return true;
}

/* A new one each time: a user keeps what he learned. NULL = no such user. */
static struct user *user_of(unsigned kind)
{
	static const char *const secrets[] = { "", "pencil", "md57ebb0e9bb1b9d2cbfa4b1a4ddbd2f0b4", SECRET_SCRAM };
	const char *reason;
	return kind < MEM_COUNT(secrets) ? user_new(span_text("u"), span_text(secrets[kind]), 1, &reason) : NULL;
}
