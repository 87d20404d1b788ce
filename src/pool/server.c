/* A server's life outside of a holder's hands: address, connect, login, rest, reset. */
#include "pool/server.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "wire/proto.h"

enum { LOGIN_MESSAGE_BYTES = 64 * 1024 };

static void start_connect(struct server *server, const struct address *to);
static void on_address(void *owner, uint64_t token, const struct address *addresses, unsigned count, const char *why);
static void fail(struct server *server, const struct server_failure *failure);
static void fail_text(struct server *server, const char *message);
static bool login_message(struct server *server, char type, struct span body);
static bool reset_message(struct server *server, char type, struct span body);
static bool idle_message(struct server *server, char type, struct span body);

static void on_connected(void *owner);
static size_t on_bytes(void *owner, struct span bytes);
static void on_drained(void *owner);
static void on_closed(void *owner, const char *why);

static const struct stream_events stream_events = { on_connected, on_bytes, on_drained, on_closed };

static const char *const state_texts[] = {
#define SERVER_STATE_TEXT(symbol, text) text,
	SERVER_STATES(SERVER_STATE_TEXT)
#undef SERVER_STATE_TEXT
};

/* moves[from] has a bit for each state that may follow. */
#define BIT(state) (1u << SERVER_##state)
static const unsigned moves[SERVER_STATE_COUNT] = {
	[SERVER_RESOLVING] = BIT(CONNECTING) | BIT(CLOSED),
	[SERVER_CONNECTING] = BIT(LOGIN) | BIT(CLOSED),
	[SERVER_LOGIN] = BIT(IDLE) | BIT(CLOSED),
	[SERVER_IDLE] = BIT(LENT) | BIT(CLOSED),
	[SERVER_LENT] = BIT(IDLE) | BIT(RESETTING) | BIT(CANCELLED) | BIT(CLOSED),
	[SERVER_RESETTING] = BIT(IDLE) | BIT(CLOSED),
	[SERVER_CANCELLED] = BIT(IDLE) | BIT(RESETTING) | BIT(CLOSED),
	[SERVER_CLOSED] = 0,
};

static void server_enter(struct server *server, enum server_state state)
{
	assert(moves[server->state] & (1u << state));
	log_noise("S-%llu: %s -> %s", (unsigned long long)server->id, state_texts[server->state], state_texts[state]);
	server->state = state;
	server->since_us = loop_now_us(server->loop);
	if (state == SERVER_IDLE || state == SERVER_LENT)
		server->deadline_us = 0;
}

const char *server_state_text(enum server_state state)
{
	return state_texts[state];
}

struct server *server_new(struct loop *loop, struct dns *dns, struct target *target, unsigned host_index,
			  int64_t timeout_us, const struct server_events *events, void *owner)
{
	static _Atomic uint64_t last_id;
	struct server *server = MEM_NEW(struct server);
	server->loop = loop;
	server->dns = dns;
	server->target = target_ref(target);
	server->events = events;
	server->owner = owner;
	server->host_index = host_index % (unsigned)target->hosts.count;
	server->id = atomic_fetch_add(&last_id, 1) + 1;
	server->transaction_status = 'I';
	server->connected_us = server->since_us = loop_now_us(loop);
	server->deadline_us = timeout_us ? server->since_us + timeout_us : 0;
	list_init(&server->item);
	list_init(&server->cancels);
	owed_init(&server->owed);
	guc_init(&server->reported);
	guc_init(&server->applied);
	guc_init(&server->customs);
	prepared_init(&server->prepared);
	return server;
}

/* Apart from server_new, so that the pool has listed the server before anything can happen to it. */
void server_start(struct server *server)
{
	const char *host = server->target->hosts.words[server->host_index];
	struct address at;
	if (host[0] == '/' || host[0] == '@') {
		if (address_from_folder(&at, host, server->target->port))
			start_connect(server, &at);
		else
			fail_text(server, "the path of the Unix socket is too long");
		return;
	}
	dns_lookup(server->dns, host, on_address, server, server->id);
}

static void release(void *arg)
{
	struct server *server = arg;
	owed_done(&server->owed);
	guc_done(&server->reported);
	guc_done(&server->applied);
	guc_done(&server->customs);
	prepared_done(&server->prepared);
	statement_unref(server->unnamed);
	target_unref(server->target);
	mem_wipe(server->cancel_key, sizeof server->cancel_key);
	mem_free(server);
}

void server_free(struct server *server, void (*on_gone)(void *arg), void *arg)
{
	if (server->state == SERVER_CLOSED)
		return;
	if (server->state == SERVER_RESOLVING)
		dns_forget(server->dns, server);
	if (server->state >= SERVER_IDLE && server->stream && owed_empty(&server->owed)) {
		wire_simple(stream_out(server->stream), 'X');
		stream_finish_then(server->stream, on_gone, arg);
	} else {
		stream_free(server->stream);
		if (on_gone)
			on_gone(arg);
	}
	server->stream = NULL;
	server_enter(server, SERVER_CLOSED);
	list_remove(&server->item);
	LIST_EACH (it, &server->cancels)
		list_remove(it); /* they end by themselves, and find nobody to tell */
	server_auth_free(server->auth);
	server->auth = NULL;
	loop_defer(server->loop, release, server);
}

static void fail(struct server *server, const struct server_failure *failure)
{
	server->events->on_failed(server->owner, server, failure);
}

static void fail_text(struct server *server, const char *message)
{
	char text[512];
	snprintf(text, sizeof text, "cannot connect to %s port %d: %s", server->target->hosts.words[server->host_index],
		 server->target->port, message);
	fail(server, &(struct server_failure){ .sqlstate = "08006", .message = text });
}

static void on_address(void *owner, uint64_t token, const struct address *addresses, unsigned count, const char *why)
{
	struct server *server = owner;
	(void)token;
	if (count == 0) {
		char text[256];
		snprintf(text, sizeof text, "server DNS lookup failed: %s", why);
		fail_text(server, text);
		return;
	}
	struct address at = addresses[0];
	if (at.any.sa_family == AF_INET6)
		at.v6.sin6_port = htons((uint16_t)server->target->port);
	else
		at.v4.sin_port = htons((uint16_t)server->target->port);
	start_connect(server, &at);
}

static void start_connect(struct server *server, const struct address *to)
{
	const char *why;
	server_enter(server, SERVER_CONNECTING);
	server->stream = stream_connect(server->loop, to, &stream_events, server, &why);
	if (server->stream == NULL)
		fail_text(server, why);
}

static void on_connected(void *owner)
{
	struct server *server = owner;
	server_enter(server, SERVER_LOGIN);
	stream_limit_in(server->stream, LOGIN_MESSAGE_BYTES);
	server->auth = server_auth_new(server->target->user, NULL);
	struct buf *out = stream_out(server->stream);
	size_t token = wire_begin(out, '\0');
	buf_add_u32(out, WIRE_V3);
	wire_add_text(out, "user");
	wire_add_text(out, user_name(server->target->user));
	wire_add_text(out, "database");
	wire_add_text(out, server->target->dbname);
	buf_add_u8(out, 0);
	wire_end(out, token);
}

static size_t on_bytes(void *owner, struct span bytes)
{
	struct server *server = owner;
	if (server->state == SERVER_LENT)
		return server->holder_events->on_bytes(server->holder, bytes);
	size_t taken = 0;
	while (taken < bytes.len && server->state != SERVER_CLOSED && server->state != SERVER_LENT) {
		struct wire_head head;
		struct span rest = span_of(bytes.ptr + taken, bytes.len - taken);
		enum wire_result got = wire_read_head(rest, &head);
		if (got == WIRE_MORE)
			break;
		/* Nothing that a server says here is long. */
		if (got == WIRE_BAD || head.total > LOGIN_MESSAGE_BYTES) {
			on_closed(server, "the server does not speak the protocol");
			return bytes.len;
		}
		if (head.total > rest.len)
			break;
		struct span body = span_of(rest.ptr + WIRE_HEAD_BYTES, head.total - WIRE_HEAD_BYTES);
		taken += head.total;
		bool fine = server->state == SERVER_LOGIN       ? login_message(server, head.type, body)
			    : server->state == SERVER_RESETTING ? reset_message(server, head.type, body)
								: idle_message(server, head.type, body);
		if (!fine)
			return bytes.len;
	}
	return server->state == SERVER_CLOSED ? bytes.len : taken;
}

static void on_drained(void *owner)
{
	struct server *server = owner;
	if (server->state == SERVER_LENT)
		server->holder_events->on_drained(server->holder);
}

static void on_closed(void *owner, const char *why)
{
	struct server *server = owner;
	if (server->state == SERVER_LENT) {
		server->holder_events->on_lost(server->holder, why);
	} else if (server->state < SERVER_IDLE) {
		fail_text(server, server->state == SERVER_LOGIN && strcmp(why, "unexpected eof") == 0
					  ? "the server closed the connection during login"
					  : why);
	} else {
		server->events->on_lost(server->owner, server, why);
	}
}

void server_note_parameter(struct server *server, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span name = wire_read_text(&r), value = wire_read_text(&r);
	if (wire_read_done(&r))
		guc_put(&server->reported, name, value.ptr);
}

static void note_key(struct server *server, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	server->backend_pid = wire_read_u32(&r);
	if (!r.failed && r.rest.len <= sizeof server->cancel_key) {
		memcpy(server->cancel_key, r.rest.ptr, r.rest.len);
		server->cancel_key_bytes = r.rest.len;
	}
}

/* The server's own words, whatever it was that it refused. */
static void fail_response(struct server *server, struct span body)
{
	char sqlstate[6], message[512];
	snprintf(sqlstate, sizeof sqlstate, "%.5s", wire_error_field(body, 'C').ptr);
	snprintf(message, sizeof message, "%s", wire_error_field(body, 'M').ptr);
	/* Class 57P and 53: the node is not able to, for now; everything else is about this login. */
	bool login = strncmp(sqlstate, "57P", 3) != 0 && strncmp(sqlstate, "53", 2) != 0;
	fail(server,
	     &(struct server_failure){ .sqlstate = sqlstate, .message = message, .response = body, .login = login });
}

static bool login_message(struct server *server, char type, struct span body)
{
	const char *why = NULL;
	switch (type) {
	case 'R':
		why = server_auth_message(server->auth, body, stream_out(server->stream));
		break;
	case 'E':
		fail_response(server, body);
		return false;
	case 'S':
		server_note_parameter(server, body);
		break;
	case 'K':
		note_key(server, body);
		break;
	case 'N':
		break;
	case 'Z':
		if (!server_auth_passed(server->auth)) {
			why = "it was ready before it had let us in";
			break;
		}
		server_auth_free(server->auth);
		server->auth = NULL;
		log_debug("S-%llu: %s/%s@%s:%d logged in", (unsigned long long)server->id, server->target->dbname,
			  user_name(server->target->user), server->target->hosts.words[server->host_index],
			  server->target->port);
		server_enter(server, SERVER_IDLE);
		server->events->on_ready(server->owner, server, true);
		return true;
	default:
		why = "it sent a message that does not belong to a login";
	}
	if (why) {
		char text[320];
		snprintf(text, sizeof text, "the login was given up: %s", why);
		fail(server, &(struct server_failure){ .sqlstate = "08006", .message = text, .login = true });
	}
	return why == NULL;
}

/* Anything but a chat is a sign that the server is not where we think it is. */
static bool idle_message(struct server *server, char type, struct span body)
{
	switch (type) {
	case 'S':
		server_note_parameter(server, body);
		return true;
	case 'N':
	case 'A':
		return true;
	case 'E':
		server->events->on_lost(server->owner, server, "the server ended the connection");
		return false;
	default:
		server->events->on_lost(server->owner, server, "idle server got dirty");
		return false;
	}
}

static bool reset_message(struct server *server, char type, struct span body)
{
	switch (owed_answer(&server->owed, type, NULL, NULL)) {
	case OWED_ASYNC:
		if (type == 'S')
			server_note_parameter(server, body);
		return true;
	case OWED_PART:
		return true;
	case OWED_DONE:
		owed_pop(&server->owed);
		if (body.len == 1 && body.ptr[0] == 'I') {
			server_enter(server, SERVER_IDLE);
			server->events->on_ready(server->owner, server, false);
			return true;
		}
		break;
	case OWED_FAILED:
	case OWED_OUT_OF_STEP:
		break;
	}
	server->events->on_lost(server->owner, server, "the reset query failed");
	return false;
}

void server_lend(struct server *server, const struct holder_events *events, void *holder)
{
	server_enter(server, SERVER_LENT);
	server->holder_events = events;
	server->holder = holder;
}

static void take_back(struct server *server, enum server_state state)
{
	server->holder_events = NULL;
	server->holder = NULL;
	server_enter(server, state);
}

void server_rest(struct server *server)
{
	take_back(server, SERVER_IDLE);
}

void server_wait_cancelled(struct server *server)
{
	take_back(server, SERVER_CANCELLED);
}

void server_reset(struct server *server, const char *query, int64_t timeout_us)
{
	take_back(server, SERVER_RESETTING);
	server->deadline_us = timeout_us ? server->since_us + timeout_us : 0;
	owed_add(&server->owed, OWED_QUERY, OWED_SWALLOW, NULL, 0);
	wire_add_query(stream_out(server->stream), query);
	/* Any simple query ends it. */
	statement_unref(server->unnamed);
	server->unnamed = NULL;
}

void server_check_deadline(struct server *server, int64_t now_us)
{
	if (server->deadline_us == 0 || now_us < server->deadline_us)
		return;
	if (server->state < SERVER_IDLE)
		fail_text(server, "server_connect_timeout");
	else
		server->events->on_lost(server->owner, server, "the reset query took too long");
}

bool server_can_move(const struct server *server)
{
	return server->state == SERVER_IDLE && list_empty(&server->cancels) && stream_can_move(server->stream);
}

void server_detach(struct server *server)
{
	list_remove(&server->item);
	stream_detach(server->stream);
	server->loop = NULL;
	server->owner = NULL;
}

void server_attach(struct server *server, struct loop *loop, struct dns *dns, const struct server_events *events,
		   void *owner)
{
	server->loop = loop;
	server->dns = dns;
	server->events = events;
	server->owner = owner;
	stream_own(server->stream, &stream_events, server);
	stream_attach(server->stream, loop);
}

const struct address *server_address(const struct server *server)
{
	return stream_peer(server->stream);
}

void server_note_applied(struct server *server, const char *name, const char *value)
{
	guc_put(&server->applied, span_text(name), value);
	server_note_custom(server, name);
}

void server_note_custom(struct server *server, const char *name)
{
	if (guc_is_custom(name))
		guc_put(&server->customs, span_text(name), "");
}
