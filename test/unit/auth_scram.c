/* SCRAM-SHA-256: the RFC's exchange, verifiers that PostgreSQL made, our two sides
 * against each other, and everything that must not get through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/base64.h"
#include "auth/saslprep.h"
#include "auth/scram_client.h"
#include "auth/scram_server.h"
#include "base/mem.h"

/* RFC 7677, section 3. */
#define RFC_NONCE "rOprNGfwEbeRWgbNEkqO"
#define RFC_SERVER_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define RFC_CLIENT_FIRST "n,,n=user,r=" RFC_NONCE
#define RFC_SERVER_FIRST "r=" RFC_NONCE RFC_SERVER_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define RFC_PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define RFC_CLIENT_FINAL "c=biws,r=" RFC_NONCE RFC_SERVER_NONCE ",p=" RFC_PROOF
#define RFC_SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

/* pg_authid.rolpassword of PostgreSQL 15: password "pencil", and "I\u00ADX\u2168\u00aa",
 * which SASLprep turns into "IXIXa". */
static const char pencil[] = "SCRAM-SHA-256$4096:v8z+7Fqm2aRHQeNzGPcozw==$KQ49hyuL6ogL827wn6rSvRFviIFCdG9Rbb0eN0ZzSGc=:"
			     "lETrCEMDDwAV0oYXRj3s+Xqn99bh+ZhQ3B/HOwxx2a8=";
static const char prepared[] = "SCRAM-SHA-256$4096:znJIwpSFt810KgDEC1gZlQ==$"
			       "UcnHw37kMFfkQ6MGgpIeokhI6fxInab7LdjjtgXnpt0=:"
			       "ZjzWEbrw0dWeEIc4LAzSqnY46e7t6N/OuTEyduVmZLc=";

static const struct scram_binding binding = { { 1, 2, 3, 0, 255 }, 32 };

static struct scram_secret secret_of(const char *text)
{
	struct scram_secret secret;
	assert_true(scram_secret_parse(span_text(text), &secret));
	return secret;
}

static struct scram_secret rfc_secret(void)
{
	struct scram_salting salting = { .iterations = 4096 };
	struct scram_keys keys;
	assert_true(base64_read(span_text("W22ZaJ0SNY7soEsUEjb6gQ=="), salting.salt, sizeof salting.salt,
				&salting.salt_len));
	scram_derive("pencil", &salting, &keys);
	return keys.secret;
}

static void assert_held(struct buf *b, const char *text)
{
	assert_true(span_is(buf_span(b), text));
	buf_done(b);
}

/* --- base64 and SASLprep --- */

static void test_base64(void **state)
{
	static const struct {
		const char *text, *bytes;
	} rows[] = { { "", "" },
		     { "Zg==", "f" },
		     { "Zm8=", "fo" },
		     { "Zm9v", "foo" },
		     { "Zm9vYg==", "foob" },
		     { "Zm9vYmE=", "fooba" },
		     { "Zm9vYmFy", "foobar" } };
	static const char *const bad[] = { "Z",    "Zg",        "Zg=",    "Zg===",        "=",    "====", "Zh==",
					   "Zm9=", "Zm 9v",     "Zm9v\n", "Zm9vYg==Zm9v", "Z===", "Zg=a", "Zm9v====",
					   "Zm-v", "\xc3\xa4==" };
	char bytes[8];
	size_t len;
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 0);
		base64_add(&out, rows[i].bytes, strlen(rows[i].bytes));
		assert_held(&out, rows[i].text);
		assert_true(base64_read(span_text(rows[i].text), bytes, strlen(rows[i].bytes), &len));
		assert_true(span_is(span_of(bytes, len), rows[i].bytes));
		if (len)
			assert_false(base64_read(span_text(rows[i].text), bytes, len - 1, &len));
	}
	for (size_t i = 0; i < MEM_COUNT(bad); i++)
		assert_false(base64_read(span_text(bad[i]), bytes, sizeof bytes, &len));
}

static void test_saslprep(void **state)
{
	static const struct {
		const char *password, *prepared;
	} rows[] = {
		{ "pencil", "pencil" },
		{ "\x7f \t", "\x7f \t" },
		{ "I\xc2\xadX", "IX" }, /* RFC 4013, section 3: soft hyphen to nothing */
		{ "\xc2\xaa", "a" }, /* … NFKC */
		{ "\xe2\x85\xa8", "IX" }, /* … roman number nine */
		{ "\xd8\xa7"
		  "1",
		  "\xd8\xa7"
		  "1" }, /* prohibited (bidi): as it is */
		{ "p\xff", "p\xff" }, /* not UTF-8: as it is */
		{ "\xc2\xad", "\xc2\xad" }, /* nothing would be left: as it is */
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		char *text = saslprep_password(rows[i].password);
		assert_string_equal(text, rows[i].prepared);
		mem_free_secret(text);
	}
	char *longest = mem_zalloc(60001), *text;
	for (size_t i = 0; i < 60000; i += 2)
		memcpy(longest + i, i % 4 ? "\xcc\x80" : "\xcc\xa3", 2); /* combining marks out of order */
	text = saslprep_password(longest);
	assert_string_equal(text, longest);
	mem_free_secret(text);
	mem_free(longest);
}

/* --- verifiers --- */

static void test_postgres_verifiers(void **state)
{
	static const struct {
		const char *verifier, *password;
	} rows[] = { { pencil, "pencil" }, { prepared, "I\xc2\xadX\xe2\x85\xa8\xc2\xaa" }, { prepared, "IXIXa" } };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct scram_secret secret = secret_of(rows[i].verifier);
		struct scram_keys keys;
		scram_derive(rows[i].password, &secret.salting, &keys);
		assert_memory_equal(keys.secret.stored_key, secret.stored_key, DIGEST_BYTES);
		assert_memory_equal(keys.secret.server_key, secret.server_key, DIGEST_BYTES);
	}
}

static void test_bad_verifiers(void **state)
{
#define KEY "KQ49hyuL6ogL827wn6rSvRFviIFCdG9Rbb0eN0ZzSGc="
	static const char *const bad[] = {
		"",
		"SCRAM-SHA-256",
		"SCRAM-SHA-256$",
		"SCRAM-SHA-256$4096",
		"SCRAM-SHA-256$4096:c2FsdA==",
		"SCRAM-SHA-256$4096:c2FsdA==$" KEY,
		"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":",
		"SCRAM-SHA-256$4096:$" KEY ":" KEY,
		"SCRAM-SHA-256$0:c2FsdA==$" KEY ":" KEY,
		"SCRAM-SHA-256$-1:c2FsdA==$" KEY ":" KEY,
		"SCRAM-SHA-256$+1:c2FsdA==$" KEY ":" KEY,
		"SCRAM-SHA-256$2147483648:c2FsdA==$" KEY ":" KEY,
		"SCRAM-SHA-256$4096:c2FsdA$" KEY ":" KEY,
		"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":" KEY " ",
		"SCRAM-SHA-256$4096:c2FsdA==$" KEY ":" KEY ":",
		"SCRAM-SHA-256$4096:c2FsdA==$c2FsdA==:" KEY,
		"SCRAM-SHA-1$4096:c2FsdA==$" KEY ":" KEY,
		"scram-sha-256$4096:c2FsdA==$" KEY ":" KEY,
	};
	struct scram_secret secret;
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bad); i++)
		assert_false(scram_secret_parse(span_text(bad[i]), &secret));
	for (size_t len = 0; len < strlen(pencil); len++)
		assert_false(scram_secret_parse(span_of(pencil, len), &secret));
	assert_true(scram_secret_parse(span_text("SCRAM-SHA-256$1:c2FsdA==$" KEY ":" KEY), &secret));
	assert_int_equal(secret.salting.salt_len, 4);
}

static void test_salting_of_user(void **state)
{
	struct scram_salting a, b;
	(void)state;
	scram_salting_of_user(&a, span_text("alice"), 4096);
	scram_salting_of_user(&b, span_text("alice"), 4096);
	assert_true(scram_salting_equal(&a, &b));
	assert_int_equal(a.salt_len, SCRAM_SALT_BYTES);
	scram_salting_of_user(&b, span_text("bob"), 4096);
	assert_false(scram_salting_equal(&a, &b));
}

/* --- the server's side --- */

struct exchange {
	struct scram_server server;
	struct buf reply;
};

static void begin(struct exchange *x, bool doomed, const struct scram_binding *with)
{
	struct scram_secret secret = rfc_secret();
	scram_server_init(&x->server, &secret, doomed, with, RFC_SERVER_NONCE);
	buf_init(&x->reply, 0);
}

static void end(struct exchange *x)
{
	scram_server_done(&x->server);
	scram_server_done(&x->server);
	buf_done(&x->reply);
}

static enum auth_verdict say(struct exchange *x, struct span message)
{
	/* In a block of its own size, so that a sanitizer sees reads beyond it. */
	char *copy = mem_alloc(message.len);
	if (message.len)
		memcpy(copy, message.ptr, message.len);
	buf_clear(&x->reply);
	enum auth_verdict verdict = scram_server_message(&x->server, span_of(copy, message.len), &x->reply);
	mem_free(copy);
	assert_false(buf_failed(&x->reply));
	if (verdict == AUTH_FAILED || verdict == AUTH_MALFORMED)
		assert_int_equal(buf_held(&x->reply), 0);
	return verdict;
}

static enum auth_verdict say_first(const char *message, const struct scram_binding *with, const char *mechanism)
{
	struct exchange x;
	begin(&x, false, with);
	assert_int_equal(scram_server_choose(&x.server, span_text(mechanism)), AUTH_CONTINUE);
	enum auth_verdict verdict = say(&x, span_text(message));
	end(&x);
	return verdict;
}

static enum auth_verdict say_final(struct span message)
{
	struct exchange x;
	begin(&x, false, NULL);
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FIRST)), AUTH_CONTINUE);
	enum auth_verdict verdict = say(&x, message);
	assert_true((verdict == AUTH_OK) == (scram_server_keys(&x.server) != NULL));
	end(&x);
	return verdict;
}

static void test_rfc_exchange(void **state)
{
	struct exchange x;
	(void)state;
	begin(&x, false, NULL);
	assert_int_equal(scram_server_choose(&x.server, span_text(SCRAM_MECHANISM)), AUTH_CONTINUE);
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FIRST)), AUTH_CONTINUE);
	assert_true(span_is(buf_span(&x.reply), RFC_SERVER_FIRST));
	assert_null(scram_server_keys(&x.server));
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FINAL)), AUTH_OK);
	assert_true(span_is(buf_span(&x.reply), RFC_SERVER_FINAL));

	struct scram_secret secret = rfc_secret();
	struct scram_keys keys;
	scram_derive("pencil", &secret.salting, &keys);
	assert_memory_equal(scram_server_keys(&x.server)->client_key, keys.client_key, DIGEST_BYTES);
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FINAL)), AUTH_MALFORMED);
	assert_null(scram_server_keys(&x.server));
	end(&x);
}

static void test_doomed_never_passes(void **state)
{
	struct exchange x;
	(void)state;
	begin(&x, true, NULL);
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FIRST)), AUTH_CONTINUE);
	assert_true(span_is(buf_span(&x.reply), RFC_SERVER_FIRST));
	assert_int_equal(say(&x, span_text(RFC_CLIENT_FINAL)), AUTH_FAILED);
	assert_null(scram_server_keys(&x.server));
	end(&x);
}

static void test_client_first(void **state)
{
	static const char *const good[] = {
		"n,,n=,r=x", "y,,n=,r=x", "n,,n=a=2Cb,r=!~-+", "n,,n=u,r=x,e=1,Z=", "n,,n=u,r==",
	};
	static const char *const bad[] = {
		"",
		"n",
		"n,",
		"n,,",
		"n,,n=",
		"n,,n=user",
		"n,,n=user,",
		"n,,r=x",
		"n,,n=u,r=",
		"n,,n=u,r=x,",
		"n,,n=u,r=x,,",
		"n,,n=u,r=x,e",
		"n,,n=u,r",
		"n,,n=u,x=x",
		"n,,m=1,n=u,r=x",
		"n,a=b,n=u,r=x",
		"n,x,n=u,r=x",
		"N,,n=u,r=x",
		"nn,,n=u,r=x",
		",,n=u,r=x",
		"z,,n=u,r=x",
		"n,,n=u,r=a b",
		"n,,n=u,r=a\x7f",
		"n,,n=u,r=\xc3\xa4",
		"n,,n=u,r=\n",
		"p=tls-server-end-point,,n=u,r=x",
		"p=tls-unique,,n=u,r=x",
		"p,,n=u,r=x",
		"p=,,n=u,r=x",
		"n,,n=u,r=x,1=2",
		"n,,n=u,,r=x",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(good); i++)
		assert_int_equal(say_first(good[i], NULL, SCRAM_MECHANISM), AUTH_CONTINUE);
	for (size_t i = 0; i < MEM_COUNT(bad); i++)
		assert_int_equal(say_first(bad[i], NULL, SCRAM_MECHANISM), AUTH_MALFORMED);
}

static void test_client_first_sizes(void **state)
{
	struct exchange x;
	char message[10000];
	(void)state;
	for (size_t nonce = SCRAM_NONCE_MOST; nonce <= SCRAM_NONCE_MOST + 1; nonce++) {
		memset(message, 'x', sizeof message);
		memcpy(message, "n,,n=,r=", 8);
		begin(&x, false, NULL);
		assert_int_equal(say(&x, span_of(message, 8 + nonce)),
				 nonce == SCRAM_NONCE_MOST ? AUTH_CONTINUE : AUTH_MALFORMED);
		end(&x);
	}
	begin(&x, false, NULL);
	assert_int_equal(say(&x, span_of(message, sizeof message)), AUTH_MALFORMED);
	end(&x);
	begin(&x, false, NULL);
	assert_int_equal(say(&x, span_of("n,,n=\0,r=x", 10)), AUTH_MALFORMED);
	end(&x);
}

static void test_channel_binding_of_server(void **state)
{
	struct exchange x;
	(void)state;
	/* Offered and not used; downgraded; used; of a type that is not offered. */
	assert_int_equal(say_first("n,,n=,r=x", &binding, SCRAM_MECHANISM), AUTH_CONTINUE);
	assert_int_equal(say_first("y,,n=,r=x", &binding, SCRAM_MECHANISM), AUTH_FAILED);
	assert_int_equal(say_first("p=tls-server-end-point,,n=,r=x", &binding, SCRAM_MECHANISM), AUTH_MALFORMED);
	assert_int_equal(say_first("p=tls-server-end-point,,n=,r=x", &binding, SCRAM_MECHANISM_PLUS), AUTH_CONTINUE);
	assert_int_equal(say_first("p=tls-unique,,n=,r=x", &binding, SCRAM_MECHANISM_PLUS), AUTH_MALFORMED);
	assert_int_equal(say_first("n,,n=,r=x", &binding, SCRAM_MECHANISM_PLUS), AUTH_MALFORMED);
	assert_int_equal(say_first("y,,n=,r=x", &binding, SCRAM_MECHANISM_PLUS), AUTH_MALFORMED);

	static const char *const mechanisms[] = { "", "SCRAM-SHA-1", "SCRAM-SHA-256 ", SCRAM_MECHANISM_PLUS };
	for (size_t i = 0; i < MEM_COUNT(mechanisms); i++) {
		begin(&x, false, NULL);
		assert_int_equal(scram_server_choose(&x.server, span_text(mechanisms[i])), AUTH_MALFORMED);
		assert_int_equal(say(&x, span_text(RFC_CLIENT_FIRST)), AUTH_MALFORMED);
		end(&x);
	}
}

static void test_client_final(void **state)
{
#define NONCE RFC_NONCE RFC_SERVER_NONCE
	static const struct {
		const char *message;
		enum auth_verdict verdict;
	} rows[] = {
		{ RFC_CLIENT_FINAL, AUTH_OK },
		{ "", AUTH_MALFORMED },
		{ RFC_CLIENT_FIRST, AUTH_MALFORMED },
		{ "c=biws,r=" NONCE, AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=", AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=YQ==", AUTH_MALFORMED }, /* one byte */
		{ "c=biws,r=" NONCE ",p=" RFC_PROOF RFC_PROOF, AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ", AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=!HzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=AHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", AUTH_FAILED },
		{ "c=biws,r=" NONCE ",x=1,p=" RFC_PROOF, AUTH_FAILED }, /* extensions are signed, too */
		{ "c=biws,r=" NONCE ",p=" RFC_PROOF ",", AUTH_MALFORMED },
		{ "c=biws,r=" NONCE ",p=" RFC_PROOF ",x=1", AUTH_MALFORMED },
		{ "c=biws,r=" RFC_NONCE ",p=" RFC_PROOF, AUTH_MALFORMED },
		{ "c=biws,r=" NONCE "x,p=" RFC_PROOF, AUTH_MALFORMED },
		{ "c=,r=" NONCE ",p=" RFC_PROOF, AUTH_MALFORMED },
		{ "c=eSws,r=" NONCE ",p=" RFC_PROOF, AUTH_MALFORMED }, /* "y,," now */
		{ "r=" NONCE ",c=biws,p=" RFC_PROOF, AUTH_MALFORMED },
		{ "c=biws,c=biws,r=" NONCE ",p=" RFC_PROOF, AUTH_MALFORMED },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		assert_int_equal(say_final(span_text(rows[i].message)), rows[i].verdict);
	char *large = mem_zalloc(10001);
	memset(large, 'A', 10000);
	memcpy(large, "c=biws,r=" NONCE ",p=", strlen("c=biws,r=" NONCE ",p="));
	assert_int_equal(say_final(span_of(large, 10000)), AUTH_MALFORMED);
	assert_int_equal(say_final(span_of(large, 4000)), AUTH_MALFORMED);
	mem_free(large);
}

/* No change of any bit of the client's messages gets in, nor does any beginning of them. */
static void test_mutations_of_client(void **state)
{
	char message[] = RFC_CLIENT_FINAL;
	(void)state;
	for (size_t i = 0; i < strlen(message); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			message[i] ^= (char)(1 << bit);
			assert_int_not_equal(say_final(span_of(message, sizeof message - 1)), AUTH_OK);
			message[i] ^= (char)(1 << bit);
		}
	for (size_t len = 0; len < strlen(message); len++)
		assert_int_equal(say_final(span_of(message, len)), AUTH_MALFORMED);

	char first[] = RFC_CLIENT_FIRST;
	for (size_t i = 0; i < strlen(first); i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct exchange x;
			begin(&x, false, NULL);
			first[i] ^= (char)(1 << bit);
			if (say(&x, span_of(first, sizeof first - 1)) == AUTH_CONTINUE)
				assert_int_not_equal(say(&x, span_text(RFC_CLIENT_FINAL)), AUTH_OK);
			first[i] ^= (char)(1 << bit);
			end(&x);
		}
}

/* --- both sides --- */

/* A whole exchange; the verdict of the server, and in *reason the client's. */
static enum auth_verdict run(const struct scram_secret *secret, const struct scram_keys *keys, const char *password,
			     const struct scram_binding *server_has, const struct scram_binding *client_has,
			     const char **reason)
{
	struct scram_server server;
	struct scram_client client;
	struct scram_salting salting;
	struct scram_keys derived;
	struct buf up, down;
	buf_init(&up, 0);
	buf_init(&down, 0);
	scram_server_init(&server, secret, false, server_has, NULL);
	scram_client_init(&client, client_has, server_has != NULL, NULL);
	*reason = NULL;
	enum auth_verdict verdict = scram_server_choose(&server, span_text(scram_client_mechanism(&client)));
	if (verdict == AUTH_CONTINUE) {
		scram_client_first(&client, &up);
		verdict = scram_server_message(&server, buf_span(&up), &down);
	}
	if (verdict == AUTH_CONTINUE) {
		*reason = scram_client_challenge(&client, buf_span(&down), &salting);
		assert_null(*reason);
		if (keys == NULL)
			scram_derive(password, &salting, &derived);
		buf_clear(&up);
		buf_clear(&down);
		scram_client_respond(&client, keys ? keys : &derived, &up);
		verdict = scram_server_message(&server, buf_span(&up), &down);
	}
	if (verdict == AUTH_OK)
		*reason = scram_client_final(&client, buf_span(&down));
	scram_server_done(&server);
	scram_client_done(&client);
	buf_done(&up);
	buf_done(&down);
	return verdict;
}

static void test_both_sides(void **state)
{
	struct scram_secret secret = secret_of(pencil), ix = secret_of(prepared);
	struct scram_binding other = binding;
	const char *reason;
	(void)state;
	other.bytes[31] ^= 1;
	assert_int_equal(run(&secret, NULL, "pencil", NULL, NULL, &reason), AUTH_OK);
	assert_null(reason);
	assert_int_equal(run(&secret, NULL, "pencil ", NULL, NULL, &reason), AUTH_FAILED);
	assert_int_equal(run(&secret, NULL, "", NULL, NULL, &reason), AUTH_FAILED);
	assert_int_equal(run(&ix, NULL, "I\xc2\xadX\xe2\x85\xa8\xc2\xaa", NULL, NULL, &reason), AUTH_OK);

	assert_int_equal(run(&secret, NULL, "pencil", &binding, &binding, &reason), AUTH_OK);
	assert_null(reason);
	assert_int_equal(run(&secret, NULL, "pencil", &binding, NULL, &reason), AUTH_OK);
	assert_int_equal(run(&secret, NULL, "pencil", NULL, &binding, &reason), AUTH_OK);
	assert_int_equal(run(&secret, NULL, "pencil", &binding, &other, &reason), AUTH_FAILED);
}

static void test_pass_through(void **state)
{
	struct scram_secret secret = secret_of(pencil);
	struct scram_keys keys;
	const char *reason;
	(void)state;
	scram_derive("pencil", &secret.salting, &keys);
	assert_int_equal(run(&secret, &keys, NULL, NULL, NULL, &reason), AUTH_OK);
	assert_null(reason);
	keys.secret.server_key[0] ^= 1;
	assert_int_equal(run(&secret, &keys, NULL, NULL, NULL, &reason), AUTH_OK);
	assert_non_null(reason); /* the client does not believe the server's signature */
}

/* --- the client's side --- */

static const char *hear_challenge(struct span message)
{
	struct scram_client client;
	struct scram_salting salting;
	struct buf out;
	buf_init(&out, 0);
	scram_client_init(&client, NULL, false, RFC_NONCE);
	scram_client_first(&client, &out);
	assert_held(&out, "n,,n=,r=" RFC_NONCE);
	const char *reason = scram_client_challenge(&client, message, &salting);
	if (reason)
		assert_non_null(scram_client_challenge(&client, span_text(RFC_SERVER_FIRST), &salting));
	scram_client_done(&client);
	return reason;
}

static void test_challenge(void **state)
{
	static const char *const bad[] = {
		"",
		"r=" RFC_NONCE,
		"r=" RFC_NONCE ",s=c2FsdA==,i=4096", /* does not extend ours */
		"r=rOprNGfwEbeRWgbNEkqPabc,s=c2FsdA==,i=4096", /* not ours */
		"r=x" RFC_NONCE ",s=c2FsdA==,i=4096",
		"r=" RFC_NONCE "\x01,s=c2FsdA==,i=4096",
		"r=" RFC_NONCE "x,s=,i=4096",
		"r=" RFC_NONCE "x,s=c2FsdA,i=4096",
		"r=" RFC_NONCE "x,s=c2FsdA==",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=0",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=-1",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=4096x",
		"r=" RFC_NONCE "x,s=c2FsdA==,i= 4096",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=2147483648",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=99999999999999999999999",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=4096,",
		"r=" RFC_NONCE "x,s=c2FsdA==,i=4096,x=1",
		"m=x,r=" RFC_NONCE "x,s=c2FsdA==,i=4096",
		"e=other-error",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	};
	(void)state;
	assert_null(hear_challenge(span_text(RFC_SERVER_FIRST)));
	assert_null(hear_challenge(span_text("r=" RFC_NONCE "x,s=c2FsdA==,i=1")));
	for (size_t i = 0; i < MEM_COUNT(bad); i++)
		assert_non_null(hear_challenge(span_text(bad[i])));
	for (size_t len = 0; len < strlen(RFC_SERVER_FIRST) - 3; len++)
		assert_non_null(hear_challenge(span_of(RFC_SERVER_FIRST, len)));
	char *large = mem_zalloc(10001);
	memset(large, 'A', 10000);
	memcpy(large, "r=" RFC_NONCE "x,s=", strlen("r=" RFC_NONCE "x,s="));
	memcpy(large + 2000, ",i=1", 4);
	assert_non_null(hear_challenge(span_of(large, 2004)));
	assert_non_null(hear_challenge(span_of(large, 10000)));
	mem_free(large);
}

static void test_order_of_client(void **state)
{
	struct scram_client client;
	struct scram_salting salting;
	struct buf out;
	(void)state;
	buf_init(&out, 0);
	scram_client_init(&client, NULL, false, RFC_NONCE);
	assert_non_null(scram_client_final(&client, span_text(RFC_SERVER_FINAL)));
	scram_client_done(&client);
	scram_client_init(&client, NULL, false, RFC_NONCE);
	scram_client_first(&client, &out);
	assert_null(scram_client_challenge(&client, span_text(RFC_SERVER_FIRST), &salting));
	assert_non_null(scram_client_final(&client, span_text(RFC_SERVER_FINAL))); /* we have not answered yet */
	scram_client_done(&client);
	scram_client_done(&client);
	buf_done(&out);
}

/* Every bit of the server's signature counts. */
static void test_mutations_of_signature(void **state)
{
	struct scram_secret secret = rfc_secret();
	struct scram_salting salting;
	struct scram_keys keys;
	(void)state;
	scram_derive("pencil", &secret.salting, &keys);
	for (int i = -1; i < 46 * 8; i++) {
		struct scram_server server;
		struct scram_client client;
		struct buf up, down;
		buf_init(&up, 0);
		buf_init(&down, 0);
		scram_server_init(&server, &secret, false, NULL, NULL);
		scram_client_init(&client, NULL, false, NULL);
		scram_client_first(&client, &up);
		assert_int_equal(scram_server_message(&server, buf_span(&up), &down), AUTH_CONTINUE);
		assert_null(scram_client_challenge(&client, buf_span(&down), &salting));
		buf_clear(&up);
		buf_clear(&down);
		scram_client_respond(&client, &keys, &up);
		assert_int_equal(scram_server_message(&server, buf_span(&up), &down), AUTH_OK);
		assert_int_equal(buf_held(&down), 46);
		if (i >= 0)
			down.bytes[down.start + (size_t)i / 8] ^= (char)(1 << i % 8);
		assert_true((scram_client_final(&client, buf_span(&down)) == NULL) == (i < 0));
		buf_done(&up);
		buf_done(&down);
		scram_server_done(&server);
		scram_client_done(&client);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_saslprep),
		cmocka_unit_test(test_postgres_verifiers),
		cmocka_unit_test(test_bad_verifiers),
		cmocka_unit_test(test_salting_of_user),
		cmocka_unit_test(test_rfc_exchange),
		cmocka_unit_test(test_doomed_never_passes),
		cmocka_unit_test(test_client_first),
		cmocka_unit_test(test_client_first_sizes),
		cmocka_unit_test(test_channel_binding_of_server),
		cmocka_unit_test(test_client_final),
		cmocka_unit_test(test_mutations_of_client),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_pass_through),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_order_of_client),
		cmocka_unit_test(test_mutations_of_signature),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
