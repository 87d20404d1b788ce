/* A client's login, by method: one table row a step, one exchange a login. */
#include "auth/client_auth.h"

#include "auth/md5.h"
#include "auth/scram_server.h"
#include "base/mem.h"

/* The codes of the 'R' messages (PostgreSQL manual, "Message Formats"). */
enum { R_OK = 0, R_PASSWORD = 3, R_MD5 = 5, R_SASL = 10, R_SASL_CONTINUE = 11, R_SASL_FINAL = 12 };

enum exchange { EXCHANGE_NONE, EXCHANGE_PASSWORD, EXCHANGE_MD5, EXCHANGE_SCRAM };

enum step { STEP_START, STEP_PASSWORD, STEP_MD5, STEP_SASL_INITIAL, STEP_SASL_RESPONSE, STEP_ENDED };

struct client_auth {
	enum step step;
	enum client_auth_method method;
	char *name;
	struct user *user; /* NULL = no such user */
	uint32_t scram_iterations;
	bool unknown_by_scram;
	struct scram_binding binding;
	uint8_t md5_salt[MD5_SALT_BYTES];
	struct scram_server scram; /* from the step STEP_SASL_INITIAL on */
	bool scram_begun;
};

static enum exchange exchange_of(const struct client_auth *a);
static enum auth_verdict start_none(struct client_auth *a, struct buf *out);
static enum auth_verdict start_password(struct client_auth *a, struct buf *out);
static enum auth_verdict start_md5(struct client_auth *a, struct buf *out);
static enum auth_verdict start_scram(struct client_auth *a, struct buf *out);
static enum auth_verdict read_password(struct client_auth *a, struct span body, struct buf *out);
static enum auth_verdict read_md5(struct client_auth *a, struct span body, struct buf *out);
static enum auth_verdict read_sasl_initial(struct client_auth *a, struct span body, struct buf *out);
static enum auth_verdict read_sasl_response(struct client_auth *a, struct span body, struct buf *out);
static enum auth_verdict reply_scram(struct client_auth *a, struct span message, struct buf *out);
static bool take_text(struct span *body, struct span *text);
static bool check_plain(struct client_auth *a, struct span password);
static bool check_plain_scram(struct client_auth *a, const char *password, const struct scram_secret *secret);
static void add_message(struct buf *out, uint32_t code, struct span rest);

static enum auth_verdict (*const starts[])(struct client_auth *, struct buf *) = {
	[EXCHANGE_NONE] = start_none,
	[EXCHANGE_PASSWORD] = start_password,
	[EXCHANGE_MD5] = start_md5,
	[EXCHANGE_SCRAM] = start_scram,
};

static enum auth_verdict (*const steps[])(struct client_auth *, struct span, struct buf *) = {
	[STEP_START] = NULL,
	[STEP_PASSWORD] = read_password,
	[STEP_MD5] = read_md5,
	[STEP_SASL_INITIAL] = read_sasl_initial,
	[STEP_SASL_RESPONSE] = read_sasl_response,
	[STEP_ENDED] = NULL,
};

bool client_auth_method_parse(struct span text, enum client_auth_method *method)
{
	static const struct {
		const char *name;
		enum client_auth_method method;
	} rows[] = {
		{ "trust", CLIENT_AUTH_TRUST },    { "any", CLIENT_AUTH_ANY }, { "plain", CLIENT_AUTH_PLAIN },
		{ "password", CLIENT_AUTH_PLAIN }, { "md5", CLIENT_AUTH_MD5 }, { "scram-sha-256", CLIENT_AUTH_SCRAM },
	};
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		if (span_is(text, rows[i].name)) {
			*method = rows[i].method;
			return true;
		}
	return false;
}

struct client_auth *client_auth_new(const struct client_auth_setup *setup)
{
	struct client_auth *a = MEM_NEW(struct client_auth);
	a->step = STEP_START;
	a->method = setup->method;
	a->name = mem_strndup(setup->name.ptr, setup->name.len);
	a->user = setup->user ? user_ref(setup->user) : NULL;
	a->scram_iterations = setup->scram_iterations ? setup->scram_iterations : SCRAM_ITERATIONS_DEFAULT;
	a->unknown_by_scram = setup->unknown_by_scram;
	a->binding = setup->binding;
	return a;
}

void client_auth_free(struct client_auth *a)
{
	if (a == NULL)
		return;
	if (a->scram_begun)
		scram_server_done(&a->scram);
	user_unref(a->user);
	mem_free(a->name);
	mem_wipe(a, sizeof *a);
	mem_free(a);
}

enum auth_verdict client_auth_start(struct client_auth *a, struct buf *out)
{
	enum auth_verdict verdict = AUTH_MALFORMED;
	if (a->step == STEP_START)
		verdict = starts[exchange_of(a)](a, out);
	if (verdict != AUTH_CONTINUE)
		a->step = STEP_ENDED;
	if (verdict == AUTH_OK)
		add_message(out, R_OK, span_text(""));
	return verdict;
}

enum auth_verdict client_auth_message(struct client_auth *a, struct span body, struct buf *out)
{
	enum auth_verdict verdict = AUTH_MALFORMED;
	if (steps[a->step])
		verdict = steps[a->step](a, body, out);
	if (verdict != AUTH_CONTINUE)
		a->step = STEP_ENDED;
	if (verdict == AUTH_OK)
		add_message(out, R_OK, span_text(""));
	return verdict;
}

static enum exchange exchange_of(const struct client_auth *a)
{
	enum user_secret_kind kind = a->user ? user_secret_kind(a->user) : USER_SECRET_NONE;
	if (a->method == CLIENT_AUTH_TRUST || a->method == CLIENT_AUTH_ANY)
		return EXCHANGE_NONE;
	if (a->method == CLIENT_AUTH_PLAIN)
		return EXCHANGE_PASSWORD;
	if (a->method == CLIENT_AUTH_SCRAM || kind == USER_SECRET_SCRAM)
		return EXCHANGE_SCRAM;
	return kind == USER_SECRET_NONE && a->unknown_by_scram ? EXCHANGE_SCRAM : EXCHANGE_MD5;
}

static enum auth_verdict start_none(struct client_auth *a, struct buf *out)
{
	(void)out;
	return a->user || a->method == CLIENT_AUTH_ANY ? AUTH_OK : AUTH_FAILED;
}

static enum auth_verdict start_password(struct client_auth *a, struct buf *out)
{
	add_message(out, R_PASSWORD, span_text(""));
	a->step = STEP_PASSWORD;
	return AUTH_CONTINUE;
}

static enum auth_verdict start_md5(struct client_auth *a, struct buf *out)
{
	digest_random(a->md5_salt, sizeof a->md5_salt);
	add_message(out, R_MD5, span_of((const char *)a->md5_salt, sizeof a->md5_salt));
	a->step = STEP_MD5;
	return AUTH_CONTINUE;
}

static enum auth_verdict start_scram(struct client_auth *a, struct buf *out)
{
	struct scram_secret mock;
	const struct scram_secret *secret = a->user ? user_scram_secret(a->user) : NULL;
	scram_secret_mock(&mock, span_text(a->name), a->scram_iterations);
	scram_server_init(&a->scram, secret ? secret : &mock, secret == NULL, &a->binding, NULL);
	a->scram_begun = true;
	/* The list of mechanisms, best first, ends with an empty name. */
	struct span both = span_of(SCRAM_MECHANISM_PLUS "\0" SCRAM_MECHANISM "\0",
				   sizeof SCRAM_MECHANISM_PLUS + sizeof SCRAM_MECHANISM + 1);
	struct span one = span_of(SCRAM_MECHANISM "\0", sizeof SCRAM_MECHANISM + 1);
	add_message(out, R_SASL, a->binding.len ? both : one);
	a->step = STEP_SASL_INITIAL;
	return AUTH_CONTINUE;
}

static enum auth_verdict read_password(struct client_auth *a, struct span body, struct buf *out)
{
	struct span password;
	(void)out;
	if (!take_text(&body, &password) || body.len)
		return AUTH_MALFORMED;
	return check_plain(a, password) ? AUTH_OK : AUTH_FAILED;
}

static enum auth_verdict read_md5(struct client_auth *a, struct span body, struct buf *out)
{
	char secret[MD5_TEXT + 1];
	struct span response;
	(void)out;
	if (!take_text(&body, &response) || body.len)
		return AUTH_MALFORMED;
	enum user_secret_kind kind = a->user ? user_secret_kind(a->user) : USER_SECRET_NONE;
	bool known = kind == USER_SECRET_PLAIN || kind == USER_SECRET_MD5;
	struct span stored = span_text(known ? user_secret(a->user) : "");
	/* The same two digests for every user; what an unknown one is compared with does not matter. */
	bool made = md5_make_secret(stored, span_text(a->name), secret);
	if (kind == USER_SECRET_MD5)
		memcpy(secret, stored.ptr, MD5_TEXT);
	bool right = made && md5_check_response(response, span_text(secret), a->md5_salt);
	mem_wipe(secret, sizeof secret);
	return right && known ? AUTH_OK : AUTH_FAILED;
}

/* SASLInitialResponse: the mechanism's name, then a length and as many bytes. */
static enum auth_verdict read_sasl_initial(struct client_auth *a, struct span body, struct buf *out)
{
	struct span mechanism;
	if (!take_text(&body, &mechanism) || body.len < 4)
		return AUTH_MALFORMED;
	const uint8_t *at = (const uint8_t *)body.ptr;
	uint32_t len = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	struct span message = span_of(body.ptr + 4, body.len - 4);
	/* -1, no message, is refused as well: no SCRAM client begins without. */
	if (len != message.len || scram_server_choose(&a->scram, mechanism) != AUTH_CONTINUE)
		return AUTH_MALFORMED;
	a->step = STEP_SASL_RESPONSE;
	return reply_scram(a, message, out);
}

static enum auth_verdict read_sasl_response(struct client_auth *a, struct span body, struct buf *out)
{
	enum auth_verdict verdict = reply_scram(a, body, out);
	if (verdict == AUTH_OK)
		user_learn_keys(a->user, scram_server_keys(&a->scram));
	return verdict;
}

static enum auth_verdict reply_scram(struct client_auth *a, struct span message, struct buf *out)
{
	struct buf reply;
	buf_init(&reply, 0);
	enum auth_verdict verdict = scram_server_message(&a->scram, message, &reply);
	if (buf_failed(&reply))
		verdict = AUTH_FAILED;
	if (verdict == AUTH_CONTINUE || verdict == AUTH_OK)
		add_message(out, verdict == AUTH_OK ? R_SASL_FINAL : R_SASL_CONTINUE, buf_span(&reply));
	buf_done(&reply);
	return verdict;
}

/* Takes a text that ends in a zero byte from the front of *body. */
static bool take_text(struct span *body, struct span *text)
{
	const char *end = body->len ? memchr(body->ptr, '\0', body->len) : NULL;
	if (end == NULL)
		return false;
	*text = span_split(body, '\0');
	return true;
}

/* `password` ends in a zero byte. */
static bool check_plain(struct client_auth *a, struct span password)
{
	char hashed[MD5_TEXT + 1];
	struct scram_secret mock;
	enum user_secret_kind kind = a->user ? user_secret_kind(a->user) : USER_SECRET_NONE;
	bool right;
	switch (kind) {
	case USER_SECRET_PLAIN:
		return digest_equal_text(password, span_text(user_secret(a->user)));
	case USER_SECRET_MD5:
		right = md5_make_secret(password, span_text(a->name), hashed) &&
			digest_equal(hashed, user_secret(a->user), MD5_TEXT);
		mem_wipe(hashed, sizeof hashed);
		return right;
	case USER_SECRET_SCRAM:
		return check_plain_scram(a, password.ptr, user_scram_secret(a->user));
	case USER_SECRET_NONE:
		break;
	}
	/* Nobody gets in here; it takes as long as it takes most others. */
	scram_secret_mock(&mock, span_text(a->name), a->scram_iterations);
	if (a->unknown_by_scram)
		check_plain_scram(a, password.ptr, &mock);
	else
		digest_equal_text(password, span_text(a->name));
	return false;
}

static bool check_plain_scram(struct client_auth *a, const char *password, const struct scram_secret *secret)
{
	struct scram_keys keys;
	if (secret->salting.iterations > SCRAM_ITERATIONS_DERIVE)
		return false;
	scram_derive(password, &secret->salting, &keys);
	bool right = digest_equal(keys.secret.stored_key, secret->stored_key, DIGEST_BYTES);
	if (right && a->user)
		user_learn_keys(a->user, &keys);
	mem_wipe(&keys, sizeof keys);
	return right;
}

/* 'R', the length of all that follows, a code and what belongs to it. */
static void add_message(struct buf *out, uint32_t code, struct span rest)
{
	buf_add_u8(out, 'R');
	buf_add_u32(out, (uint32_t)(8 + rest.len));
	buf_add_u32(out, code);
	buf_add_span(out, rest);
}
