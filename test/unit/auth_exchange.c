/* Logins as sessions and pools see them: client_auth and server_auth, each against
 * scripted peers and against each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/client_auth.h"
#include "auth/md5.h"
#include "auth/scram_client.h"
#include "auth/server_auth.h"
#include "base/mem.h"

#define MD5 "md58bbf3f45673bf67d02e4214911f3417f" /* user m, password pencil: PostgreSQL 15 */
#define SCRAM                                                                                                          \
	"SCRAM-SHA-256$4096:v8z+7Fqm2aRHQeNzGPcozw==$KQ49hyuL6ogL827wn6rSvRFviIFCdG9Rbb0eN0ZzSGc=:"                    \
	"lETrCEMDDwAV0oYXRj3s+Xqn99bh+ZhQ3B/HOwxx2a8="

static const struct scram_binding binding = { { 4, 5, 6 }, 32 };

static struct user *user_of(const char *secret)
{
	const char *reason;
	struct user *user = user_new(span_text("m"), span_text(secret), 4096, &reason);
	assert_null(reason);
	return user;
}

/* What a client and pgshunt said to each other: type, code and size of each
 * message, and the iteration count; to compare logins as an outsider sees them. */
struct transcript {
	char text[512];
	size_t len;
	enum auth_verdict verdict;
};

static void note(struct transcript *t, struct span message)
{
	while (message.len) {
		assert_true(message.len >= 5);
		const uint8_t *at = (const uint8_t *)message.ptr;
		size_t len = (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
		assert_true(len + 1 <= message.len);
		unsigned code = at[0] == 'R' ? at[8] : 0;
		t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%c%u:%zu ", at[0], code, len);
		for (size_t i = 0; code == 11 && i + 3 < len; i++)
			if (memcmp(at + 1 + i, ",i=", 3) == 0)
				t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "(%.*s) ",
							   (int)(len - i - 3), at + 4 + i);
		message = span_of(message.ptr + 1 + len, message.len - 1 - len);
	}
}

/* Lets a libpq-like client log in, who knows `password`; our own server_auth plays it. */
static struct transcript log_in(const struct client_auth_setup *setup, const char *password,
				const struct scram_binding *client_has)
{
	struct transcript t = { .len = 0 };
	const char *reason, *given = password ? password : "x";
	struct user *self = user_new(setup->name, span_text(given), 4096, &reason);
	struct server_auth *client = server_auth_new(self, client_has);
	struct client_auth *server = client_auth_new(setup);
	struct buf down, up;
	buf_init(&down, 0);
	buf_init(&up, 0);
	t.verdict = client_auth_start(server, &down);
	note(&t, buf_span(&down));
	for (int round = 0; t.verdict == AUTH_CONTINUE; round++) {
		assert_in_range(round, 0, 2);
		assert_null(server_auth_message(client, span_of(buf_head(&down) + 5, buf_held(&down) - 5), &up));
		note(&t, buf_span(&up));
		buf_clear(&down);
		t.verdict = client_auth_message(server, span_of(buf_head(&up) + 5, buf_held(&up) - 5), &down);
		buf_clear(&up);
		note(&t, buf_span(&down));
	}
	/* The login has ended: nothing more is taken. */
	assert_int_equal(client_auth_message(server, span_of("x", 2), &up), AUTH_MALFORMED);
	if (t.verdict == AUTH_OK && buf_held(&down) > 9)
		assert_null(server_auth_message(client, span_of(buf_head(&down) + 5, buf_held(&down) - 14), &up));
	if (t.verdict == AUTH_OK) {
		assert_null(server_auth_message(client, span_of("\0\0\0\0", 4), &up));
		assert_true(server_auth_passed(client));
	}
	assert_int_equal(buf_held(&up), 0);
	client_auth_free(server);
	server_auth_free(client);
	user_unref(self);
	buf_done(&down);
	buf_done(&up);
	return t;
}

static struct transcript log_in_as(enum client_auth_method method, const char *secret, const char *password,
				   bool unknown_by_scram)
{
	struct user *user = secret ? user_of(secret) : NULL;
	struct client_auth_setup setup = {
		.method = method, .name = span_text("m"), .user = user, .unknown_by_scram = unknown_by_scram
	};
	struct transcript t = log_in(&setup, password, NULL);
	user_unref(user);
	return t;
}

static void test_methods_by_name(void **state)
{
	enum client_auth_method method;
	(void)state;
	assert_true(client_auth_method_parse(span_text("scram-sha-256"), &method));
	assert_int_equal(method, CLIENT_AUTH_SCRAM);
	assert_true(client_auth_method_parse(span_text("password"), &method));
	assert_int_equal(method, CLIENT_AUTH_PLAIN);
	assert_false(client_auth_method_parse(span_text("scram"), &method));
	assert_false(client_auth_method_parse(span_text(""), &method));
}

/* Each method with each kind of secret: who gets in, and by which exchange. */
static void test_matrix_of_clients(void **state)
{
	static const struct {
		enum client_auth_method method;
		const char *secret, *begins;
		bool in;
	} rows[] = {
		{ CLIENT_AUTH_TRUST, "pencil", "R0:8 ", true },
		{ CLIENT_AUTH_TRUST, "", "R0:8 ", true },
		{ CLIENT_AUTH_TRUST, NULL, "", false },
		{ CLIENT_AUTH_ANY, NULL, "R0:8 ", true },
		{ CLIENT_AUTH_PLAIN, "pencil", "R3:8 p0:11 ", true },
		{ CLIENT_AUTH_PLAIN, MD5, "R3:8 p0:11 ", true },
		{ CLIENT_AUTH_PLAIN, SCRAM, "R3:8 p0:11 ", true },
		{ CLIENT_AUTH_PLAIN, "", "R3:8 p0:11 ", false },
		{ CLIENT_AUTH_PLAIN, NULL, "R3:8 p0:11 ", false },
		{ CLIENT_AUTH_MD5, "pencil", "R5:12 p0:40 ", true },
		{ CLIENT_AUTH_MD5, MD5, "R5:12 p0:40 ", true },
		{ CLIENT_AUTH_MD5, SCRAM, "R10:23 p0:54 R11:92 (4096) ", true },
		{ CLIENT_AUTH_MD5, "", "R5:12 p0:40 ", false },
		{ CLIENT_AUTH_MD5, NULL, "R5:12 p0:40 ", false },
		{ CLIENT_AUTH_SCRAM, "pencil", "R10:23 p0:54 R11:92 (4096) ", true },
		{ CLIENT_AUTH_SCRAM, MD5, "R10:23 p0:54 R11:92 (4096) ", false },
		{ CLIENT_AUTH_SCRAM, SCRAM, "R10:23 p0:54 R11:92 (4096) ", true },
		{ CLIENT_AUTH_SCRAM, "", "R10:23 p0:54 R11:92 (4096) ", false },
		{ CLIENT_AUTH_SCRAM, NULL, "R10:23 p0:54 R11:92 (4096) ", false },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct transcript t = log_in_as(rows[i].method, rows[i].secret, "pencil", false);
		if (strncmp(t.text, rows[i].begins, strlen(rows[i].begins)) != 0)
			fail_msg("row %zu: %s", i, t.text);
		assert_int_equal(t.verdict, rows[i].in ? AUTH_OK : AUTH_FAILED);
		if (rows[i].method >= CLIENT_AUTH_PLAIN) {
			t = log_in_as(rows[i].method, rows[i].secret, "Pencil", false);
			assert_int_equal(t.verdict, AUTH_FAILED);
		}
	}
}

/* Acceptance T19: an outsider cannot tell who exists and what secret he has. */
static void test_failures_look_alike(void **state)
{
	static const struct {
		enum client_auth_method method;
		bool unknown_by_scram;
		const char *secrets[4];
	} rows[] = {
		{ CLIENT_AUTH_SCRAM, false, { "pencil", SCRAM, MD5, "" } },
		{ CLIENT_AUTH_SCRAM, true, { "pencil", SCRAM, MD5, "" } },
		{ CLIENT_AUTH_MD5, false, { "pencil", MD5, "", "" } },
		{ CLIENT_AUTH_MD5, true, { SCRAM, "", SCRAM, "" } },
		{ CLIENT_AUTH_PLAIN, false, { "pencil", SCRAM, MD5, "" } },
		{ CLIENT_AUTH_PLAIN, true, { "pencil", SCRAM, MD5, "" } },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct transcript unknown = log_in_as(rows[i].method, NULL, "wrong", rows[i].unknown_by_scram);
		assert_int_equal(unknown.verdict, AUTH_FAILED);
		for (size_t j = 0; j < MEM_COUNT(rows[i].secrets); j++) {
			struct transcript t =
				log_in_as(rows[i].method, rows[i].secrets[j], "wrong", rows[i].unknown_by_scram);
			assert_int_equal(t.verdict, AUTH_FAILED);
			assert_string_equal(t.text, unknown.text);
		}
	}
}

/* The salt in the first answer to a client who asks for SCRAM. */
static void salt_of(const char *name, char salt[25])
{
	static const char first[] = "SCRAM-SHA-256\0\0\0\0\x0an,,n=,r=xy";
	struct client_auth_setup setup = { .method = CLIENT_AUTH_SCRAM, .name = span_text(name) };
	struct client_auth *a = client_auth_new(&setup);
	struct buf out;
	buf_init(&out, 0);
	assert_int_equal(client_auth_start(a, &out), AUTH_CONTINUE);
	buf_clear(&out);
	assert_int_equal(client_auth_message(a, span_of(first, sizeof first - 1), &out), AUTH_CONTINUE);
	buf_add_u8(&out, 0);
	snprintf(salt, 25, "%s", strstr(buf_head(&out) + 9, ",s=") + 3);
	client_auth_free(a);
	buf_done(&out);
}

static void test_mock_salt_is_stable(void **state)
{
	char a[25], again[25], b[25];
	(void)state;
	salt_of("nobody", a);
	salt_of("nobody", again);
	salt_of("nobody2", b);
	assert_string_equal(a, again);
	assert_string_not_equal(a, b);
}

static void test_plain_user_has_the_salt_of_an_unknown(void **state)
{
	char salt[25], expected[25];
	const char *reason;
	(void)state;
	salt_of("late", salt);
	struct user *user = user_new(span_text("late"), span_text("pencil"), 4096, &reason);
	struct scram_salting of_user = user_scram_secret(user)->salting, of_name;
	scram_salting_of_user(&of_name, span_text("late"), 4096);
	assert_true(scram_salting_equal(&of_user, &of_name));
	salt_of("late", expected);
	assert_string_equal(salt, expected);
	user_unref(user);
}

static void test_channel_binding(void **state)
{
	struct user *user = user_of(SCRAM);
	struct client_auth_setup setup = {
		.method = CLIENT_AUTH_SCRAM, .name = span_text("m"), .user = user, .binding = binding
	};
	struct scram_binding other = binding;
	(void)state;
	assert_int_equal(log_in(&setup, "pencil", &binding).verdict, AUTH_OK);
	assert_int_equal(log_in(&setup, "pencil", NULL).verdict, AUTH_OK);
	other.bytes[0] ^= 1;
	assert_int_equal(log_in(&setup, "pencil", &other).verdict, AUTH_FAILED);
	user_unref(user);
}

/* --- bad messages of clients (acceptance T7) --- */

static enum auth_verdict say(enum client_auth_method method, const char *secret, struct span body)
{
	struct user *user = user_of(secret);
	struct client_auth_setup setup = { .method = method, .name = span_text("m"), .user = user };
	struct client_auth *a = client_auth_new(&setup);
	struct buf out;
	buf_init(&out, 0);
	assert_int_equal(client_auth_start(a, &out), AUTH_CONTINUE);
	size_t held = buf_held(&out);
	char *copy = mem_alloc(body.len);
	if (body.len)
		memcpy(copy, body.ptr, body.len);
	enum auth_verdict verdict = client_auth_message(a, span_of(copy, body.len), &out);
	mem_free(copy);
	if (verdict == AUTH_MALFORMED || verdict == AUTH_FAILED) {
		assert_int_equal(buf_held(&out), held);
		assert_int_equal(client_auth_message(a, body, &out), AUTH_MALFORMED);
	}
	client_auth_free(a);
	user_unref(user);
	buf_done(&out);
	return verdict;
}

#define SAY(method, secret, literal) say(method, secret, span_of(literal, sizeof(literal) - 1))

static void test_malformed_passwords(void **state)
{
	(void)state;
	static const enum client_auth_method methods[] = { CLIENT_AUTH_PLAIN, CLIENT_AUTH_MD5 };
	for (size_t i = 0; i < MEM_COUNT(methods); i++) {
		assert_int_equal(SAY(methods[i], "pencil", ""), AUTH_MALFORMED);
		assert_int_equal(SAY(methods[i], "pencil", "pencil"), AUTH_MALFORMED);
		assert_int_equal(SAY(methods[i], "pencil", "pencil\0\0"), AUTH_MALFORMED);
		assert_int_equal(SAY(methods[i], "pencil", "pencil\0x"), AUTH_MALFORMED);
		assert_int_equal(SAY(methods[i], "pencil", "\0"), AUTH_FAILED);
		assert_int_equal(SAY(methods[i], "", "\0"), AUTH_FAILED);
		assert_int_equal(SAY(methods[i], "pencil", "pencil pencil\0"), AUTH_FAILED);
	}
	assert_int_equal(SAY(CLIENT_AUTH_PLAIN, "pencil", "pencil\0"), AUTH_OK);
	assert_int_equal(SAY(CLIENT_AUTH_MD5, "pencil", "pencil\0"), AUTH_FAILED);
	assert_int_equal(SAY(CLIENT_AUTH_MD5, MD5, MD5 "\0"), AUTH_FAILED);
	assert_int_equal(SAY(CLIENT_AUTH_PLAIN, MD5, MD5 "\0"), AUTH_FAILED);
	assert_int_equal(SAY(CLIENT_AUTH_PLAIN, SCRAM, SCRAM "\0"), AUTH_FAILED);
}

static void test_malformed_sasl(void **state)
{
	(void)state;
#define SASL(literal) SAY(CLIENT_AUTH_SCRAM, SCRAM, literal)
#define FIRST "n,,n=,r=xy"
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x0a" FIRST), AUTH_CONTINUE);
	assert_int_equal(SASL(""), AUTH_MALFORMED);
	assert_int_equal(SASL("\0"), AUTH_MALFORMED);
	assert_int_equal(SASL("\0\0\0\0\x0a" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\0"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\xff\xff\xff\xff"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\xff\xff\xff\xff" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\x7f\xff\xff\xff" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x0b" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x09" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256-PLUS\0\0\0\0\x0a" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-1\0\0\0\0\x0a" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("scram-sha-256\0\0\0\0\x0a" FIRST), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x05n,,n="), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x1fp=tls-server-end-point,,n=,r=xyz"), AUTH_MALFORMED);
	assert_int_equal(SASL("SCRAM-SHA-256\0\0\0\0\x0ay,,n=,r=xy"), AUTH_CONTINUE);
	assert_int_equal(SASL("pencil\0"), AUTH_MALFORMED);
}

static void test_messages_out_of_order(void **state)
{
	static const char first[] = "SCRAM-SHA-256\0\0\0\0\x0a" FIRST;
	struct user *user = user_of(SCRAM);
	struct client_auth_setup setup = { .method = CLIENT_AUTH_SCRAM, .name = span_text("m"), .user = user };
	struct buf out;
	(void)state;
	buf_init(&out, 0);
	struct client_auth *a = client_auth_new(&setup);
	assert_int_equal(client_auth_message(a, span_of(first, sizeof first - 1), &out), AUTH_MALFORMED);
	assert_int_equal(client_auth_start(a, &out), AUTH_MALFORMED);
	client_auth_free(a);

	/* client-first twice, as an initial response and bare */
	for (size_t skip = 0; skip <= 18; skip += 18) {
		a = client_auth_new(&setup);
		assert_int_equal(client_auth_start(a, &out), AUTH_CONTINUE);
		assert_int_equal(client_auth_message(a, span_of(first, sizeof first - 1), &out), AUTH_CONTINUE);
		assert_int_equal(client_auth_message(a, span_of(first + skip, sizeof first - 1 - skip), &out),
				 AUTH_MALFORMED);
		client_auth_free(a);
	}
	buf_done(&out);
	user_unref(user);
}

/* --- towards servers --- */

/* What a server says, with the code ahead; NULL if it is taken. */
static const char *hear(struct server_auth *a, uint32_t code, struct span rest, struct buf *out)
{
	struct buf body;
	buf_init(&body, 0);
	buf_add_u32(&body, code);
	buf_add_span(&body, rest);
	char *copy = mem_alloc(buf_held(&body));
	memcpy(copy, buf_head(&body), buf_held(&body));
	const char *reason = server_auth_message(a, span_of(copy, buf_held(&body)), out);
	mem_free(copy);
	buf_done(&body);
	return reason;
}

static void test_matrix_of_servers(void **state)
{
	static const struct {
		const char *secret;
		bool ok, cleartext, md5, sasl;
	} rows[] = {
		{ "pencil", true, true, true, true },
		{ MD5, true, false, true, false },
		{ SCRAM, true, false, false, true },
		{ "", true, false, false, false },
	};
	static const struct {
		uint32_t code;
		struct span rest;
	} asked[] = { { 0, { "", 0 } }, { 3, { "", 0 } }, { 5, { "salt", 4 } }, { 10, { "SCRAM-SHA-256\0", 15 } } };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		const bool expected[] = { rows[i].ok, rows[i].cleartext, rows[i].md5, rows[i].sasl };
		for (size_t j = 0; j < MEM_COUNT(asked); j++) {
			struct user *user = user_of(rows[i].secret);
			struct server_auth *a = server_auth_new(user, NULL);
			struct buf out;
			buf_init(&out, 0);
			const char *reason = hear(a, asked[j].code, asked[j].rest, &out);
			assert_true((reason == NULL) == expected[j]);
			assert_true((buf_held(&out) > 0) == (expected[j] && j > 0));
			assert_true(server_auth_passed(a) == (j == 0));
			server_auth_free(a);
			user_unref(user);
			buf_done(&out);
		}
	}
}

static void test_answers_to_servers(void **state)
{
	static const uint8_t salt[4] = { 's', 'a', 'l', 't' };
	char response[MD5_TEXT + 1];
	struct user *plain = user_of("pencil"), *hashed = user_of(MD5);
	struct buf out;
	(void)state;
	buf_init(&out, 0);
	struct server_auth *a = server_auth_new(plain, NULL);
	assert_null(hear(a, 3, span_text(""), &out));
	assert_true(span_equal(buf_span(&out), span_of("p\0\0\0\x0bpencil\0", 12)));
	assert_null(hear(a, 0, span_text(""), &out));
	assert_true(server_auth_passed(a));
	assert_non_null(hear(a, 0, span_text(""), &out));
	assert_false(server_auth_passed(a));
	server_auth_free(a);

	assert_true(md5_make_response(span_text(MD5), salt, response));
	for (int i = 0; i < 2; i++) {
		a = server_auth_new(i ? hashed : plain, NULL);
		buf_clear(&out);
		assert_null(hear(a, 5, span_text("salt"), &out));
		assert_int_equal(buf_held(&out), 5 + MD5_TEXT + 1);
		assert_string_equal(buf_head(&out) + 5, response);
		server_auth_free(a);
	}
	user_unref(plain);
	user_unref(hashed);
	buf_done(&out);
}

static void test_servers_refused(void **state)
{
	static const struct {
		uint32_t code;
		struct span rest;
	} rows[] = {
		{ 0, { "x", 1 } },
		{ 1, { "", 0 } },
		{ 2, { "", 0 } },
		{ 3, { "x", 1 } },
		{ 5, { "sal", 3 } },
		{ 5, { "salts", 5 } },
		{ 6, { "", 0 } },
		{ 7, { "", 0 } },
		{ 9, { "", 0 } },
		{ 10, { "", 0 } },
		{ 10, { "", 1 } },
		{ 10, { "SCRAM-SHA-256", 13 } },
		{ 10, { "SCRAM-SHA-256", 14 } },
		{ 10, { "SCRAM-SHA-256\0\0x", 16 } },
		{ 10, { "SCRAM-SHA-256-PLUS\0", 20 } },
		{ 10, { "OAUTHBEARER\0", 13 } },
		{ 11, { "r=x", 3 } },
		{ 12, { "v=", 2 } },
		{ 13, { "", 0 } },
		{ 0xffffffff, { "", 0 } },
	};
	struct user *user = user_of("pencil");
	struct buf out;
	(void)state;
	buf_init(&out, 0);
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct server_auth *a = server_auth_new(user, NULL);
		assert_non_null(hear(a, rows[i].code, rows[i].rest, &out));
		assert_non_null(hear(a, 0, span_text(""), &out));
		assert_false(server_auth_passed(a));
		assert_int_equal(buf_held(&out), 0);
		server_auth_free(a);
	}
	for (size_t len = 0; len < 4; len++) {
		struct server_auth *a = server_auth_new(user, NULL);
		assert_non_null(server_auth_message(a, span_of("\0\0\0", len), &out));
		server_auth_free(a);
	}
	user_unref(user);
	buf_done(&out);
}

/* A server that begins SCRAM does not get away without proving itself. */
static void test_no_early_end(void **state)
{
	static const struct span mechanisms = { "SCRAM-SHA-256\0", 15 };
	struct user *user = user_of("pencil");
	struct buf out;
	(void)state;
	buf_init(&out, 0);
	for (int moment = 0; moment < 2; moment++)
		for (uint32_t code = 0; code <= 12; code++) {
			struct server_auth *a = server_auth_new(user, NULL);
			buf_clear(&out);
			assert_null(hear(a, 10, mechanisms, &out));
			if (moment == 1) {
				/* The nonce stands at the end of our first message. */
				struct buf challenge;
				buf_init(&challenge, 0);
				buf_add_text(&challenge, "r=");
				buf_add(&challenge, buf_head(&out) + buf_held(&out) - 24, 24);
				buf_add_text(&challenge, "xyz,s=c2FsdA==,i=1");
				assert_null(hear(a, 11, buf_span(&challenge), &out));
				buf_done(&challenge);
			}
			const char *rest = code == 5 ? "salt" : code == 12 ? "v=AAAA" : "";
			assert_non_null(hear(a, code, span_text(rest), &out));
			assert_non_null(hear(a, 0, span_text(""), &out));
			assert_false(server_auth_passed(a));
			server_auth_free(a);
		}
	user_unref(user);
	buf_done(&out);
}

/* A client proves itself against a verifier; then pgshunt can log in to a server that has the same one. */
static void test_pass_through(void **state)
{
	static const enum client_auth_method methods[] = { CLIENT_AUTH_SCRAM, CLIENT_AUTH_MD5, CLIENT_AUTH_PLAIN };
	struct scram_secret secret;
	(void)state;
	assert_true(scram_secret_parse(span_text(SCRAM), &secret));
	for (size_t i = 0; i < MEM_COUNT(methods); i++) {
		struct user *user = user_of(SCRAM);
		struct client_auth_setup setup = { .method = methods[i], .name = span_text("m"), .user = user };
		struct scram_keys keys;
		assert_int_equal(log_in(&setup, "wrong", NULL).verdict, AUTH_FAILED);
		assert_non_null(user_keys_for_server(user, &secret.salting, &keys));
		assert_int_equal(log_in(&setup, "pencil", NULL).verdict, AUTH_OK);
		assert_null(user_keys_for_server(user, &secret.salting, &keys));

		/* The server is another client_auth, with the verifier; we log in with the learned keys. */
		struct user *on_server = user_of(SCRAM);
		struct client_auth_setup there = { .method = CLIENT_AUTH_SCRAM,
						   .name = span_text("m"),
						   .user = on_server };
		struct client_auth *server = client_auth_new(&there);
		struct server_auth *a = server_auth_new(user, NULL);
		struct buf down, up;
		buf_init(&down, 0);
		buf_init(&up, 0);
		enum auth_verdict verdict = client_auth_start(server, &down);
		while (verdict == AUTH_CONTINUE) {
			assert_null(server_auth_message(a, span_of(buf_head(&down) + 5, buf_held(&down) - 5), &up));
			buf_clear(&down);
			verdict = client_auth_message(server, span_of(buf_head(&up) + 5, buf_held(&up) - 5), &down);
			buf_clear(&up);
		}
		assert_int_equal(verdict, AUTH_OK);
		assert_null(server_auth_message(a, span_of(buf_head(&down) + 5, buf_held(&down) - 14), &up));
		assert_false(server_auth_passed(a));
		assert_null(hear(a, 0, span_text(""), &up));
		assert_true(server_auth_passed(a));
		server_auth_free(a);
		client_auth_free(server);
		user_unref(user);
		user_unref(on_server);
		buf_done(&down);
		buf_done(&up);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods_by_name),
		cmocka_unit_test(test_matrix_of_clients),
		cmocka_unit_test(test_failures_look_alike),
		cmocka_unit_test(test_mock_salt_is_stable),
		cmocka_unit_test(test_plain_user_has_the_salt_of_an_unknown),
		cmocka_unit_test(test_channel_binding),
		cmocka_unit_test(test_malformed_passwords),
		cmocka_unit_test(test_malformed_sasl),
		cmocka_unit_test(test_messages_out_of_order),
		cmocka_unit_test(test_matrix_of_servers),
		cmocka_unit_test(test_answers_to_servers),
		cmocka_unit_test(test_servers_refused),
		cmocka_unit_test(test_no_early_end),
		cmocka_unit_test(test_pass_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
