/* Logging in to a server: one table row an Authentication message. */
#include "auth/server_auth.h"

#include "auth/md5.h"
#include "auth/scram_client.h"
#include "base/mem.h"

enum stage {
	STAGE_FRESH, /* nothing was asked yet */
	STAGE_ANSWERED, /* a password went out */
	STAGE_SCRAM, /* SCRAM runs */
	STAGE_VERIFIED, /* … and the server has proved itself */
	STAGE_PASSED,
	STAGE_REFUSED
};

struct server_auth {
	enum stage stage;
	struct user *user;
	struct scram_binding binding;
	struct scram_client scram; /* from STAGE_SCRAM on */
	bool scram_begun;
};

static const char *on_ok(struct server_auth *a, struct span body, struct buf *out);
static const char *on_cleartext(struct server_auth *a, struct span body, struct buf *out);
static const char *on_md5(struct server_auth *a, struct span body, struct buf *out);
static const char *on_sasl(struct server_auth *a, struct span body, struct buf *out);
static const char *on_sasl_continue(struct server_auth *a, struct span body, struct buf *out);
static const char *on_sasl_final(struct server_auth *a, struct span body, struct buf *out);
static bool read_mechanisms(struct span list, bool *plain, bool *plus);
static void add_message(struct buf *out, struct span body);

/* What a server may send, and when (a bit for each stage). */
static const struct row {
	uint32_t code;
	unsigned stages;
	const char *(*on_message)(struct server_auth *a, struct span body, struct buf *out);
} rows[] = {
	{ 0, 1 << STAGE_FRESH | 1 << STAGE_ANSWERED | 1 << STAGE_VERIFIED, on_ok },
	{ 3, 1 << STAGE_FRESH, on_cleartext },
	{ 5, 1 << STAGE_FRESH, on_md5 },
	{ 10, 1 << STAGE_FRESH, on_sasl },
	{ 11, 1 << STAGE_SCRAM, on_sasl_continue },
	{ 12, 1 << STAGE_SCRAM, on_sasl_final },
};

struct server_auth *server_auth_new(struct user *user, const struct scram_binding *binding)
{
	struct server_auth *a = MEM_NEW(struct server_auth);
	a->stage = STAGE_FRESH;
	a->user = user_ref(user);
	if (binding)
		a->binding = *binding;
	return a;
}

void server_auth_free(struct server_auth *a)
{
	if (a == NULL)
		return;
	if (a->scram_begun)
		scram_client_done(&a->scram);
	user_unref(a->user);
	mem_wipe(a, sizeof *a);
	mem_free(a);
}

const char *server_auth_message(struct server_auth *a, struct span body, struct buf *out)
{
	const char *reason = "the server asks for an authentication method that is not supported";
	if (body.len < 4) {
		a->stage = STAGE_REFUSED;
		return "the server sent a malformed authentication message";
	}
	const uint8_t *at = (const uint8_t *)body.ptr;
	uint32_t code = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	body = span_of(body.ptr + 4, body.len - 4);
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		if (rows[i].code == code)
			reason = rows[i].stages & 1u << a->stage
					 ? rows[i].on_message(a, body, out)
					 : "the server sent an authentication message out of order";
	if (reason)
		a->stage = STAGE_REFUSED;
	return reason;
}

bool server_auth_passed(const struct server_auth *a)
{
	return a->stage == STAGE_PASSED;
}

static const char *on_ok(struct server_auth *a, struct span body, struct buf *out)
{
	(void)out;
	if (body.len)
		return "the server sent a malformed authentication message";
	a->stage = STAGE_PASSED;
	return NULL;
}

static const char *on_cleartext(struct server_auth *a, struct span body, struct buf *out)
{
	if (body.len)
		return "the server sent a malformed authentication message";
	if (user_secret_kind(a->user) == USER_SECRET_NONE)
		return "the server asks for a password, and this user has none here";
	if (user_secret_kind(a->user) != USER_SECRET_PLAIN)
		return "the server asks for the password itself, and only a hash of this user's password is known";
	const char *password = user_secret(a->user);
	add_message(out, span_of(password, strlen(password) + 1));
	a->stage = STAGE_ANSWERED;
	return NULL;
}

static const char *on_md5(struct server_auth *a, struct span body, struct buf *out)
{
	char secret[MD5_TEXT + 1], response[MD5_TEXT + 1];
	struct span stored = span_text(user_secret(a->user));
	if (body.len != MD5_SALT_BYTES)
		return "the server sent a malformed authentication message";
	if (user_secret_kind(a->user) == USER_SECRET_NONE)
		return "the server asks for a password, and this user has none here";
	if (user_secret_kind(a->user) == USER_SECRET_SCRAM)
		return "the server asks for MD5, and only a SCRAM verifier of this user is known";
	bool made = true;
	if (user_secret_kind(a->user) == USER_SECRET_MD5)
		memcpy(secret, stored.ptr, sizeof secret);
	else
		made = md5_make_secret(stored, span_text(user_name(a->user)), secret);
	made = made && md5_make_response(span_text(secret), (const uint8_t *)body.ptr, response);
	if (made)
		add_message(out, span_of(response, sizeof response));
	mem_wipe(secret, sizeof secret);
	mem_wipe(response, sizeof response);
	a->stage = STAGE_ANSWERED;
	return made ? NULL : "the server asks for MD5, which the policy of this machine forbids";
}

static const char *on_sasl(struct server_auth *a, struct span body, struct buf *out)
{
	struct buf first, message;
	bool plain = false, plus = false;
	if (!read_mechanisms(body, &plain, &plus))
		return "the server sent a malformed authentication message";
	if (!plain && !(plus && a->binding.len))
		return "the server offers no SASL mechanism that is supported: SCRAM-SHA-256 is";
	/* A hopeless secret is told from a wrong one before the server counts a failed login. */
	if (user_secret_kind(a->user) == USER_SECRET_NONE)
		return "the server asks for a password, and this user has none here";
	if (user_secret_kind(a->user) == USER_SECRET_MD5)
		return "the server asks for SCRAM, and only the MD5 hash of this user's password is known";

	scram_client_init(&a->scram, &a->binding, plus, NULL);
	a->scram_begun = true;
	buf_init(&first, 0);
	buf_init(&message, 0);
	scram_client_first(&a->scram, &first);
	buf_add_text(&message, scram_client_mechanism(&a->scram));
	buf_add_u8(&message, 0);
	buf_add_u32(&message, (uint32_t)buf_held(&first));
	buf_add_span(&message, buf_span(&first));
	add_message(out, buf_span(&message));
	buf_done(&first);
	buf_done(&message);
	a->stage = STAGE_SCRAM;
	return NULL;
}

static const char *on_sasl_continue(struct server_auth *a, struct span body, struct buf *out)
{
	struct scram_salting salting;
	struct scram_keys keys;
	struct buf proof;
	const char *reason = scram_client_challenge(&a->scram, body, &salting);
	if (reason == NULL)
		reason = user_keys_for_server(a->user, &salting, &keys);
	if (reason)
		return reason;
	buf_init(&proof, 0);
	scram_client_respond(&a->scram, &keys, &proof);
	add_message(out, buf_span(&proof));
	buf_done(&proof);
	mem_wipe(&keys, sizeof keys);
	return NULL;
}

static const char *on_sasl_final(struct server_auth *a, struct span body, struct buf *out)
{
	(void)out;
	const char *reason = scram_client_final(&a->scram, body);
	if (reason == NULL)
		a->stage = STAGE_VERIFIED;
	return reason;
}

/* Names, each ended by a zero byte; an empty one ends the list, and nothing follows it. */
static bool read_mechanisms(struct span list, bool *plain, bool *plus)
{
	while (list.len && memchr(list.ptr, '\0', list.len)) {
		struct span name = span_split(&list, '\0');
		if (name.len == 0)
			return list.len == 0;
		*plain = *plain || span_is(name, SCRAM_MECHANISM);
		*plus = *plus || span_is(name, SCRAM_MECHANISM_PLUS);
	}
	return false;
}

/* 'p', the length of all that follows, and the body. */
static void add_message(struct buf *out, struct span body)
{
	buf_add_u8(out, 'p');
	buf_add_u32(out, (uint32_t)(4 + body.len));
	buf_add_span(out, body);
}
