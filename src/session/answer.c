/* The server's answers: framed in place, checked against what is owed, passed on in
 * runs as long as they need no change.
 *
 *    bytes  |D D D D D C|Z|        one run, one copy into the client's buffer
 *    ours   |1 2|...               swallowed
 *
 * Answers to the first batch on a worker are held back until one shows that the
 * statement runs there; a map that proves stale is then invisible. */
#include <string.h>

#include "base/mem.h"
#include "session/client.h"

/* Messages that are looked into, and therefore waited for. Everything else may pass in pieces. */
static const char looked_into[] = "ZSEC";
enum { LOOK_BYTES = 1024 * 1024 };

static bool one_message(struct client *c, const struct wire_head *head, struct span message);
static void deliver(struct client *c, struct span message);
static bool on_error(struct client *c, struct span message);
static void on_ready(struct client *c, struct span message);
static void on_parameter(struct client *c, struct span message);
static void on_complete(struct client *c, struct owed_entry *entry, unsigned index, struct span message);
static void on_drop(void *user, struct owed_entry *entry);

size_t answer_on_bytes(struct client *c, struct span bytes)
{
	struct server *server = c->server;
	size_t taken = 0;
	while (taken < bytes.len && c->server == server) {
		struct span rest = span_of(bytes.ptr + taken, bytes.len - taken);
		if (c->answer_left) {
			size_t len = c->answer_left < rest.len ? (size_t)c->answer_left : rest.len;
			if (!c->answer_swallow)
				deliver(c, span_of(rest.ptr, len));
			c->answer_left -= len;
			taken += len;
			continue;
		}
		struct wire_head head;
		enum wire_result got = wire_read_head(rest, &head);
		if (got == WIRE_MORE)
			break;
		if (got == WIRE_BAD) {
			link_holder_events.on_lost(c, "the server sent a malformed message");
			return bytes.len;
		}
		bool look = strchr(looked_into, head.type) && head.total <= LOOK_BYTES;
		if (look && head.total > rest.len)
			break;
		size_t here = head.total < rest.len ? head.total : rest.len;
		taken += here;
		c->answer_left = head.total - here;
		if (!one_message(c, &head, span_of(rest.ptr, here)))
			return bytes.len;
	}
	if (c->state == CLIENT_CLOSED)
		return bytes.len;
	/* A slow reader stops its server. */
	if (c->server == server && stream_above_high(c->stream))
		stream_pause(server->stream);
	return taken;
}

static void deliver(struct client *c, struct span message)
{
	counters_add(&c->tenant->database->counters, COUNTER_SENT_BYTES, message.len);
	if (c->retry_armed)
		buf_add_span(&c->early, message);
	else
		stream_forward(c->stream, message);
}

/* It runs there: what was held back goes out. */
static void disarm(struct client *c)
{
	if (!c->retry_armed)
		return;
	c->retry_armed = false;
	buf_add_span(client_out(c), buf_span(&c->early));
	buf_clear(&c->early);
	buf_clear(&c->retry);
}

static void prove(const struct owed_entry *entry)
{
	if (entry->arg && entry->flags & OWED_FLAG_HANDLE)
		((struct handle *)entry->arg)->statement->proven = true;
	else if (entry->arg && entry->flags & OWED_FLAG_STATEMENT)
		((struct statement *)entry->arg)->proven = true;
}

/* False: the link is gone, and what follows with it. */
static bool one_message(struct client *c, const struct wire_head *head, struct span message)
{
	struct server *server = c->server;
	struct owed_entry *entry;
	unsigned index;
	switch (owed_answer(&server->owed, head->type, on_drop, c)) {
	case OWED_ASYNC:
		c->answer_swallow = head->type == 'S';
		if (head->type == 'S')
			on_parameter(c, message);
		else
			deliver(c, message);
		return true;
	case OWED_PART:
		entry = owed_head(&server->owed);
		c->answer_swallow = entry->whose == OWED_SWALLOW;
		if (c->answer_swallow)
			return true;
		if (head->type == 'C') {
			disarm(c);
			on_complete(c, entry, entry->part_index - 1, message);
		} else if (strchr("DGHWd", head->type)) {
			disarm(c);
		}
		deliver(c, message);
		if (head->type == 'G')
			stream_wake(c->stream); /* a Sync that was waited for is not answered */
		return true;
	case OWED_DONE:
		entry = owed_head(&server->owed);
		index = entry->part_index;
		c->answer_swallow = entry->whose == OWED_SWALLOW;
		if (head->type == 'Z') {
			on_ready(c, message);
			return c->server == server;
		}
		if (!c->answer_swallow) {
			if (strchr("CIs", head->type))
				disarm(c);
			if (head->type == 'C')
				on_complete(c, entry, index, message);
			deliver(c, message);
		}
		if (head->type == '1')
			prove(entry);
		/* Sent to fail, and did not: a DEALLOCATE ahead of it had made room. What the server knows under which
		 * name is not certain any more. */
		if (entry->flags & OWED_FLAG_ERROR)
			server->close_needed = true;
		owed_release(c, entry, false);
		owed_pop(&server->owed);
		answer_fakes(c);
		return true;
	case OWED_FAILED:
		return on_error(c, message);
	case OWED_OUT_OF_STEP:
		break;
	}
	if (head->type == 'E' && owed_head(&server->owed) == NULL) {
		/* The last words of a server that was not asked anything. */
		deliver(c, message);
		c->closing_told = true;
		client_close(c, "the server ended the connection");
		return false;
	}
	link_holder_events.on_lost(c, "the server is out of step");
	return false;
}

/* Fakes whose turn has come are answered here. */
void answer_fakes(struct client *c)
{
	struct owed *owed = &c->server->owed;
	struct owed_entry *entry;
	while ((entry = owed_head(owed)) != NULL && entry->whose == OWED_FAKE) {
		char message[5] = { entry->kind == OWED_PARSE ? '1' : '3', 0, 0, 0, 4 };
		deliver(c, span_of(message, sizeof message));
		owed_release(c, entry, false);
		owed_pop(owed);
	}
}

void owed_release(struct client *c, struct owed_entry *entry, bool dropped)
{
	if (entry->kind == OWED_QUERY && c->ended_by_query) {
		if (dropped)
			handles_relist(&c->handles, c->ended_by_query);
		handle_unref(c->ended_by_query);
		c->ended_by_query = NULL;
	}
	if (entry->arg == NULL)
		return;
	if (entry->flags & OWED_FLAG_SCRIPT) {
		router_drop(entry->arg);
	} else if (entry->flags & OWED_FLAG_STATEMENT) {
		struct statement *statement = entry->arg;
		if (dropped && c->server) {
			if (entry->kind == OWED_CLOSE)
				prepared_add(&c->server->prepared, statement);
			else if (!(entry->flags & OWED_FLAG_UNNAMED))
				prepared_remove(&c->server->prepared, statement);
			else if (c->server->unnamed == statement) {
				statement_unref(statement);
				c->server->unnamed = NULL;
			}
		}
		statement_unref(statement);
	} else if (entry->flags & OWED_FLAG_HANDLE) {
		struct handle *handle = entry->arg;
		if (dropped && entry->kind == OWED_CLOSE)
			handles_relist(&c->handles, handle);
		if (!dropped && entry->kind == OWED_PARSE)
			handle_settle(handle);
		if (dropped && entry->kind == OWED_PARSE && !(entry->flags & OWED_FLAG_KEEP)) {
			handles_undo(&c->handles, handle);
			if (c->server && entry->whose == OWED_FORWARD && !(entry->flags & OWED_FLAG_ERROR)) {
				if (!(entry->flags & OWED_FLAG_UNNAMED))
					prepared_remove(&c->server->prepared, handle->statement);
				else if (c->server->unnamed == handle->statement) {
					statement_unref(handle->statement);
					c->server->unnamed = NULL;
				}
			}
		}
		handle_unref(handle);
	}
	entry->arg = NULL;
}

static void on_drop(void *user, struct owed_entry *entry)
{
	owed_release(user, entry, true);
}

/* Errors by which a node says that the map it was chosen by is out of date. */
static bool means_stale(struct span body)
{
	static const char *const codes[] = { "42P01", "42703", "42883", "42704", "3F000", "42501" };
	struct span code = wire_error_field(body, 'C'), message = wire_error_field(body, 'M');
	for (size_t i = 0; i < MEM_COUNT(codes); i++)
		if (span_is(code, codes[i]))
			return true;
	return span_is(code, "XX000") && message.len &&
	       strstr(message.ptr, "operation is not allowed on this node") != NULL;
}

static void replace_error(struct client *c, enum op_error error, const struct handle *handle)
{
	static const struct {
		const char *sqlstate, *message, *hint;
	} rows[] = {
#define OP_ERROR_ROW(symbol, sqlstate, message, hint) [OP_##symbol] = { sqlstate, message, hint },
		OP_ERRORS(OP_ERROR_ROW)
#undef OP_ERROR_ROW
	};
	const char *about = error == OP_PIN ? (c->pin_other ? c->pin_other : "see pinning")
			    : handle        ? handle->text
					    : "";
	char *message = NULL;
	const char *place = strstr(rows[error].message, "%s");
	if (place)
		message = mem_printf("%.*s%s%s", (int)(place - rows[error].message), rows[error].message, about,
				     place + 2);
	struct buf bytes;
	buf_init(&bytes, 0);
	wire_add_error(&bytes, 'E',
		       &(struct wire_error){ "ERROR", rows[error].sqlstate, message ? message : rows[error].message,
					     NULL, rows[error].hint[0] ? rows[error].hint : NULL });
	deliver(c, buf_span(&bytes));
	buf_done(&bytes);
	mem_free(message);
	counters_add(&c->tenant->database->counters, COUNTER_CLIENT_ERROR, 1);
}

/* An error in the place of one that we have made up our mind about. */
static bool is_ours(const struct owed_entry *entry, struct span body)
{
	if (!(entry->flags & OWED_FLAG_ERROR))
		return false;
	/* Of a name that is taken the server may find the text wrong first. */
	return entry->flags >> OWED_ERROR_SHIFT != OP_TAKEN || span_is(wire_error_field(body, 'C'), "42P05");
}

/* True if the failing message is ours, sent ahead of a simple query: the server skips that too, and the client, who
 * sends no Sync behind it, waits for its ReadyForQuery. */
static bool is_ahead_of_query(const struct owed *owed)
{
	const struct owed_entry *entry = owed_head(owed);
	bool ours = entry->whose == OWED_SWALLOW;
	for (uint32_t i = 1; entry && entry->whose == OWED_SWALLOW; i++)
		entry = owed_at(owed, i);
	return ours && entry && (entry->kind == OWED_QUERY || entry->kind == OWED_FUNCTION);
}

static bool on_error(struct client *c, struct span message)
{
	struct server *server = c->server;
	struct span body = span_of(message.ptr + WIRE_HEAD_BYTES, message.len - WIRE_HEAD_BYTES);
	struct owed_entry *entry = owed_head(&server->owed);
	bool fatal = !span_is(wire_error_field(body, 'V'), "ERROR");
	if (c->retry_armed && !fatal && means_stale(body)) {
		link_retry(c);
		return false;
	}
	disarm(c);
	c->failed = true;
	/* What is not here yet of a long one: the rest of what is passed on, or of what is not. */
	c->answer_swallow = true;
	if (fatal && c->commit_possible) {
		/* Not the outcome of what was asked: that will be called unknown. */
		mem_free(c->fatal);
		c->fatal = mem_strdup(wire_error_field(body, 'M').ptr);
	} else if (is_ours(entry, body)) {
		replace_error(c, (enum op_error)(entry->flags >> OWED_ERROR_SHIFT), entry->arg);
	} else {
		c->answer_swallow = false;
		deliver(c, message);
		c->closing_told = fatal;
	}
	if (entry->kind == OWED_PARSE && entry->arg && entry->flags & OWED_FLAG_HANDLE)
		handle_settle(entry->arg); /* by failing, too, it ended the unnamed statement */
	bool query_skipped = is_ahead_of_query(&server->owed);
	owed_fail(&server->owed, on_drop, c);
	if (query_skipped && server->owed.skipping)
		send_own_sync(c);
	answer_fakes(c);
	/* What waited for a ReadyForQuery that was skipped can be looked at. */
	stream_wake(c->stream);
	return true;
}

/* True if the client does not know it yet. */
static bool note_parameter(struct client *c, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span name = wire_read_text(&r), value = wire_read_text(&r);
	server_note_parameter(c->server, body);
	if (r.failed || !guc_put(&c->told, name, value.ptr))
		return false;
	effects_environment(c);
	return true;
}

static void on_parameter(struct client *c, struct span message)
{
	if (note_parameter(c, span_of(message.ptr + WIRE_HEAD_BYTES, message.len - WIRE_HEAD_BYTES)))
		deliver(c, message);
}

void answer_parameter(struct client *c, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span name = wire_read_text(&r), value = wire_read_text(&r);
	if (note_parameter(c, body))
		wire_add_parameter(client_out(c), name, value);
}

static void on_complete(struct client *c, struct owed_entry *entry, unsigned index, struct span message)
{
	struct span tag = span_of(message.ptr + WIRE_HEAD_BYTES,
				  message.len > WIRE_HEAD_BYTES ? message.len - WIRE_HEAD_BYTES - 1 : 0);
	const struct script *script = NULL;
	if (entry->arg && entry->flags & OWED_FLAG_SCRIPT)
		script = entry->arg;
	else if (entry->arg && entry->flags & OWED_FLAG_HANDLE)
		script = ((struct handle *)entry->arg)->script;
	if (script)
		effects_completed(c, script, index, tag);
	bool about_savepoint = script && index < script->part_count && script->parts[index].cls == PART_ROLLBACK_TO;
	if (!about_savepoint && (span_is(tag, "ROLLBACK") || span_is(tag, "COMMIT")))
		effects_settings(c, span_is(tag, "COMMIT"));
}

static void on_ready(struct client *c, struct span message)
{
	struct server *server = c->server;
	int64_t now_us = loop_now_us(c->sessions->loop);
	struct counters *counters = &c->tenant->database->counters;
	char status = message.len > WIRE_HEAD_BYTES ? message.ptr[WIRE_HEAD_BYTES] : '\0';
	if (status != 'I' && status != 'T' && status != 'E') {
		link_holder_events.on_lost(c, "the server is out of step");
		return;
	}
	disarm(c);
	owed_release(c, owed_head(&server->owed), false);
	owed_pop(&server->owed);
	server->transaction_status = status;
	counters_add(counters, COUNTER_QUERY, 1);
	if (c->query_us)
		counters_add(counters, COUNTER_QUERY_TIME, (uint64_t)(now_us - c->query_us));
	c->query_us = 0;
	c->query_count++;
	if (c->outside) {
		/* The held transaction goes on, or fails with what it was asked about. */
		c->status = c->failed ? 'E' : 'T';
		c->failed = false;
		c->outside = false;
		wire_add_ready(client_out(c), c->status);
		effects_transaction_over(c);
		link_release(c);
		return;
	}
	c->status = status;
	deliver(c, message);
	answer_fakes(c);
	if (server->owed.ready_count == 0)
		c->commit_possible = false;
	if (status == 'I') {
		counters_add(counters, COUNTER_XACT, 1);
		counters_add(counters, COUNTER_XACT_TIME, (uint64_t)(now_us - c->transaction_us));
		c->xact_count++;
		c->transaction_us = c->held || !owed_empty(&server->owed) ? now_us : 0;
		effects_transaction_over(c);
		if (link_is_over(c)) {
			link_release(c);
			return;
		}
	}
	stream_wake(c->stream);
}
