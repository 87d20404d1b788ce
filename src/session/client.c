/* A client's life: its states, its stream's events, its end. */
#include "session/client.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static void on_drained(void *owner);
static void on_closed(void *owner, const char *why);
static void release(void *arg);

const struct stream_events client_stream_events = { NULL, client_on_bytes, on_drained, on_closed };

static const char *const state_texts[] = {
#define CLIENT_STATE_TEXT(symbol, text) text,
	CLIENT_STATES(CLIENT_STATE_TEXT)
#undef CLIENT_STATE_TEXT
};

#define BIT(state) (1u << CLIENT_##state)
static const unsigned moves[CLIENT_STATE_COUNT] = {
	[CLIENT_STARTUP] = BIT(AUTH) | BIT(CONSOLE) | BIT(CLOSED),
	[CLIENT_AUTH] = BIT(WELCOME) | BIT(CONSOLE) | BIT(CLOSED),
	[CLIENT_WELCOME] = BIT(IDLE) | BIT(CLOSED),
	[CLIENT_IDLE] = BIT(WAITING) | BIT(CLOSED),
	[CLIENT_WAITING] = BIT(PREPARING) | BIT(LINKED) | BIT(IDLE) | BIT(CLOSED),
	[CLIENT_PREPARING] = BIT(LINKED) | BIT(WAITING) | BIT(IDLE) | BIT(CLOSED),
	[CLIENT_LINKED] = BIT(IDLE) | BIT(CLOSED),
	[CLIENT_CONSOLE] = BIT(CLOSED),
	[CLIENT_CLOSED] = 0,
};

void client_enter(struct client *c, enum client_state state)
{
	assert(moves[c->state] & (1u << state));
	log_noise("C-%llu: %s -> %s", (unsigned long long)c->serial, state_texts[c->state], state_texts[state]);
	c->state = state;
	c->since_us = loop_now_us(c->sessions->loop);
}

const char *client_state_text(enum client_state state)
{
	return state_texts[state];
}

/* A slot for cancels to find it by; ids are loop << 24 | slot. */
static void take_slot(struct client *c)
{
	struct sessions *s = c->sessions;
	unsigned slot = s->slot_free;
	while (slot < s->slot_count && s->slots[slot])
		slot++;
	if (slot == s->slot_count) {
		s->slot_count = s->slot_count ? s->slot_count * 2 : 64;
		s->slots = mem_realloc(s->slots, s->slot_count * sizeof *s->slots);
		memset(s->slots + slot, 0, (s->slot_count - slot) * sizeof *s->slots);
	}
	s->slots[slot] = c;
	s->slot_free = slot + 1;
	c->id = (uint32_t)s->index << 24 | slot;
	if (getrandom(&c->cancel_key, sizeof c->cancel_key, 0) != sizeof c->cancel_key)
		c->cancel_key = (uint32_t)clock_now_us() * 2654435761u;
}

void client_new(struct sessions *sessions, int fd)
{
	static _Atomic uint64_t last_serial;
	struct client *c = MEM_NEW(struct client);
	const struct settings *settings = sessions->settings;
	c->sessions = sessions;
	c->serial = atomic_fetch_add(&last_serial, 1) + 1;
	c->connected_us = c->since_us = loop_now_us(sessions->loop);
	c->status = 'I';
	c->node = -1;
	c->env_version = 1;
	list_init(&c->all);
	list_append(&sessions->clients, &c->all);
	guc_init(&c->startup);
	guc_init(&c->wanted);
	guc_init(&c->told);
	guc_init(&c->customs);
	journal_init(&c->journal);
	handles_init(&c->handles);
	list_init(&c->portals);
	buf_init(&c->retry, 0);
	buf_init(&c->again, 0);
	buf_init(&c->early, 0);
	waiter_init(&c->waiter, NULL, NULL);
	take_slot(c);
	c->stream = stream_new(sessions->loop, fd, &client_stream_events, c);
	stream_limit_in(c->stream, WIRE_MAX_PASSWORD_BYTES + 16);
	stream_keepalive(c->stream, settings->tcp_keepalive, (int)(settings->tcp_keepidle_us / 1000000),
			 (int)(settings->tcp_keepintvl_us / 1000000), settings->tcp_keepcnt,
			 (int)(settings->tcp_user_timeout_us / 1000));
}

size_t client_on_bytes(void *owner, struct span bytes)
{
	struct client *c = owner;
	size_t taken = 0, more;
	do {
		struct span rest = span_of(bytes.ptr + taken, bytes.len - taken);
		enum client_state before = c->state;
		more = c->state <= CLIENT_AUTH     ? login_on_bytes(c, rest)
		       : c->state == CLIENT_CLOSED ? rest.len
						   : request_on_bytes(c, rest);
		taken += more;
		/* A change of state may make sense of bytes that made none before. */
		if (more == 0 && c->state == before)
			break;
	} while (taken < bytes.len && c->state != CLIENT_CLOSED);
	if (c->tenant && c->state != CLIENT_CLOSED)
		counters_add(&c->tenant->database->counters, COUNTER_RECEIVED_BYTES, taken);
	return c->state == CLIENT_CLOSED ? bytes.len : taken;
}

static void on_drained(void *owner)
{
	struct client *c = owner;
	if (c->server)
		stream_wake(c->server->stream);
}

static void on_closed(void *owner, const char *why)
{
	struct client *c = owner;
	client_close(c, c->state <= CLIENT_AUTH              ? "client closed the connection during login"
			: strcmp(why, "unexpected eof") == 0 ? "client unexpected eof"
							     : why);
}

struct buf *client_out(struct client *c)
{
	return stream_out(c->stream);
}

void client_close(struct client *c, const char *why)
{
	struct sessions *s = c->sessions;
	if (c->state == CLIENT_CLOSED)
		return;
	if (c->state > CLIENT_AUTH && s->settings->log_disconnections) {
		char host[ADDRESS_TEXT_BYTES];
		log_info("C-%llu: %s/%s@%s:%d closing because: %s (age=%llds)", (unsigned long long)c->serial,
			 c->database_name, c->user_name, address_host(stream_peer(c->stream), host),
			 address_port(stream_peer(c->stream)), why,
			 (long long)((loop_now_us(s->loop) - c->connected_us) / 1000000));
	}
	waiter_leave(&c->waiter);
	enum client_state was = c->state;
	client_enter(c, CLIENT_CLOSED);
	if (c->server)
		link_drop(c,
			  was == CLIENT_LINKED ? "client disconnect while server was not ready" : "client disconnect");
	request_forget(c, false);
	effects_transaction_over(c);
	if (c->closing_told || stream_pending(c->stream))
		stream_finish(c->stream);
	else
		stream_free(c->stream);
	s->slots[c->id & 0xffffff] = NULL;
	if ((c->id & 0xffffff) < s->slot_free)
		s->slot_free = c->id & 0xffffff;
	if (c->tenant) {
		atomic_fetch_sub(&s->shared->client_count, 1);
		tenant_leave(c->tenant);
	}
	atomic_fetch_sub(&s->shared->loop_clients[s->index], 1);
	list_remove(&c->all);
	loop_defer(s->loop, release, c);
}

static void release(void *arg)
{
	struct client *c = arg;
	client_auth_free(c->auth);
	user_unref(c->login);
	handle_unref(c->portal);
	handle_unref(c->ended_by_query);
	handles_done(&c->handles);
	guc_done(&c->startup);
	guc_done(&c->wanted);
	guc_done(&c->told);
	guc_done(&c->customs);
	journal_done(&c->journal);
	map_unref(c->map);
	buf_done(&c->retry);
	buf_done(&c->again);
	buf_done(&c->early);
	mem_free(c->ops);
	mem_free(c->held_begin);
	mem_free(c->fatal);
	mem_free(c->user_name);
	mem_free(c->database_name);
	mem_free(c);
}

/* It has half a message of a server: whatever followed would be taken for the rest of it. */
static bool in_mid_answer(const struct client *c)
{
	return c->state == CLIENT_LINKED && c->answer_left && !c->answer_swallow;
}

void client_fatal(struct client *c, const char *sqlstate, const char *message, const char *hint)
{
	if (c->state == CLIENT_CLOSED)
		return;
	if (c->sessions->settings->log_pooler_errors)
		log_warning("C-%llu: %s/%s pooler error: %s", (unsigned long long)c->serial,
			    c->database_name ? c->database_name : "(nodb)", c->user_name ? c->user_name : "(nouser)",
			    message);
	if (!in_mid_answer(c))
		wire_add_error(client_out(c), 'E',
			       &(struct wire_error){
				       .severity = "FATAL", .sqlstate = sqlstate, .message = message, .hint = hint });
	if (c->tenant)
		counters_add(&c->tenant->database->counters, COUNTER_CLIENT_ERROR, 1);
	c->closing_told = true;
	client_close(c, message);
}

void client_fatal_response(struct client *c, const struct server_failure *failure)
{
	if (failure->response.len == 0) {
		client_fatal(c, failure->sqlstate, failure->message, NULL);
		return;
	}
	if (!in_mid_answer(c)) {
		struct buf *out = client_out(c);
		size_t token = wire_begin(out, 'E');
		buf_add_span(out, failure->response);
		wire_end(out, token);
	}
	c->closing_told = true;
	client_close(c, failure->message);
}

struct buf *client_console_out(struct client *c)
{
	return client_out(c);
}

void client_console_done(struct client *c)
{
	c->batch_ready = false;
	stream_wake(c->stream);
}
