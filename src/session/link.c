/* A server for a client: waiting for it, making it the client's own, giving it back.
 *
 *    link_wait ─► on_server ─► settings differ? ─ yes ─► PREPARING: set_config …, Sync ─► LINKED
 *        ▲            │                          └ no ──────────────────────────────────► LINKED
 *        │            └─ it was given something that this client must not see: another one
 *        └─ on_refused by a worker: the coordinator
 *
 * Settings that are sent ahead have a Sync of their own, and the batch waits for its
 * answer: nothing of the client's runs under settings that were not accepted. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "session/client.h"

enum { LOST_AT_MOST = 3 };

static void on_server(struct waiter *waiter, struct server *server);
static void on_refused(struct waiter *waiter, const struct server_failure *failure);
static size_t on_bytes(void *holder, struct span bytes);
static void on_drained(void *holder);
static void on_lost(void *holder, const char *why);
static void lost_in_flight(struct client *c, const char *why);

const struct holder_events link_holder_events = { on_bytes, on_drained, on_lost };

/* Reported settings that every server given to a client must agree on with what the client was told. */
static const char *const tracked[] = {
	"client_encoding", "datestyle", "timezone", "intervalstyle", "standard_conforming_strings", "application_name"
};

void link_wait(struct client *c, struct target *target)
{
	struct pool *pool = pool_find(c->sessions->pools, target);
	if (c->state == CLIENT_IDLE || c->state == CLIENT_PREPARING)
		client_enter(c, CLIENT_WAITING);
	c->waiter.on_server = on_server;
	c->waiter.on_refused = on_refused;
	pool_wait(pool, &c->waiter, c->tenant->limits.query_wait_timeout_us);
}

static struct client *client_of(struct waiter *waiter)
{
	return MEM_CONTAINER(waiter, struct client, waiter);
}

static void rest_server(void *arg)
{
	pool_give_back(arg, GIVE_CLEAN, NULL);
}

/* The first server of a tenant tells what a new session is told. */
static void learn_welcome(struct client *c, struct server *server)
{
	tenant_learn_welcome(c->tenant, &server->reported);
	server_lend(server, &link_holder_events, NULL);
	/* Not from here: a long line of logins would be a deep stack. */
	loop_defer(c->sessions->loop, rest_server, server);
	login_welcome(c);
	stream_wake(c->stream);
}

static bool script_sets(const struct script *script, const char *name)
{
	for (size_t i = 0; script && i < script->part_count; i++)
		for (size_t j = 0; j < script->parts[i].setting_count; j++)
			if (strcasecmp(script->parts[i].settings[j].name, name) == 0)
				return true;
	return false;
}

/* What the client is about to set itself is nothing new to it. */
static bool batch_sets(struct client *c, const char *name)
{
	for (unsigned i = 0; i < c->op_count; i++) {
		const struct op *op = &c->ops[i];
		if (script_sets(op->script, name) || (op->handle && script_sets(request_script(c, op->handle), name)))
			return true;
	}
	return false;
}

/* A custom setting stays visible once it was set, even when it is reset or rolled back: it is '' then, and not NULL.
 * Who has set it before would see that on PostgreSQL, too: SET LOCAL app.tenant in each transaction keeps its servers. */
static bool shows_foreign_settings(struct client *c, const struct server *server)
{
	for (size_t i = 0; i < server->customs.count; i++) {
		const char *name = server->customs.items[i].name;
		if (guc_get(&c->wanted, name) == NULL && guc_get(&c->customs, name) == NULL && !batch_sets(c, name))
			return true;
	}
	return false;
}

/* The batch that waited can go. */
static void linked(struct client *c)
{
	client_enter(c, CLIENT_LINKED);
	if (!request_send_again(c))
		stream_wake(c->stream);
}

static void on_server(struct waiter *waiter, struct server *server)
{
	struct client *c = client_of(waiter);
	int64_t now_us = loop_now_us(c->sessions->loop);
	if (c->state == CLIENT_WELCOME) {
		learn_welcome(c, server);
		return;
	}
	server_lend(server, &link_holder_events, c);
	if (shows_foreign_settings(c, server)) {
		pool_give_back(server, GIVE_CLOSE, "it has another client's settings");
		link_wait(c, c->node > 0 ? tenant_target(c->tenant, c->map, c->node) : c->tenant->coordinator);
		return;
	}
	c->server = server;
	server->last_holder = c->serial;
	counters_add(&c->tenant->database->counters, COUNTER_SERVER_ASSIGNMENT, 1);
	counters_add(&c->tenant->database->counters, COUNTER_WAIT_TIME, (uint64_t)(now_us - waiter->since_us));
	if (c->transaction_us == 0)
		c->transaction_us = now_us;
	if (link_ready(c)) {
		linked(c);
	} else {
		client_enter(c, CLIENT_PREPARING);
	}
}

static void on_refused(struct waiter *waiter, const struct server_failure *failure)
{
	struct client *c = client_of(waiter);
	bool timeout = strcmp(failure->message, "query_wait_timeout") == 0;
	if (c->state == CLIENT_WELCOME || timeout) {
		client_fatal_response(c, failure);
	} else if (c->node > 0) {
		/* Nothing was sent: the coordinator can do it, or say why not. */
		log_debug("C-%llu: node %d: %s; asking the coordinator", (unsigned long long)c->serial, c->node,
			  failure->message);
		c->node = -1;
		c->decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = REASON_NODE_DOWN };
		atomic_fetch_add_explicit(&c->sessions->reasons[REASON_NODE_DOWN], 1, memory_order_relaxed);
		link_wait(c, c->tenant->coordinator);
	} else if (c->tenant->limits.pool_mode == POOL_MODE_SESSION) {
		client_fatal_response(c, failure);
	} else {
		local_fail_response(c, failure);
	}
}

/* --- settings --- */

static bool is_tracked(const char *name)
{
	for (size_t i = 0; i < MEM_COUNT(tracked); i++)
		if (strcasecmp(name, tracked[i]) == 0)
			return true;
	return false;
}

static void send_step(struct server *server, const char *sql, const char *name, const char *value)
{
	struct buf *out = stream_out(server->stream);
	struct span values[2] = { span_text(name ? name : ""), span_text(value ? value : "") };
	wire_add_parse(out, "", span_text(sql), NULL, 0);
	wire_add_bind(out, "", values, name ? 2 : 0);
	wire_add_execute(out);
	owed_add(&server->owed, OWED_PARSE, OWED_SWALLOW, NULL, 0);
	owed_add(&server->owed, OWED_BIND, OWED_SWALLOW, NULL, 0);
	owed_add(&server->owed, OWED_EXECUTE, OWED_SWALLOW, NULL, 0);
}

static void send_set(struct server *server, const char *name, const char *value)
{
	send_step(server, "select pg_catalog.set_config($1, $2, false)", name, value);
}

/* Names come from our own analysis and are quoted; they never reach a server as they are. */
static void send_reset(struct server *server, const char *name)
{
	struct buf sql;
	buf_init(&sql, 0);
	buf_add_text(&sql, "reset ");
	for (const char *at = name; *at; at++) {
		if (at == name)
			buf_add_u8(&sql, '"');
		if (*at == '"')
			buf_add_u8(&sql, '"');
		if (*at == '.')
			buf_add_text(&sql, "\".\"");
		else
			buf_add_u8(&sql, (uint8_t)*at);
	}
	buf_add_u8(&sql, '"');
	buf_add_u8(&sql, 0);
	send_step(server, buf_head(&sql), NULL, NULL);
	buf_done(&sql);
}

/* Who the session acts as decides what else it may set: it goes first. */
static int rank(const char *name)
{
	return strcmp(name, "session_authorization") == 0 ? 0 : strcmp(name, "role") == 0 ? 1 : 2;
}

static unsigned send_difference(struct client *c)
{
	struct server *server = c->server;
	unsigned steps = 0;
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < server->applied.count; i++) {
			const struct guc *g = &server->applied.items[i];
			if (rank(g->name) != turn || guc_get(&c->wanted, g->name) ||
			    (is_tracked(g->name) && guc_get(&c->told, g->name)))
				continue;
			send_reset(server, g->name);
			steps++;
		}
		for (size_t i = 0; i < c->wanted.count; i++) {
			const struct guc *g = &c->wanted.items[i];
			const char *there = guc_get(&server->applied, g->name);
			if (rank(g->name) != turn || (there && strcmp(there, g->value) == 0))
				continue;
			send_set(server, g->name, g->value);
			steps++;
		}
	}
	for (size_t i = 0; i < MEM_COUNT(tracked); i++) {
		const char *told = guc_get(&c->told, tracked[i]), *reported = guc_get(&server->reported, tracked[i]);
		if (told == NULL || reported == NULL || strcmp(told, reported) == 0 || guc_get(&c->wanted, tracked[i]))
			continue;
		send_set(server, tracked[i], told);
		steps++;
	}
	return steps;
}

bool link_ready(struct client *c)
{
	struct server *server = c->server;
	if (send_difference(c) == 0)
		return true;
	wire_simple(stream_out(server->stream), 'S');
	owed_add(&server->owed, OWED_SYNC, OWED_SWALLOW, NULL, 0);
	statement_unref(server->unnamed);
	server->unnamed = NULL;
	return false;
}

/* They hold: what the server has been given is what the client wants. */
static void settings_accepted(struct client *c)
{
	struct server *server = c->server;
	for (size_t i = server->applied.count; i-- > 0;) {
		const char *name = server->applied.items[i].name;
		if (guc_get(&c->wanted, name) == NULL && !(is_tracked(name) && guc_get(&c->told, name)))
			guc_put(&server->applied, span_text(name), NULL);
	}
	for (size_t i = 0; i < c->wanted.count; i++)
		server_note_applied(server, c->wanted.items[i].name, c->wanted.items[i].value);
	for (size_t i = 0; i < MEM_COUNT(tracked); i++) {
		const char *told = guc_get(&c->told, tracked[i]);
		if (told && guc_get(&c->wanted, tracked[i]) == NULL && guc_get(&server->applied, tracked[i]))
			guc_put(&server->applied, span_text(tracked[i]), told);
	}
}

static void no_drop(void *user, struct owed_entry *entry)
{
	(void)user;
	(void)entry;
}

/* Tells the client why, and gives the server back untouched: the steps were one transaction. */
static void settings_refused(struct client *c, struct span response)
{
	struct server *server = c->server;
	char sqlstate[6] = "";
	struct span code = wire_error_field(response, 'C'), message = wire_error_field(response, 'M');
	char *copy = mem_strndup(response.ptr, response.len);
	memcpy(sqlstate, code.ptr, code.len < 5 ? code.len : 5);
	struct server_failure failure = { .sqlstate = sqlstate,
					  .message = copy + (message.ptr - response.ptr),
					  .response = span_of(copy, response.len) };
	c->server = NULL;
	/* Its Sync is still owed: close it rather than wait. */
	pool_give_back(server, GIVE_CLOSE, "settings refused");
	if (c->tenant->limits.pool_mode == POOL_MODE_SESSION)
		client_fatal_response(c, &failure);
	else
		local_fail_response(c, &failure);
	mem_free(copy);
}

size_t link_prepare_on_bytes(struct client *c, struct span bytes)
{
	size_t taken = 0;
	while (c->state == CLIENT_PREPARING && taken < bytes.len) {
		struct server *server = c->server;
		struct wire_head head;
		struct span rest = span_of(bytes.ptr + taken, bytes.len - taken);
		enum wire_result got = wire_read_head(rest, &head);
		if (got == WIRE_MORE || (got == WIRE_OK && head.total > rest.len))
			return taken;
		enum owed_verdict verdict =
			got == WIRE_BAD ? OWED_OUT_OF_STEP : owed_answer(&server->owed, head.type, no_drop, NULL);
		struct span body = span_of(rest.ptr + WIRE_HEAD_BYTES, head.total - WIRE_HEAD_BYTES);
		taken += head.total;
		switch (verdict) {
		case OWED_ASYNC:
			if (head.type == 'S')
				answer_parameter(c, body);
			break;
		case OWED_PART:
			break;
		case OWED_DONE:
			owed_pop(&server->owed);
			if (!owed_empty(&server->owed))
				break;
			settings_accepted(c);
			linked(c);
			break;
		case OWED_FAILED:
			settings_refused(c, body);
			return bytes.len;
		case OWED_OUT_OF_STEP:
			on_lost(c, "out of step");
			return bytes.len;
		}
	}
	return taken;
}

/* --- in use --- */

static size_t on_bytes(void *holder, struct span bytes)
{
	struct client *c = holder;
	if (c == NULL)
		return bytes.len; /* between a welcome and its rest */
	return c->state == CLIENT_PREPARING ? link_prepare_on_bytes(c, bytes) : answer_on_bytes(c, bytes);
}

static void on_drained(void *holder)
{
	struct client *c = holder;
	if (c)
		stream_wake(c->stream);
}

static void on_lost(void *holder, const char *why)
{
	struct client *c = holder;
	if (c == NULL)
		return;
	struct server *server = c->server;
	bool unsent = c->state == CLIENT_PREPARING ||
		      (c->batch_ready && owed_empty(&server->owed) && (c->status == 'I' || c->held));
	if (!unsent) {
		lost_in_flight(c, why);
		return;
	}
	c->server = NULL;
	if (c->state == CLIENT_LINKED)
		client_enter(c, CLIENT_IDLE);
	pool_give_back(server, GIVE_CLOSE, why);
	/* Nothing of the client's was sent: another server will do. */
	if (++c->lost_count < LOST_AT_MOST)
		link_wait(c, c->node > 0 ? tenant_target(c->tenant, c->map, c->node) : c->tenant->coordinator);
	else
		local_fail(c, "08006", "the server connection was lost", NULL);
}

/* E11 and E12: the difference is whether something may have been committed. */
static void lost_in_flight(struct client *c, const char *why)
{
	char message[600];
	snprintf(message, sizeof message, "server conn crashed? the connection to the server was lost: %s",
		 c->fatal ? c->fatal : why);
	if (c->closing_told)
		client_close(c, why);
	else if (c->commit_possible)
		client_fatal(c, "08007", message,
			     "It is not known whether the transaction was committed: look before you repeat it.");
	else
		client_fatal(c, "08006", message, NULL);
}

void link_drop(struct client *c, const char *why)
{
	struct server *server = c->server;
	c->server = NULL;
	/* Answers still owed refer to this client's names. */
	for (uint32_t i = 0; i < server->owed.count; i++)
		owed_release(c, owed_at(&server->owed, i), true);
	bool clean = owed_empty(&server->owed) && server->transaction_status == 'I' && c->pass_left == 0 &&
		     c->answer_left == 0 && c->tenant->limits.pool_mode == POOL_MODE_SESSION;
	pool_give_back(server, clean ? GIVE_RESET : GIVE_CLOSE, why);
}

bool link_is_over(const struct client *c)
{
	return c->status == 'I' && c->server->transaction_status == 'I' && owed_empty(&c->server->owed) &&
	       c->pass_left == 0 && !c->batch_ready && c->tenant->limits.pool_mode != POOL_MODE_SESSION &&
	       !client_pinned(c);
}

void link_release(struct client *c)
{
	struct server *server = c->server;
	bool doubtful = c->doubtful;
	c->server = NULL;
	c->doubtful = false;
	c->node = -1;
	client_enter(c, CLIENT_IDLE);
	pool_give_back(server, doubtful ? GIVE_RESET : GIVE_CLEAN, NULL);
	if (c->state == CLIENT_IDLE)
		stream_wake(c->stream);
}

void link_retry(struct client *c)
{
	struct server *server = c->server;
	struct database *db = c->tenant->database;
	for (uint32_t i = server->owed.count; i-- > 0;)
		owed_release(c, owed_at(&server->owed, i), true);
	c->server = NULL;
	c->retry_armed = false;
	buf_clear(&c->early);
	client_enter(c, CLIENT_IDLE);
	/* Whatever was begun there ends with the connection; this is rare. */
	pool_give_back(server, GIVE_CLOSE, "its map was stale");
	if (c->started) {
		c->held = true;
		c->started = false;
	}
	c->failed = false;
	c->node = -1;
	counters_add(&db->counters, COUNTER_RETRIED, 1);
	atomic_fetch_add_explicit(&c->sessions->reasons[REASON_RETRIED], 1, memory_order_relaxed);
	cluster_refresh(db->cluster);
	request_again(c);
}
