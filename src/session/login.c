/* Logging in: the first packets, the exchange, the welcome.
 *
 *    SSLRequest ─► 'N'          StartupMessage ─► checks ─► exchange ─► (console)
 *    GSSENCRequest ─► 'N'                                     └─► parameters of the database ─► welcome
 *    CancelRequest ─► the loop that has the client
 *
 * Nothing is told about users or databases before the login has passed. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "pool/cancel.h"
#include "session/client.h"
#include "session/sessions.h"

static size_t startup_bytes(struct client *c, struct span bytes);
static size_t auth_bytes(struct client *c, struct span bytes);
static void session_startup(struct client *c, const struct startup *startup);
static bool read_parameters(struct client *c, struct span parameters, bool *protocol_options);
static void start_exchange(struct client *c);
static void judge(struct client *c, enum auth_verdict verdict);
static void admit(struct client *c);
static void admit_console(struct client *c);
static void send_welcome(struct client *c, const struct guc_set *parameters);

struct cancel_mail {
	struct mail mail;
	struct sessions *to;
	uint32_t id;
	char key[256];
	size_t key_bytes;
};

size_t login_on_bytes(struct client *c, struct span bytes)
{
	return c->state == CLIENT_STARTUP ? startup_bytes(c, bytes) : auth_bytes(c, bytes);
}

static void on_cancel_mail(struct mail *mail, struct loop *loop)
{
	struct cancel_mail *cancel = MEM_CONTAINER(mail, struct cancel_mail, mail);
	(void)loop;
	login_cancel_request(cancel->to, cancel->id, span_of(cancel->key, cancel->key_bytes));
	mem_free(cancel);
}

/* The id says which loop has the client. Nothing tells the asker whether it was right. */
static void pass_cancel(struct client *c, const struct startup *startup)
{
	struct sessions_shared *shared = c->sessions->shared;
	unsigned loop = startup->cancel_id >> 24;
	if (loop < shared->loop_count) {
		struct cancel_mail *cancel = MEM_NEW(struct cancel_mail);
		cancel->mail.on_mail = on_cancel_mail;
		cancel->to = shared->sessions[loop];
		cancel->id = startup->cancel_id;
		cancel->key_bytes = startup->cancel_key.len;
		memcpy(cancel->key, startup->cancel_key.ptr, startup->cancel_key.len);
		loop_post(shared->loops[loop], &cancel->mail);
	}
	client_close(c, "cancel request");
}

static size_t startup_bytes(struct client *c, struct span bytes)
{
	struct startup startup;
	size_t total;
	const char *why;
	switch (wire_read_startup(bytes, &startup, &total, &why)) {
	case WIRE_MORE:
		return 0;
	case WIRE_BAD:
		client_fatal(c, "08P01", why, NULL);
		return bytes.len;
	case WIRE_OK:
		break;
	}
	bool *asked = startup.kind == STARTUP_SSL ? &c->ssl_asked : startup.kind == STARTUP_GSS ? &c->gss_asked : NULL;
	if (asked) {
		/* What comes in the same breath as the request cannot be meant for the plain connection. */
		if (*asked || bytes.len > total)
			client_fatal(c, "08P01",
				     *asked ? "the request for encryption came twice"
					    : "received unencrypted data after SSL request",
				     NULL);
		else
			buf_add_u8(client_out(c), 'N');
		*asked = true;
	} else if (startup.kind == STARTUP_CANCEL) {
		pass_cancel(c, &startup);
	} else {
		session_startup(c, &startup);
	}
	return total;
}

static void session_startup(struct client *c, const struct startup *startup)
{
	bool protocol_options = false;
	if (!read_parameters(c, startup->parameters, &protocol_options))
		return;
	if (c->user_name == NULL || c->user_name[0] == '\0') {
		client_fatal(c, "28000", "no username supplied: no PostgreSQL user name specified in startup packet",
			     NULL);
		return;
	}
	if (c->database_name == NULL || c->database_name[0] == '\0') {
		mem_free(c->database_name);
		c->database_name = mem_strdup(c->user_name);
	}
	if ((startup->protocol & 0xffff) > 0 || protocol_options) {
		/* NegotiateProtocolVersion: 3.0, and none of its options. */
		struct buf *out = client_out(c);
		size_t token = wire_begin(out, 'v');
		struct span rest = startup->parameters, name, value;
		unsigned count = 0;
		buf_add_u32(out, WIRE_V3);
		while (wire_next_parameter(&rest, &name, &value))
			count += name.len > 5 && memcmp(name.ptr, "_pq_.", 5) == 0;
		buf_add_u32(out, count);
		rest = startup->parameters;
		while (wire_next_parameter(&rest, &name, &value))
			if (name.len > 5 && memcmp(name.ptr, "_pq_.", 5) == 0)
				wire_add_text_span(out, name);
		wire_end(out, token);
	}
	start_exchange(c);
}

/* Names that Citus takes for its own: whoever says them gets more than his rights. */
static bool claims_citus(const char *application_name)
{
	static const char *const claims[] = { "citus_internal gpid=", "citus_rebalancer gpid=",
					      "citus_run_command gpid=", "citus_shard_" };
	for (size_t i = 0; i < MEM_COUNT(claims); i++)
		if (strncmp(application_name, claims[i], strlen(claims[i])) == 0)
			return true;
	return false;
}

static bool put_startup(struct client *c, struct span name, const char *value)
{
	if (span_is_nocase(name, "application_name") && claims_citus(value)) {
		client_fatal(c, "42501", "this application_name is reserved for Citus itself", NULL);
		return false;
	}
	guc_put(&c->startup, name, value);
	return true;
}

/* "-c name=value" and "--name=value", blanks escaped by backslashes: what
 * pg_split_opts() and process_postgres_switches() make of `options`. */
static bool read_options(struct client *c, const char *options)
{
	const char *unsupported =
		"unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed";
	char *word = mem_alloc(strlen(options) + 1);
	bool fine = true, wants_value = false;
	while (fine && *options) {
		size_t len = 0;
		while (*options == ' ' || (*options >= '\t' && *options <= '\r'))
			options++;
		if (*options == '\0')
			break;
		for (; *options && *options != ' ' && !(*options >= '\t' && *options <= '\r'); options++) {
			if (*options == '\\' && options[1])
				options++;
			word[len++] = *options;
		}
		word[len] = '\0';
		char *setting = word;
		if (!wants_value && strcmp(word, "-c") == 0) {
			wants_value = true;
			continue;
		}
		if (!wants_value) {
			if (strncmp(word, "--", 2) != 0 && strncmp(word, "-c", 2) != 0) {
				fine = false;
				break;
			}
			setting = word + 2;
		}
		wants_value = false;
		char *equals = strchr(setting, '=');
		if (equals == NULL || equals == setting) {
			fine = false;
			break;
		}
		for (char *dash = setting; dash < equals; dash++)
			if (*dash == '-')
				*dash = '_';
		if (!put_startup(c, span_of(setting, (size_t)(equals - setting)), equals + 1)) {
			mem_free(word);
			return false;
		}
	}
	mem_free(word);
	if (!fine || wants_value)
		client_fatal(c, "08P01", unsupported, NULL);
	return fine && !wants_value;
}

static bool read_parameters(struct client *c, struct span parameters, bool *protocol_options)
{
	struct span name, value;
	const struct settings *settings = c->sessions->settings;
	while (wire_next_parameter(&parameters, &name, &value)) {
		if (span_is(name, "user") && c->user_name == NULL) {
			c->user_name = mem_strndup(value.ptr, value.len);
		} else if (span_is(name, "database") && c->database_name == NULL) {
			c->database_name = mem_strndup(value.ptr, value.len);
		} else if (span_is(name, "user") || span_is(name, "database")) {
			client_fatal(c, "08P01", "a startup parameter is given twice", NULL);
			return false;
		} else if (span_is(name, "options")) {
			if (setting_list_has(&settings->ignore_startup_parameters, name))
				continue;
			if (!read_options(c, value.ptr))
				return false;
		} else if (span_is(name, "replication")) {
			if (!span_is(value, "false") && !span_is(value, "off") && !span_is(value, "no") &&
			    !span_is(value, "0")) {
				client_fatal(c, "0A000", "replication connections are not supported yet",
					     "Connect to the server itself.");
				return false;
			}
		} else if (name.len > 5 && memcmp(name.ptr, "_pq_.", 5) == 0) {
			*protocol_options = true;
		} else if (!setting_list_has(&settings->ignore_startup_parameters, name)) {
			if (!put_startup(c, name, value.ptr))
				return false;
		}
	}
	return true;
}

/* --- the exchange --- */

static enum client_auth_method method_of(const struct settings *settings)
{
	static const enum client_auth_method methods[] = {
		[AUTH_TYPE_ANY] = CLIENT_AUTH_ANY,
		[AUTH_TYPE_TRUST] = CLIENT_AUTH_TRUST,
		[AUTH_TYPE_PLAIN] = CLIENT_AUTH_PLAIN,
		[AUTH_TYPE_MD5] = CLIENT_AUTH_MD5,
		[AUTH_TYPE_SCRAM_SHA_256] = CLIENT_AUTH_SCRAM,
	};
	return methods[settings->auth_type];
}

static void start_exchange(struct client *c)
{
	struct sessions *s = c->sessions;
	struct user *user = users_find(s->users, span_text(c->user_name));
	if (s->settings->log_connections) {
		char host[ADDRESS_TEXT_BYTES];
		log_info("C-%llu: %s/%s@%s:%d login attempt: db=%s user=%s tls=no replication=no",
			 (unsigned long long)c->serial, c->database_name, c->user_name,
			 address_host(stream_peer(c->stream), host), address_port(stream_peer(c->stream)),
			 c->database_name, c->user_name);
	}
	c->login = user ? user_ref(user) : NULL;
	struct client_auth_setup setup = {
		.method = method_of(s->settings),
		.name = span_text(c->user_name),
		.user = c->login,
		.scram_iterations = users_scram_iterations(s->users, (uint32_t)s->settings->scram_iterations),
		.unknown_by_scram = s->users && users_mostly_scram(s->users),
	};
	c->auth = client_auth_new(&setup);
	client_enter(c, CLIENT_AUTH);
	judge(c, client_auth_start(c->auth, client_out(c)));
}

static size_t auth_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	enum wire_result got = wire_read_head(bytes, &head);
	if (got == WIRE_MORE && (bytes.len == 0 || bytes.ptr[0] == 'p' || bytes.ptr[0] == 'X'))
		return 0;
	if (got == WIRE_OK && head.type == 'X') {
		client_close(c, "client close request");
		return bytes.len;
	}
	if (got != WIRE_OK || head.type != 'p' || head.total > WIRE_MAX_PASSWORD_BYTES + 1) {
		client_fatal(c, "08P01", "expected a password message", NULL);
		return bytes.len;
	}
	if (bytes.len < head.total)
		return 0;
	judge(c, client_auth_message(c->auth, span_of(bytes.ptr + WIRE_HEAD_BYTES, head.total - WIRE_HEAD_BYTES),
				     client_out(c)));
	return head.total;
}

static void judge(struct client *c, enum auth_verdict verdict)
{
	char message[256];
	switch (verdict) {
	case AUTH_CONTINUE:
		return;
	case AUTH_OK:
		client_auth_free(c->auth);
		c->auth = NULL;
		admit(c);
		return;
	case AUTH_FAILED:
		snprintf(message, sizeof message, "password authentication failed for user \"%s\"", c->user_name);
		client_fatal(c, "28P01", message, NULL);
		return;
	case AUTH_MALFORMED:
		client_fatal(c, "08P01", "malformed authentication message", NULL);
		return;
	}
}

/* --- in --- */

static void admit(struct client *c)
{
	struct sessions *s = c->sessions;
	char message[256];
	if (settings_is_console(span_text(c->database_name))) {
		admit_console(c);
		return;
	}
	if (atomic_load(&s->shared->stopping)) {
		client_fatal(c, "57P03", "pooler is shutting down", NULL);
		return;
	}
	if (atomic_fetch_add(&s->shared->client_count, 1) >= s->settings->max_client_conn &&
	    s->settings->max_client_conn) {
		atomic_fetch_sub(&s->shared->client_count, 1);
		client_fatal(c, "53300", "no more connections allowed (max_client_conn)", NULL);
		return;
	}
	c->tenant = tenant_enter(s, span_text(c->database_name), span_text(c->user_name), c->login);
	if (c->tenant == NULL) {
		atomic_fetch_sub(&s->shared->client_count, 1);
		snprintf(message, sizeof message, "no such database: %s", c->database_name);
		client_fatal(c, "3D000", message, "See SHOW DATABASES on the console.");
		return;
	}
	guc_copy(&c->wanted, &c->startup);
	client_enter(c, CLIENT_WELCOME);
	if (tenant_knows_welcome(c->tenant))
		login_welcome(c);
	else
		link_wait(c, c->tenant->coordinator);
}

/* ParameterStatus names that a session may set, and that it must then be told so. */
static void apply_startup(struct client *c)
{
	for (size_t i = 0; i < c->startup.count; i++)
		if (guc_get(&c->told, c->startup.items[i].name))
			guc_put(&c->told, span_text(c->startup.items[i].name), c->startup.items[i].value);
}

void login_welcome(struct client *c)
{
	guc_copy(&c->told, &c->tenant->welcome);
	apply_startup(c);
	counters_add(&c->tenant->database->counters, COUNTER_CLIENT_LOGIN, 1);
	stream_limit_in(c->stream, (size_t)c->sessions->settings->retry_buffer_bytes + 64 * 1024);
	client_enter(c, CLIENT_IDLE);
	send_welcome(c, &c->told);
}

static void send_welcome(struct client *c, const struct guc_set *parameters)
{
	/* PostgreSQL's own spelling, which some drivers compare. */
	static const char *const spelt[] = { "DateStyle", "IntervalStyle", "TimeZone" };
	struct buf *out = client_out(c);
	for (size_t i = 0; i < parameters->count; i++) {
		const char *name = parameters->items[i].name;
		for (size_t j = 0; j < MEM_COUNT(spelt); j++)
			if (strcasecmp(name, spelt[j]) == 0)
				name = spelt[j];
		wire_add_parameter(out, span_text(name), span_text(parameters->items[i].value));
	}
	uint32_t key = c->cancel_key;
	wire_add_key(out, c->id, &key, sizeof key);
	wire_add_ready(out, 'I');
}

static void admit_console(struct client *c)
{
	static const char *const parameters[][2] = {
		{ "server_version", PACKAGE_VERSION "/pgshunt" },
		{ "client_encoding", "UTF8" },
		{ "server_encoding", "UTF8" },
		{ "datestyle", "ISO" },
		{ "timezone", "GMT" },
		{ "standard_conforming_strings", "on" },
		{ "is_superuser", "on" },
		{ "integer_datetimes", "on" },
	};
	const struct settings *settings = c->sessions->settings;
	struct span user = span_text(c->user_name);
	c->admin = setting_list_has(&settings->admin_users, user) || settings->auth_type == AUTH_TYPE_ANY;
	c->stats_reader = c->admin || setting_list_has(&settings->stats_users, user);
	if (!c->stats_reader) {
		client_fatal(c, "42501", "not allowed", "Name the user in admin_users or stats_users.");
		return;
	}
	for (size_t i = 0; i < MEM_COUNT(parameters); i++)
		guc_put(&c->told, span_text(parameters[i][0]), parameters[i][1]);
	client_enter(c, CLIENT_CONSOLE);
	send_welcome(c, &c->told);
}

/* --- cancels --- */

void login_cancel_request(struct sessions *sessions, uint32_t id, struct span key)
{
	struct client *c = sessions_client(sessions, id);
	uint32_t given = 0;
	if (key.len != sizeof given)
		return;
	memcpy(&given, key.ptr, sizeof given);
	if (c == NULL || (given ^ c->cancel_key) != 0)
		return;
	if (c->state == CLIENT_CONSOLE) {
		c->sessions->console->on_cancel(c->sessions->console->owner, c);
		return;
	}
	/* Only what this client is running now: its server owes it something. */
	if (c->state != CLIENT_LINKED || c->server == NULL || owed_empty(&c->server->owed)) {
		if (c->state == CLIENT_WAITING)
			local_fail(c, "57014", "canceling statement due to user request", NULL);
		return;
	}
	counters_add(&c->tenant->database->counters, COUNTER_CANCEL, 1);
	cancel_send(c->server, sessions->settings->cancel_wait_timeout_us);
}
