/* Answers that need no server: a held BEGIN and its end, Sync and Close at rest, and
 * errors of our own.
 *
 * PostgreSQL answers BEGIN without looking at anything, so pgshunt may do so too,
 * and knows better where to begin once it has seen the first statement. An empty
 * transaction then never meets a server.
 *
 * A statement that some server has accepted, under the same role, search_path and
 * parameter types, is accepted here, too: its Parse waits for nobody. Without this, a
 * program that prepares synchronously on many connections (pgbench -M prepared) could
 * wait for a server that its own other connections hold. If the names have changed
 * since, Bind says so, as it does for a statement prepared before the change. */
#include <string.h>

#include "base/mem.h"
#include "session/client.h"

static bool can_answer(const struct client *c, struct span batch);
static void answer_op(struct client *c, const struct op *op, struct span batch);
static void run(struct client *c, const char *sql, size_t len, bool by_portal);
static void failed_transaction(struct client *c, struct span batch);

bool local_answer(struct client *c, struct span batch)
{
	if (c->held && c->status == 'E' && !(c->facts.executed == 1 && c->facts.all_end && can_answer(c, batch))) {
		failed_transaction(c, batch);
		return true;
	}
	if (!can_answer(c, batch))
		return false;
	for (unsigned i = 0; i < c->op_count; i++)
		answer_op(c, &c->ops[i], batch);
	return true;
}

/* Nothing stands before the statement that the server would have to look at: a Query is alone, a Parse is of what is
 * bound. */
static bool stands_alone(const struct client *c)
{
	for (unsigned i = 0; i < c->op_count; i++) {
		const struct op *op = &c->ops[i];
		if (op->type == 'Q' && c->op_count > 1)
			return false;
		if (op->type == 'P' && op->handle != c->portal)
			return false;
	}
	return true;
}

static bool takes_no_parameters(struct span body)
{
	struct wire_bind bind;
	return wire_read_bind(body, &bind) && bind.param_count == 0;
}

/* Portals are known here only as long as a batch: one that is bound is the unnamed one, and is run in it, once. */
static bool portals_are_known(const struct client *c, struct span batch)
{
	bool bound = false, executed = false;
	for (unsigned i = 0; i < c->op_count; i++) {
		const struct op *op = &c->ops[i];
		struct span body = request_body(batch, op);
		bool fine = true;
		if (op->type == 'B') {
			fine = !bound && body.ptr[0] == '\0' && takes_no_parameters(body);
			bound = true;
		} else if (op->type == 'E') {
			fine = bound && !executed && body.ptr[0] == '\0';
			executed = true;
		} else if (op->type == 'D') {
			fine = bound && !executed && body.ptr[1] == '\0';
		} else if (op->type == 'C') {
			fine = !bound || body.ptr[0] == 'S';
		}
		if (!fine)
			return false;
	}
	return bound == executed;
}

static bool can_answer(const struct client *c, struct span batch)
{
	const struct batch_facts *facts = &c->facts;
	if (facts->too_large || facts->other || facts->describes || !portals_are_known(c, batch))
		return false;
	bool proven = true;
	for (unsigned i = 0; i < c->op_count; i++) {
		const struct op *op = &c->ops[i];
		if (op->error != OP_FINE)
			return false;
		proven &= op->type != 'P' || op->handle->statement->proven;
	}
	/* Without a Sync a Parse begins a transaction, and what comes next may be a BEGIN. */
	if (facts->executed == 0)
		return proven && (facts->parsed == 0 || c->batch_ends);
	if (facts->executed > 1 || !stands_alone(c))
		return false;
	if (c->held)
		return facts->all_end;
	return c->status == 'I' && facts->all_begin;
}

static const char *statement_text(const struct client *c, const struct op *op, struct span batch, size_t *len)
{
	if (op->type == 'Q') {
		struct span body = request_body(batch, op);
		*len = body.len - 1;
		return body.ptr;
	}
	const struct handle *handle = c->portal;
	*len = handle->statement->text.len;
	return handle->statement->text.ptr;
}

/* Carries out a lone BEGIN, COMMIT or ROLLBACK. */
static void run(struct client *c, const char *sql, size_t len, bool by_portal)
{
	struct route_env env = request_env(c, c->map);
	const struct script *script = router_read(c->tenant->database->router, &env, span_of(sql, len), NULL, 0);
	const struct part *part = &script->parts[0];
	const char *tag = part->tag;
	counters_add(&c->tenant->database->counters, COUNTER_ANSWERED, 1);
	if (part->cls == PART_BEGIN) {
		mem_free(c->held_begin);
		c->held_begin = mem_strndup(sql, len);
		c->held = true;
		c->held_by_portal = by_portal;
		c->status = 'T';
		c->transaction_us = loop_now_us(c->sessions->loop);
	} else {
		if (c->status == 'E')
			tag = "ROLLBACK";
		c->held = false;
		c->status = 'I';
		c->transaction_us = 0;
		counters_add(&c->tenant->database->counters, COUNTER_XACT, 1);
	}
	wire_add_complete(client_out(c), tag                        ? tag
					 : part->cls == PART_BEGIN  ? "BEGIN"
					 : part->cls == PART_COMMIT ? "COMMIT"
								    : "ROLLBACK");
}

static void answer_op(struct client *c, const struct op *op, struct span batch)
{
	struct buf *out = client_out(c);
	size_t len;
	const char *sql;
	switch (op->type) {
	case 'Q':
		sql = statement_text(c, op, batch, &len);
		run(c, sql, len, false);
		handles_remove_unnamed(&c->handles);
		wire_add_ready(out, c->status);
		break;
	case 'P':
		handle_settle(op->handle);
		wire_simple(out, '1');
		break;
	case 'B':
		wire_simple(out, '2');
		break;
	case 'C':
		wire_simple(out, '3');
		break;
	case 'D': /* of the portal: no rows */
		wire_simple(out, 'n');
		break;
	case 'E':
		if (c->portal) {
			sql = statement_text(c, op, batch, &len);
			run(c, sql, len, true);
		}
		break;
	case 'S':
		wire_add_ready(out, c->status);
		break;
	default:
		break;
	}
}

static void add_error(struct client *c, const char *sqlstate, const char *message, const char *detail, const char *hint)
{
	wire_add_error(client_out(c), 'E',
		       &(struct wire_error){ "ERROR", sqlstate, message, detail, hint && *hint ? hint : NULL });
	counters_add(&c->tenant->database->counters, COUNTER_CLIENT_ERROR, 1);
}

/* A name that is not there is the first thing that PostgreSQL sees. */
static void fail_in_transaction(struct client *c, const struct op *op, struct span batch)
{
	if (op->error == OP_UNKNOWN) {
		struct wire_reader r = wire_reader_of(request_body(batch, op));
		if (op->type == 'B')
			wire_read_text(&r);
		else
			wire_read_u8(&r);
		char *message = mem_printf("prepared statement \"%s\" does not exist", wire_read_text(&r).ptr);
		add_error(c, "26000", message, NULL, NULL);
		mem_free(message);
	} else {
		add_error(c, "25P02", "current transaction is aborted, commands ignored until end of transaction block",
			  NULL, NULL);
	}
}

/* A held transaction in which something failed: only its end is heard. */
static void failed_transaction(struct client *c, struct span batch)
{
	for (unsigned i = 0; i < c->op_count; i++) {
		struct op *op = &c->ops[i];
		bool simple = strchr("QF", op->type) != NULL;
		if (c->skip_to_sync && op->type != 'S')
			continue;
		if (simple || strchr("PBDE", op->type)) {
			fail_in_transaction(c, op, batch);
			c->skip_to_sync = !simple;
		} else if (op->type == 'C') {
			handle_unref(op->handle); /* closed for good */
			op->handle = NULL;
			wire_simple(client_out(c), '3');
		}
		if (simple || op->type == 'S') {
			wire_add_ready(client_out(c), c->status);
			c->skip_to_sync = false;
		}
	}
	/* A last message that is not all here was counted as one: the rest of it is dropped. */
	if (c->batch_bytes > batch.len)
		c->drop_bytes = c->batch_bytes - batch.len;
	request_forget(c, true);
}

/* Ends the batch that nothing was sent of. */
static void end_batch(struct client *c)
{
	if (c->held)
		c->status = 'E';
	if (c->batch_ends)
		wire_add_ready(client_out(c), c->status);
	else
		c->skip_to_sync = true;
	/* A batch that was asked again has left the stream already. */
	c->drop_bytes = buf_held(&c->again) ? 0 : c->batch_bytes;
	buf_done(&c->again);
	c->outside = false;
	request_forget(c, true);
	effects_transaction_over(c);
	waiter_leave(&c->waiter);
	if (c->state != CLIENT_IDLE)
		client_enter(c, CLIENT_IDLE);
	stream_wake(c->stream);
}

void local_fail(struct client *c, const char *sqlstate, const char *message, const char *hint)
{
	add_error(c, sqlstate, message, NULL, hint);
	end_batch(c);
}

/* PostgreSQL's own words about a login or a setting, as an error of this statement. */
void local_fail_response(struct client *c, const struct server_failure *failure)
{
	struct span body = failure->response;
	if (body.len == 0) {
		add_error(c, failure->sqlstate, failure->message, NULL, NULL);
	} else {
		struct span detail = wire_error_field(body, 'D'), hint = wire_error_field(body, 'H');
		add_error(c, failure->sqlstate, failure->message, detail.len ? detail.ptr : NULL,
			  hint.len ? hint.ptr : NULL);
	}
	end_batch(c);
}
