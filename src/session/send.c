/* Ops to the server: names become the shared ones, what the server lacks is sent ahead,
 * and every message that will be answered is put on the account of what is owed. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "session/client.h"

/* What is sent in the place of a message that must fail. The reply is replaced. */
static const char failing_text[] = "pgshunt refuses this statement: the client was told why";
#define FAILING_NAME "PGSHUNT_refused"

static void send_op(struct client *c, const struct op *op, struct span batch);
static void send_held_begin(struct client *c);
static void send_discard_sequences(struct client *c);
static void send_query(struct client *c, const struct op *op, struct span message);
static void send_parse(struct client *c, const struct op *op, struct span message);
static void send_bind(struct client *c, const struct op *op, struct span message);
static void send_describe(struct client *c, const struct op *op, struct span message);
static void send_close(struct client *c, const struct op *op, struct span message);
static void send_failing(struct client *c, const struct op *op, struct span message);
static void send_refused(struct client *c, struct handle *handle, uint32_t flags);

static struct buf *out_of(struct client *c)
{
	return stream_out(c->server->stream);
}

static void owe(struct client *c, enum owed_kind kind, enum owed_for whose, void *arg, uint32_t flags)
{
	struct owed_entry entry = { .kind = (uint8_t)kind, .whose = (uint8_t)whose, .arg = arg, .flags = flags };
	if (!owed_add(&c->server->owed, kind, whose, arg, flags))
		owed_release(c, &entry, true);
}

/* Keeps what a stale map might make us ask again: the first batch of a transaction on a worker. */
static void arm_retry(struct client *c, struct span batch)
{
	buf_clear(&c->retry);
	buf_clear(&c->early);
	c->retry_armed = c->node > 0 && (c->status == 'I' || c->held) && batch.len == c->batch_bytes &&
			 (int64_t)batch.len <= c->sessions->settings->retry_buffer_bytes;
	if (c->retry_armed)
		buf_add_span(&c->retry, batch);
}

static void start_clocks(struct client *c)
{
	int64_t now_us = loop_now_us(c->sessions->loop);
	if (c->query_us == 0)
		c->query_us = now_us;
	if (c->transaction_us == 0)
		c->transaction_us = now_us;
}

void send_batch(struct client *c, struct span batch)
{
	c->batch_ready = false;
	c->started = false;
	start_clocks(c);
	if (owed_empty(&c->server->owed))
		arm_retry(c, batch);
	if (c->facts.sequences && c->status != 'E')
		send_discard_sequences(c);
	if (c->held && !c->outside)
		send_held_begin(c);
	c->commit_possible |= c->facts.may_commit;
	for (unsigned i = 0; i < c->op_count; i++)
		send_op(c, &c->ops[i], batch);
	request_forget(c, false);
	answer_fakes(c);
}

void send_own_sync(struct client *c)
{
	wire_simple(out_of(c), 'S');
	owe(c, OWED_SYNC, OWED_FORWARD, NULL, 0);
}

static void pass(struct client *c, struct span message, size_t total)
{
	stream_forward(c->server->stream, message);
	c->pass_left = total - message.len;
}

size_t send_rest(struct client *c, struct span bytes)
{
	size_t taken = c->pass_left < bytes.len ? (size_t)c->pass_left : bytes.len;
	stream_forward(c->server->stream, span_of(bytes.ptr, taken));
	c->pass_left -= taken;
	if (stream_above_high(c->server->stream))
		stream_pause(c->stream);
	/* CopyData of which the server has heard enough: it waited for the rest alone. */
	if (link_is_over(c))
		link_release(c);
	return taken;
}

static void send_op(struct client *c, const struct op *op, struct span batch)
{
	size_t here = batch.len - op->at < op->total ? batch.len - op->at : op->total;
	struct span message = span_of(batch.ptr + op->at, here);
	if (op->error != OP_FINE) {
		send_failing(c, op, message);
		return;
	}
	switch (op->type) {
	case 'Q':
		send_query(c, op, message);
		break;
	case 'P':
		send_parse(c, op, message);
		break;
	case 'B':
		send_bind(c, op, message);
		break;
	case 'D':
		send_describe(c, op, message);
		break;
	case 'C':
		send_close(c, op, message);
		break;
	case 'E':
		owe(c, OWED_EXECUTE, OWED_FORWARD, op->handle ? handle_ref(op->handle) : NULL, OWED_FLAG_HANDLE);
		pass(c, message, op->total);
		break;
	case 'S':
		owe(c, OWED_SYNC, OWED_FORWARD, NULL, 0);
		pass(c, message, op->total);
		break;
	case 'F':
		owe(c, OWED_FUNCTION, OWED_FORWARD, NULL, 0);
		pass(c, message, op->total);
		break;
	case 'H':
		pass(c, message, op->total);
		break;
	default:
		break; /* COPY messages outside of COPY */
	}
}

/* --- sent ahead --- */

/* Makes the server know a statement; its answer is nobody's business, unless it is an error. */
static void send_parse_ahead(struct client *c, struct statement *statement, const char *name, uint32_t flags)
{
	struct buf *out = out_of(c);
	size_t token = wire_begin(out, 'P');
	wire_add_text(out, name);
	buf_add_span(out, statement->body);
	wire_end(out, token);
	owe(c, OWED_PARSE, OWED_SWALLOW, statement_ref(statement), flags | OWED_FLAG_STATEMENT);
	counters_add(&c->tenant->database->counters, COUNTER_SERVER_PARSE, 1);
}

/* Room for one more in the server's set of statements. */
static void evict(struct client *c)
{
	int most = c->sessions->settings->max_prepared_statements;
	while (prepared_count(&c->server->prepared) >= (size_t)(most > 0 ? most : 1)) {
		struct statement *old = prepared_evict(&c->server->prepared);
		struct buf *out = out_of(c);
		size_t token = wire_begin(out, 'C');
		buf_add_u8(out, 'S');
		wire_add_text(out, old->name);
		wire_end(out, token);
		owe(c, OWED_CLOSE, OWED_SWALLOW, old, OWED_FLAG_STATEMENT);
	}
}

static void know(struct client *c, struct statement *statement)
{
	if (prepared_touch(&c->server->prepared, statement))
		return;
	evict(c);
	prepared_add(&c->server->prepared, statement);
	send_parse_ahead(c, statement, statement->name, 0);
}

static void set_unnamed(struct server *server, struct statement *statement)
{
	if (statement)
		statement_ref(statement);
	statement_unref(server->unnamed);
	server->unnamed = statement;
}

/* A statement of our own text, with one reference. */
static struct statement *own_statement(struct client *c, const char *text)
{
	struct buf body;
	buf_init(&body, 0);
	wire_add_text(&body, text);
	buf_add_u16(&body, 0);
	struct statement *statement = statement_intern(c->sessions->statements, span_of("", 0), buf_span(&body));
	buf_done(&body);
	return statement;
}

/* Runs a text ahead of the batch, without a Sync of its own: if it fails, so does the batch. The portal that runs it is
 * closed, unless the client knows of it. */
static void send_ahead(struct client *c, const char *text, bool portal_is_the_clients)
{
	struct statement *statement = own_statement(c, text);
	know(c, statement);
	wire_add_bind(out_of(c), statement->name, NULL, 0);
	owe(c, OWED_BIND, OWED_SWALLOW, NULL, 0);
	wire_add_execute(out_of(c));
	owe(c, OWED_EXECUTE, OWED_SWALLOW, NULL, 0);
	statement_unref(statement);
	if (portal_is_the_clients)
		return;
	size_t token = wire_begin(out_of(c), 'C');
	buf_add_text(out_of(c), "P");
	buf_add_u8(out_of(c), 0);
	wire_end(out_of(c), token);
	owe(c, OWED_CLOSE, OWED_SWALLOW, NULL, 0);
}

static void send_held_begin(struct client *c)
{
	send_ahead(c, c->held_begin, c->held_by_portal);
	c->held = false;
	c->started = true;
}

/* currval() must not show what another client's nextval() gave. */
static void send_discard_sequences(struct client *c)
{
	if (c->server->sequences_of && c->server->sequences_of != c->serial)
		send_ahead(c, "discard sequences", false);
	c->server->sequences_of = c->serial;
}

/* A client's DEALLOCATE means its own name: the server is told of the shared one, which it then knows for certain. */
static struct statement *deallocate_instead(struct client *c, const struct handle *handle)
{
	char text[64];
	know(c, handle->statement);
	snprintf(text, sizeof text, "deallocate \"%s\"", handle->statement->name);
	return own_statement(c, text);
}

/* --- the client's messages --- */

static void send_query(struct client *c, const struct op *op, struct span message)
{
	/* A simple query ends the unnamed statement, here and there, unless the server never comes to it. */
	struct handle *unnamed = handles_find(&c->handles, span_of("", 0));
	if (unnamed) {
		handle_unref(c->ended_by_query);
		c->ended_by_query = handle_ref(unnamed);
		handles_remove(&c->handles, unnamed);
	}
	set_unnamed(c->server, NULL);
	struct script *script = op->script;
	((struct op *)(uintptr_t)op)->script = NULL; /* the account holds it from now on */
	struct statement *instead = op->handle ? deallocate_instead(c, op->handle) : NULL;
	owe(c, OWED_QUERY, OWED_FORWARD, script, OWED_FLAG_SCRIPT);
	if (instead)
		wire_add_query(out_of(c), instead->text.ptr);
	else
		pass(c, message, op->total);
	statement_unref(instead);
}

/* What a failed transaction still lets pass (IsTransactionExitStmt of PostgreSQL's utility.c). */
static bool ends_transaction(const struct script *script)
{
	if (script->part_count != 1)
		return script->part_count == 0;
	enum part_class cls = script->parts[0].cls;
	return cls == PART_COMMIT || cls == PART_ROLLBACK || cls == PART_ROLLBACK_TO || cls == PART_PREPARE_TRANSACTION;
}

static void send_parse(struct client *c, const struct op *op, struct span message)
{
	struct statement *statement = op->handle->statement;
	bool unnamed = op->handle->text[0] == '\0';
	if (!unnamed && prepared_touch(&c->server->prepared, statement)) {
		if (c->status == 'E' && op->handle->script && !ends_transaction(op->handle->script)) {
			send_refused(c, op->handle, OWED_FLAG_ERROR | OP_ABORTED << OWED_ERROR_SHIFT);
			return;
		}
		owe(c, OWED_PARSE, OWED_FAKE, handle_ref(op->handle), OWED_FLAG_HANDLE);
		return;
	}
	if (unnamed) {
		set_unnamed(c->server, statement);
		owe(c, OWED_PARSE, OWED_FORWARD, handle_ref(op->handle), OWED_FLAG_HANDLE | OWED_FLAG_UNNAMED);
		pass(c, message, op->total);
	} else {
		evict(c);
		prepared_add(&c->server->prepared, statement);
		owe(c, OWED_PARSE, OWED_FORWARD, handle_ref(op->handle), OWED_FLAG_HANDLE);
		struct buf *out = out_of(c);
		size_t token = wire_begin(out, 'P');
		wire_add_text(out, statement->name);
		buf_add_span(out, statement->body);
		wire_end(out, token);
	}
	counters_add(&c->tenant->database->counters, COUNTER_SERVER_PARSE, 1);
}

/* The server must have the statement that a Bind or Describe is about. */
static const char *make_known(struct client *c, struct handle *handle)
{
	struct handle *deallocated = handle->script ? effects_deallocated(c, handle->script) : NULL;
	if (deallocated) {
		struct statement *instead = deallocate_instead(c, deallocated);
		set_unnamed(c->server, instead);
		send_parse_ahead(c, instead, "", OWED_FLAG_UNNAMED);
		statement_unref(instead);
		return "";
	}
	if (handle->text[0]) {
		know(c, handle->statement);
		return handle->statement->name;
	}
	if (c->server->unnamed != handle->statement) {
		set_unnamed(c->server, handle->statement);
		send_parse_ahead(c, handle->statement, "", OWED_FLAG_UNNAMED);
	}
	return "";
}

static void send_bind(struct client *c, const struct op *op, struct span message)
{
	const char *known = make_known(c, op->handle);
	struct wire_reader r = wire_reader_of(span_of(message.ptr + WIRE_HEAD_BYTES, message.len - WIRE_HEAD_BYTES));
	struct span portal = wire_read_text(&r), text = wire_read_text(&r);
	owe(c, OWED_BIND, OWED_FORWARD, NULL, 0);
	if (text.len == 0 && known[0] == '\0') {
		pass(c, message, op->total);
		return;
	}
	/* Another name, another length; the rest as it is, all here or not. */
	struct buf *out = out_of(c);
	size_t len = op->total - 1 - text.len + strlen(known);
	buf_add_u8(out, 'B');
	buf_add_u32(out, (uint32_t)len);
	wire_add_text_span(out, portal);
	wire_add_text(out, known);
	stream_forward(c->server->stream, r.rest);
	c->pass_left = op->total - message.len;
}

static void send_describe(struct client *c, const struct op *op, struct span message)
{
	if (op->handle == NULL) {
		owe(c, OWED_DESCRIBE_PORTAL, OWED_FORWARD, NULL, 0);
		pass(c, message, op->total);
		return;
	}
	const char *known = make_known(c, op->handle);
	struct buf *out = out_of(c);
	size_t token = wire_begin(out, 'D');
	buf_add_u8(out, 'S');
	wire_add_text(out, known);
	wire_end(out, token);
	owe(c, OWED_DESCRIBE_STATEMENT, OWED_FORWARD, NULL, 0);
}

static void send_close(struct client *c, const struct op *op, struct span message)
{
	bool statement = message.ptr[WIRE_HEAD_BYTES] == 'S';
	if (statement) {
		/* Servers keep what others may use. */
		owe(c, OWED_CLOSE, OWED_FAKE, op->handle ? handle_ref(op->handle) : NULL, OWED_FLAG_HANDLE);
		return;
	}
	owe(c, OWED_CLOSE, OWED_FORWARD, NULL, 0);
	pass(c, message, op->total);
}

/* Something that fails in the place of a Parse. */
static void send_refused(struct client *c, struct handle *handle, uint32_t flags)
{
	owe(c, OWED_PARSE, OWED_FORWARD, handle ? handle_ref(handle) : NULL, flags | OWED_FLAG_HANDLE);
	wire_add_parse(out_of(c), FAILING_NAME, span_text(failing_text), NULL, 0);
}

/* A name that is taken: the server is the one to say so, since it looks at the text first. */
static void send_taken(struct client *c, const struct op *op, struct span message, uint32_t flags)
{
	struct wire_reader r = wire_reader_of(span_of(message.ptr + WIRE_HEAD_BYTES, message.len - WIRE_HEAD_BYTES));
	wire_read_text(&r);
	know(c, op->handle->statement);
	owe(c, OWED_PARSE, OWED_FORWARD, handle_ref(op->handle), flags | OWED_FLAG_HANDLE | OWED_FLAG_KEEP);
	struct buf *out = out_of(c);
	size_t token = wire_begin(out, 'P');
	wire_add_text(out, op->handle->statement->name);
	buf_add_span(out, r.rest);
	wire_end(out, token);
}

static void send_failing(struct client *c, const struct op *op, struct span message)
{
	uint32_t flags = OWED_FLAG_ERROR | (uint32_t)op->error << OWED_ERROR_SHIFT;
	if (op->type == 'Q') {
		owe(c, OWED_QUERY, OWED_FORWARD, NULL, flags);
		wire_add_query(out_of(c), failing_text);
		set_unnamed(c->server, NULL);
		return;
	}
	if (op->error == OP_TAKEN)
		send_taken(c, op, message, flags);
	else
		send_refused(c, op->handle, flags | (op->type == 'P' ? 0 : OWED_FLAG_KEEP));
}

/* --- messages that are not looked into --- */

static bool is_long(char type)
{
	return strchr("QdPBFf", type) != NULL;
}

size_t send_plain(struct client *c, struct span bytes, const struct wire_head *head)
{
	static const struct {
		char type;
		enum owed_kind kind;
	} kinds[] = { { 'Q', OWED_QUERY }, { 'P', OWED_PARSE },    { 'B', OWED_BIND },     { 'E', OWED_EXECUTE },
		      { 'S', OWED_SYNC },  { 'F', OWED_FUNCTION }, { 'c', OWED_COPY_END }, { 'f', OWED_COPY_END } };
	size_t here = head->total < bytes.len ? head->total : bytes.len;
	if (here < head->total && (!is_long(head->type) || here < WIRE_HEAD_BYTES))
		return 0;
	/* A server that reads COPY data ignores Sync and Flush. One that has just failed, which we do not know yet,
	 * would answer the Sync, and nobody could tell whether it will: it is ignored here. */
	if (strchr("SH", head->type) && owed_copy_in(&c->server->owed))
		return here;
	start_clocks(c);
	if (head->type == 'D' || head->type == 'C') {
		bool statement = here > WIRE_HEAD_BYTES && bytes.ptr[WIRE_HEAD_BYTES] == 'S';
		owe(c,
		    head->type == 'C' ? OWED_CLOSE
		    : statement       ? OWED_DESCRIBE_STATEMENT
				      : OWED_DESCRIBE_PORTAL,
		    OWED_FORWARD, NULL, 0);
	}
	for (size_t i = 0; i < MEM_COUNT(kinds); i++)
		if (kinds[i].type == head->type)
			owe(c, kinds[i].kind, OWED_FORWARD, NULL, 0);
	if (head->type != 'd')
		c->commit_possible = true;
	pass(c, span_of(bytes.ptr, here), head->total);
	if (stream_above_high(c->server->stream))
		stream_pause(c->stream);
	return here;
}
