/* Reading what a client sends, a batch at a time, and deciding where it goes.
 *
 *    bytes ─► extent (where the batch ends) ─► ops (each message, and what it names)
 *          ─► decision: one node for all of it, or the coordinator and why
 *
 * A batch ends with Query, Sync or FunctionCall; with Flush, since then answers are
 * due; ahead of CopyData; or where it gets too long to be kept. In a transaction that has its server
 * messages are not waited for: each goes as it comes, if the server's node will do. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "session/client.h"

enum extent { EXTENT_MORE, EXTENT_BAD, EXTENT_READY };

static size_t idle_bytes(struct client *c, struct span bytes);
static size_t linked_bytes(struct client *c, struct span bytes);
static size_t session_bytes(struct client *c, struct span bytes);
static size_t console_bytes(struct client *c, struct span bytes);
static enum extent find_extent(struct client *c, struct span bytes, bool linked);
static bool read_ops(struct client *c, struct span batch);
static void decide(struct client *c);
static void judge_in_transaction(struct client *c, struct op *op, struct route_decision decision);

size_t request_on_bytes(struct client *c, struct span bytes)
{
	switch (c->state) {
	case CLIENT_IDLE:
		return idle_bytes(c, bytes);
	case CLIENT_LINKED:
		return linked_bytes(c, bytes);
	case CLIENT_CONSOLE:
		return console_bytes(c, bytes);
	default:
		return 0;
	}
}

static bool in_session_mode(const struct client *c)
{
	return c->tenant->limits.pool_mode == POOL_MODE_SESSION;
}

/* The head of the next message; false (and the client told, if it is bad) when there is none. */
static bool next_head(struct client *c, struct span bytes, struct wire_head *head)
{
	enum wire_result got = wire_read_head(bytes, head);
	if (got == WIRE_MORE)
		return false;
	if (got == WIRE_BAD || strchr("QPBDECHSFXdcf", head->type) == NULL || head->type == '\0') {
		client_fatal(c, "08P01", "malformed message", NULL);
		return false;
	}
	if ((int64_t)head->total > c->sessions->settings->max_packet_size_bytes) {
		client_fatal(c, "54000", "message is too large (max_packet_size)", NULL);
		return false;
	}
	return true;
}

/* Messages behind an error of ours, up to Sync. */
static size_t skip_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	if (!next_head(c, bytes, &head))
		return c->state == CLIENT_CLOSED ? bytes.len : 0;
	if (head.type == 'X') {
		client_close(c, "client close request");
		return bytes.len;
	}
	if (head.type == 'S') {
		if (bytes.len < head.total)
			return 0;
		c->skip_to_sync = false;
		wire_add_ready(client_out(c), c->status);
		return head.total;
	}
	c->drop_bytes = head.total;
	return 0;
}

/* After a reload: the tenant under the new settings; the old one stays if the database is gone. */
static void renew_tenant(struct client *c)
{
	struct sessions *s = c->sessions;
	struct user *login = users_find(s->users, span_text(c->user_name));
	struct tenant *old = c->tenant;
	struct tenant *tenant =
		tenant_enter(s, span_text(c->database_name), span_text(c->user_name), login ? login : c->login);
	if (tenant == NULL)
		return;
	if (old->welcome_known && !tenant_knows_welcome(tenant))
		tenant_learn_welcome(tenant, &old->welcome);
	c->tenant = tenant;
	effects_environment(c);
	tenant_leave(old);
}

static size_t drop_some(struct client *c, struct span bytes)
{
	size_t taken = c->drop_bytes < bytes.len ? c->drop_bytes : bytes.len;
	c->drop_bytes -= taken;
	return taken;
}

static size_t idle_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	if (c->drop_bytes)
		return drop_some(c, bytes);
	if (c->skip_to_sync) {
		size_t taken = skip_bytes(c, bytes);
		return taken || c->drop_bytes == 0 ? taken : idle_bytes(c, bytes);
	}
	if (c->status == 'I' && c->tenant->database->settings != c->sessions->settings)
		renew_tenant(c);
	if (in_session_mode(c)) {
		c->decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = REASON_SESSION_MODE };
		c->batch_ready = false;
		c->request_us = loop_now_us(c->sessions->loop);
		link_wait(c, c->tenant->coordinator);
		return 0;
	}
	if (!next_head(c, bytes, &head))
		return c->state == CLIENT_CLOSED ? bytes.len : 0;
	if (strchr("dcf", head.type)) {
		/* Outside of COPY the server would ignore it, however much of it comes. */
		c->drop_bytes = head.total;
		return idle_bytes(c, bytes);
	}
	switch (find_extent(c, bytes, false)) {
	case EXTENT_MORE:
		return 0;
	case EXTENT_BAD:
		return bytes.len;
	case EXTENT_READY:
		break;
	}
	struct span batch = span_of(bytes.ptr, c->batch_bytes < bytes.len ? c->batch_bytes : bytes.len);
	c->request_us = loop_now_us(c->sessions->loop);
	if (!read_ops(c, batch))
		return bytes.len;
	if (local_answer(c, batch)) {
		request_forget(c, false);
		return batch.len;
	}
	decide(c);
	c->batch_ready = true;
	c->lost_count = 0;
	if (c->op_count && c->ops[0].error != OP_FINE && c->ops[0].error != OP_UNKNOWN && c->ops[0].error != OP_TAKEN &&
	    c->op_count == 1) {
		/* Refused before anything met a server. */
		local_fail(c, "0A000", "this statement would tie the session to one server connection",
			   "Set pinning = on, or use pool_mode = session.");
		return 0;
	}
	link_wait(c, tenant_target(c->tenant, c->map, c->node));
	if (c->state != CLIENT_LINKED || !c->batch_ready)
		return 0;
	send_batch(c, batch);
	return c->state == CLIENT_CLOSED ? bytes.len : batch.len;
}

/* What was asked for ahead of the Terminate is carried out first, as PostgreSQL does. */
static size_t leave(struct client *c, struct span bytes)
{
	const struct owed *owed = &c->server->owed;
	if (owed->ready_count && !owed_copy_in(owed))
		return 0;
	client_close(c, "client close request");
	return bytes.len;
}

static size_t linked_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	if (c->pass_left)
		return send_rest(c, bytes);
	if (c->drop_bytes)
		return drop_some(c, bytes);
	if (in_session_mode(c))
		return session_bytes(c, bytes);
	if (c->batch_ready) {
		struct span batch = span_of(bytes.ptr, c->batch_bytes < bytes.len ? c->batch_bytes : bytes.len);
		send_batch(c, batch);
		return c->state == CLIENT_CLOSED ? bytes.len : batch.len;
	}
	if (!next_head(c, bytes, &head))
		return c->state == CLIENT_CLOSED ? bytes.len : 0;
	if (head.type == 'X')
		return leave(c, bytes);
	if (c->server->owed.skipping && head.type != 'S') {
		/* The server would not look at it: neither do we, and nothing has to be undone. */
		c->drop_bytes = head.total;
		return drop_some(c, bytes);
	}
	bool copying = owed_copy_in(&c->server->owed);
	if (strchr("dcf", head.type) || (copying && strchr("SH", head.type)))
		return send_plain(c, bytes, &head);
	/* Which server the next batch belongs to is known when this one is through. In COPY the server is the judge. */
	if (c->server->owed.ready_count && !client_pinned(c) && !copying)
		return 0;
	switch (find_extent(c, bytes, true)) {
	case EXTENT_MORE:
		return 0;
	case EXTENT_BAD:
		return bytes.len;
	case EXTENT_READY:
		break;
	}
	struct span batch = span_of(bytes.ptr, c->batch_bytes < bytes.len ? c->batch_bytes : bytes.len);
	c->request_us = loop_now_us(c->sessions->loop);
	if (!read_ops(c, batch))
		return bytes.len;
	send_batch(c, batch);
	return c->state == CLIENT_CLOSED ? bytes.len : batch.len;
}

/* Session mode: nothing is read but heads, for the account of what is owed. */
static size_t session_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	if (!next_head(c, bytes, &head))
		return c->state == CLIENT_CLOSED ? bytes.len : 0;
	if (head.type == 'X')
		return leave(c, bytes);
	return send_plain(c, bytes, &head);
}

static size_t console_bytes(struct client *c, struct span bytes)
{
	struct wire_head head;
	if (c->batch_ready) /* an answer is being gathered */
		return 0;
	if (!next_head(c, bytes, &head))
		return c->state == CLIENT_CLOSED ? bytes.len : 0;
	if (head.type == 'X') {
		client_close(c, "client close request");
		return bytes.len;
	}
	if (head.total > (size_t)64 * 1024) {
		client_fatal(c, "54000", "message is too large for the console", NULL);
		return bytes.len;
	}
	if (bytes.len < head.total)
		return 0;
	struct wire_reader r = wire_reader_of(span_of(bytes.ptr + WIRE_HEAD_BYTES, head.total - WIRE_HEAD_BYTES));
	struct span sql = wire_read_text(&r);
	if (head.type != 'Q') {
		client_fatal(c, "0A000", "extended query protocol not supported by admin console",
			     "Send simple queries.");
		return bytes.len;
	}
	if (!wire_read_done(&r)) {
		client_fatal(c, "08P01", "malformed message", NULL);
		return bytes.len;
	}
	c->batch_ready = true;
	c->request_us = loop_now_us(c->sessions->loop);
	/* The text is NUL-terminated where it stands. */
	c->sessions->console->on_query(c->sessions->console->owner, c, sql.ptr);
	return c->state == CLIENT_CLOSED ? bytes.len : head.total;
}

/* --- extent --- */

/* Messages that are looked into as a whole, whatever their size. */
static bool needs_whole(char type)
{
	return strchr("PDCE", type) != NULL;
}

/* Sets batch_bytes and batch_ends. A last message that is not all here is included if
 * it is too long to wait for; on a linked client whatever is whole makes a batch. */
static enum extent find_extent(struct client *c, struct span bytes, bool linked)
{
	size_t keep = (size_t)c->sessions->settings->retry_buffer_bytes, at = 0;
	struct wire_head head;
	c->batch_ends = false;
	c->facts = (struct batch_facts){ .all_begin = true, .all_end = true };
	while (at < bytes.len) {
		struct span rest = span_of(bytes.ptr + at, bytes.len - at);
		if (!next_head(c, rest, &head)) {
			if (c->state == CLIENT_CLOSED)
				return EXTENT_BAD;
			break;
		}
		if (head.type == 'X') {
			if (at && linked)
				break;
			client_close(c, "client close request");
			return EXTENT_BAD;
		}
		if (at && strchr("dcf", head.type)) {
			/* What stands before it may be a COPY: it goes ahead, this follows as it comes. */
			c->batch_bytes = at;
			return EXTENT_READY;
		}
		if (head.total > rest.len) {
			if (at + head.total <= keep || needs_whole(head.type) || rest.len < keep / 2) {
				/* What passes through is never held whole; what is looked into must be. */
				size_t most = needs_whole(head.type) ? at + head.total : keep;
				stream_limit_in(c->stream, most + 64 * 1024);
				break;
			}
			c->facts.too_large = true;
		}
		at += head.total;
		if (strchr("QSF", head.type))
			c->batch_ends = true;
		if (c->batch_ends || head.type == 'H' || c->facts.too_large || at > keep) {
			c->facts.too_large |= at > keep;
			c->batch_bytes = at;
			return EXTENT_READY;
		}
	}
	c->batch_bytes = at;
	return linked && at ? EXTENT_READY : EXTENT_MORE;
}

/* --- ops --- */

struct span request_body(struct span batch, const struct op *op)
{
	size_t here = batch.len - op->at < op->total ? batch.len - op->at : op->total;
	return span_of(batch.ptr + op->at + WIRE_HEAD_BYTES, here - WIRE_HEAD_BYTES);
}

static struct op *add_op(struct client *c, char type, size_t at, size_t total)
{
	if (c->op_count == c->op_size) {
		c->op_size = c->op_size ? c->op_size * 2 : 8;
		c->ops = mem_realloc(c->ops, c->op_size * sizeof *c->ops);
	}
	struct op *op = &c->ops[c->op_count++];
	*op = (struct op){ .type = type, .at = at, .total = total };
	return op;
}

void request_forget(struct client *c, bool undo)
{
	for (unsigned i = c->op_count; i-- > 0;) {
		struct op *op = &c->ops[i];
		if (undo && op->type == 'P' && op->handle && op->error == OP_FINE)
			handles_undo(&c->handles, op->handle);
		if (undo && op->type == 'C' && op->handle)
			handles_relist(&c->handles, op->handle);
		handle_unref(op->handle);
		if (op->script)
			router_drop(op->script);
	}
	c->op_count = 0;
	c->batch_ready = false;
}

static const char *effective(struct client *c, const char *name)
{
	bool found;
	const char *value = journal_value(&c->journal, name, &found);
	if (!found)
		value = guc_get(&c->wanted, name);
	else if (value == NULL)
		value = guc_get(&c->startup, name);
	return value;
}

/* Encodings in which no byte below 0x80 is part of a longer character. */
static bool encoding_is_safe(const char *encoding)
{
	static const char *const unsafe[] = { "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004" };
	for (size_t i = 0; i < MEM_COUNT(unsafe); i++)
		if (span_is_nocase(span_text(encoding), unsafe[i]))
			return false;
	return true;
}

struct route_env request_env(struct client *c, struct map *map)
{
	struct tenant *t = c->tenant;
	const char *role = effective(c, "role"), *authorization = effective(c, "session_authorization");
	const char *path = effective(c, "search_path"), *conforming = guc_get(&c->told, "standard_conforming_strings");
	const char *encoding = guc_get(&c->told, "client_encoding"), *equals = effective(c, "transform_null_equals");
	const char *as = role && strcmp(role, "none") != 0 ? role
			 : authorization                   ? authorization
							   : user_name(t->server_user);
	struct span login = span_text(user_name(t->server_user));
	if (path == NULL && map)
		path = map_session_default(map, login, "search_path");
	return (struct route_env){
		.map = map,
		.role = span_text(as),
		.search_path = path,
		.text_is_safe = conforming && strcmp(conforming, "on") == 0 && encoding && encoding_is_safe(encoding) &&
				(equals == NULL || strcmp(equals, "off") == 0),
		.encoding_matches = map && encoding && span_is_nocase(span_text(encoding), map_server_encoding(map)),
	};
}

const struct script *request_script(struct client *c, struct handle *handle)
{
	if (handle->script && handle->env_version == c->env_version)
		return handle->script;
	struct route_env env = request_env(c, c->map);
	const struct statement *statement = handle->statement;
	const struct script *script = router_read(c->tenant->database->router, &env, statement->text, statement->types,
						  statement->type_count);
	if (handle->script)
		router_drop(handle->script);
	handle->script = router_keep(c->tenant->database->router, script, statement->text);
	handle->env_version = c->env_version;
	return handle->script;
}

/* Adds a script that will run to the facts and the decision of the batch. */
static void count_script(struct client *c, const struct script *script, struct route_decision decision)
{
	struct batch_facts *facts = &c->facts;
	if (facts->executed++ == 0)
		c->decision = decision;
	else
		c->decision = route_both(c->decision, decision);
	bool one = script->part_count == 1;
	facts->all_begin &= one && script->parts[0].cls == PART_BEGIN;
	facts->all_end &= one && (script->parts[0].cls == PART_COMMIT || script->parts[0].cls == PART_ROLLBACK) &&
			  !script->parts[0].chain;
	if (!script->understood || !one)
		facts->may_commit = true;
	for (size_t i = 0; i < script->part_count; i++) {
		const struct part *part = &script->parts[i];
		facts->deallocates |= (part->cls == PART_DEALLOCATE && part->name == NULL) ||
				      (part->cls == PART_DISCARD && part->name && strcmp(part->name, "all") == 0);
		facts->sequences |= part->effects & EFFECT_SEQUENCE || part->pin == PIN_CURRVAL;
		if (part->cls == PART_BEGIN) {
			facts->opens = true;
			facts->ends = false;
		}
		if (part->cls == PART_COMMIT || part->cls == PART_ROLLBACK || part->cls == PART_PREPARE_TRANSACTION)
			facts->ends = true;
		bool in_block = c->held || c->status != 'I' || facts->opens;
		if (part->effects & EFFECT_COMMITS ||
		    (!in_block && (part->cls != PART_ROWS || part->effects & (EFFECT_WRITES | EFFECT_USER_CODE))))
			facts->may_commit = true;
	}
}

static enum op_error pin_error(const struct client *c, const struct script *script)
{
	if (c->tenant->database->conf->pinning != PINNING_REFUSE)
		return OP_FINE;
	for (size_t i = 0; i < script->part_count; i++)
		if ((script->parts[i].pin != PIN_NONE && script->parts[i].pin != PIN_UNREAD) ||
		    script->parts[i].cls == PART_PREPARE)
			return OP_PIN;
	return OP_FINE;
}

/* False: the client was told that the message is malformed, and is gone. */
static bool malformed(struct client *c)
{
	client_fatal(c, "08P01", "malformed message", NULL);
	return false;
}

static bool read_query(struct client *c, struct op *op, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span sql = wire_read_text(&r);
	if (!wire_read_done(&r))
		return malformed(c);
	struct route_env env = request_env(c, c->map);
	const struct script *script = router_read(c->tenant->database->router, &env, sql, NULL, 0);
	struct route_decision decision = route_script(script, NULL, 0);
	op->error = pin_error(c, script);
	count_script(c, script, decision);
	if (c->state == CLIENT_LINKED)
		judge_in_transaction(c, op, decision);
	else
		router_count(c->tenant->database->router, script, &decision);
	effects_sending(c, script);
	struct handle *deallocated = effects_deallocated(c, script);
	if (deallocated)
		op->handle = handle_ref(deallocated);
	if (effects_lasting(script))
		op->script = router_keep(c->tenant->database->router, script, sql);
	return true;
}

/* The shared statement of a text (the body of its Parse). What a server makes of it when it parses it depends on these
 * settings: names, how strings are read, what constants such as '1.2.2020'::timestamptz mean; and it keeps the columns
 * of its tables, so that after DDL a Parse is a new one. */
static struct statement *intern(struct client *c, struct span body)
{
	static const char *const matter[] = { "role",
					      "session_authorization",
					      "search_path",
					      "timezone",
					      "datestyle",
					      "intervalstyle",
					      "client_encoding",
					      "standard_conforming_strings",
					      "transform_null_equals",
					      "array_nulls",
					      "xmloption",
					      "lc_monetary" };
	struct buf environment;
	buf_init(&environment, 0);
	buf_add_printf(&environment, "%llu", (unsigned long long)atomic_load(&c->sessions->shared->ddl_count));
	for (size_t i = 0; i < MEM_COUNT(matter); i++) {
		const char *value = effective(c, matter[i]);
		buf_add_printf(&environment, "\n%s", value ? value : "");
	}
	struct statement *statement = statement_intern(c->sessions->statements, buf_span(&environment), body);
	buf_done(&environment);
	return statement;
}

/* A client that has changed such a setting since shares its statement with others than before. */
static void follow_settings(struct client *c, struct handle *handle)
{
	if (handle->read_version == c->env_version || handle->text[0] == '\0')
		return;
	handle->read_version = c->env_version;
	struct statement *statement = intern(c, handle->statement->body);
	statement_unref(handle->statement);
	handle->statement = statement;
}

/* In a transaction on a worker a statement without its parameters: where no key could make it belong there, the node
 * must not see it, since it might not even know its names. */
static void judge_unbound(struct client *c, struct op *op, struct handle *handle)
{
	if (c->state != CLIENT_LINKED || c->node <= 0 || op->error != OP_FINE)
		return;
	struct route_decision decision = route_script(request_script(c, handle), NULL, 0);
	if (decision.kind == ROUTE_COORDINATOR && decision.reason != REASON_KEY_VALUE)
		op->error = OP_LEFT_NODE;
}

static bool read_parse(struct client *c, struct op *op, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span text = wire_read_text(&r), rest = r.rest;
	wire_read_text(&r);
	unsigned type_count = wire_read_u16(&r);
	wire_read_bytes(&r, 4 * (size_t)type_count);
	if (!wire_read_done(&r))
		return malformed(c);
	c->facts.parsed++;
	counters_add(&c->tenant->database->counters, COUNTER_CLIENT_PARSE, 1);
	struct handle *older = text.len ? handles_find(&c->handles, text) : NULL;
	if (older && !c->facts.deallocates) {
		op->handle = handle_ref(older);
		op->error = OP_TAKEN;
		return true;
	}
	struct statement *statement = intern(c, rest);
	op->handle = handles_add(&c->handles, text, statement);
	op->handle->read_version = c->env_version;
	judge_unbound(c, op, op->handle);
	statement_unref(statement);
	if (c->status == 'E')
		request_script(c, op->handle); /* send.c wants to know whether it ends the transaction */
	return true;
}

static struct portal *find_portal(struct client *c, struct span text)
{
	LIST_EACH (it, &c->portals) {
		struct portal *portal = LIST_ITEM(it, struct portal, item);
		if (span_is(text, portal->text))
			return portal;
	}
	return NULL;
}

static void set_portal(struct client *c, struct span text, struct handle *handle)
{
	if (text.len == 0) {
		handle_unref(c->portal);
		c->portal = handle_ref(handle);
		return;
	}
	struct portal *portal = find_portal(c, text);
	if (portal == NULL) {
		portal = MEM_NEW(struct portal);
		portal->text = mem_strndup(text.ptr, text.len);
		list_init(&portal->item);
		list_append(&c->portals, &portal->item);
	}
	handle_unref(portal->handle);
	portal->handle = handle_ref(handle);
}

/* The parameters as the router wants them, in memory that lasts for the call. */
static struct route_param *bind_params(const struct wire_bind *bind, struct route_param *few, size_t few_count)
{
	struct route_param *params =
		bind->param_count <= few_count ? few : mem_array(bind->param_count, sizeof *params);
	struct span rest = bind->params;
	for (unsigned i = 0; i < bind->param_count; i++) {
		params[i].bytes = wire_next_param(&rest, &params[i].null);
		params[i].binary = wire_param_binary(bind, i);
	}
	return params;
}

static bool read_bind(struct client *c, struct op *op, struct span body)
{
	struct wire_bind bind = { 0 };
	bool whole = body.len + WIRE_HEAD_BYTES == op->total;
	struct wire_reader r = wire_reader_of(body);
	struct span portal = wire_read_text(&r), text = wire_read_text(&r);
	if (r.failed || (whole && !wire_read_bind(body, &bind)))
		return malformed(c);
	counters_add(&c->tenant->database->counters, COUNTER_BIND, 1);
	struct handle *handle = handles_find(&c->handles, text);
	if (handle == NULL) {
		op->error = OP_UNKNOWN;
		return true;
	}
	op->handle = handle_ref(handle);
	follow_settings(c, handle);
	set_portal(c, portal, handle);
	const struct script *script = request_script(c, handle);
	struct route_param few[64], *params = bind_params(&bind, few, MEM_COUNT(few));
	struct route_decision decision = route_script(script, params, bind.param_count);
	if (params != few)
		mem_free(params);
	op->error = pin_error(c, script);
	count_script(c, script, decision);
	if (c->state == CLIENT_LINKED)
		judge_in_transaction(c, op, decision);
	else
		router_count(c->tenant->database->router, script, &decision);
	effects_sending(c, script);
	return true;
}

static bool read_about(struct client *c, struct op *op, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	char kind = (char)wire_read_u8(&r);
	struct span text = wire_read_text(&r);
	if (!wire_read_done(&r) || (kind != 'S' && kind != 'P'))
		return malformed(c);
	if (kind == 'P') {
		c->facts.portals = true;
		return true;
	}
	struct handle *handle = handles_find(&c->handles, text);
	if (handle)
		op->handle = handle_ref(handle);
	if (op->type == 'D') {
		if (handle) {
			follow_settings(c, handle);
			judge_unbound(c, op, handle);
		}
		c->facts.describes = true;
		if (handle == NULL)
			op->error = OP_UNKNOWN;
	} else if (handle) {
		handles_remove(&c->handles, handle); /* listed again if the Close is never carried out */
	}
	return true;
}

static bool read_execute(struct client *c, struct op *op, struct span body)
{
	struct wire_reader r = wire_reader_of(body);
	struct span portal = wire_read_text(&r);
	wire_read_u32(&r);
	if (!wire_read_done(&r))
		return malformed(c);
	c->facts.portals = true;
	struct portal *named = portal.len ? find_portal(c, portal) : NULL;
	struct handle *handle = portal.len ? (named ? named->handle : NULL) : c->portal;
	if (handle && handle->script && effects_lasting(handle->script))
		op->handle = handle_ref(handle);
	return true;
}

static bool read_op(struct client *c, struct op *op, struct span body)
{
	bool whole = body.len + WIRE_HEAD_BYTES == op->total;
	switch (op->type) {
	case 'Q':
		if (whole)
			return read_query(c, op, body);
		c->facts.may_commit = c->doubtful = c->facts.other = true;
		c->facts.all_begin = c->facts.all_end = false;
		return true;
	case 'P':
		return read_parse(c, op, body);
	case 'B':
		return read_bind(c, op, body);
	case 'D':
	case 'C':
		return read_about(c, op, body);
	case 'E':
		return read_execute(c, op, body);
	case 'F':
		c->facts.other = c->facts.may_commit = c->doubtful = true;
		return true;
	case 'H':
	case 'S':
		return body.len == 0 || malformed(c);
	default:
		return true; /* COPY messages out of place: dropped, as the server does */
	}
}

/* Takes the latest map; a new one may change what names mean. */
static void take_map(struct client *c)
{
	struct map *map = cluster_map(c->tenant->database->cluster, c->sessions->loop);
	if (map == c->map)
		return;
	if (map)
		map_ref(map);
	map_unref(c->map);
	c->map = map;
	c->env_version++;
}

static bool read_ops(struct client *c, struct span batch)
{
	struct wire_head head;
	if (c->state == CLIENT_IDLE)
		take_map(c);
	if (c->state == CLIENT_IDLE)
		c->decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = REASON_INCOMPLETE };
	struct route_decision start = c->decision;
	for (size_t at = 0; at < batch.len; at += head.total) {
		if (wire_read_head(span_of(batch.ptr + at, batch.len - at), &head) != WIRE_OK)
			break;
		struct op *op = add_op(c, head.type, at, head.total);
		if (!read_op(c, op, request_body(batch, op)))
			return false;
	}
	if (c->state == CLIENT_LINKED)
		c->decision = start; /* the transaction's own */
	return true;
}

/* --- again --- */

void request_again(struct client *c)
{
	struct buf swap = c->again;
	c->again = c->retry;
	c->retry = swap;
	struct span batch = buf_span(&c->again);
	if (find_extent(c, batch, false) != EXTENT_READY || !read_ops(c, batch))
		return;
	c->decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = REASON_RETRIED };
	c->batch_ready = true;
	link_wait(c, c->tenant->coordinator);
}

bool request_send_again(struct client *c)
{
	if (buf_held(&c->again) == 0)
		return false;
	struct buf batch = c->again;
	buf_init(&c->again, 0);
	send_batch(c, buf_span(&batch));
	buf_done(&batch);
	return true;
}

/* --- deciding --- */

static enum reason refusal(struct client *c)
{
	const struct database_settings *conf = c->tenant->database->conf;
	const struct batch_facts *facts = &c->facts;
	if (!conf->route)
		return REASON_ROUTE_OFF;
	if (c->map == NULL)
		return conf->cluster == CLUSTER_NONE ? REASON_NOT_A_CLUSTER : REASON_NO_MAP;
	if (map_kind(c->map) == MAP_NONE)
		return REASON_NOT_A_CLUSTER;
	/* Commands are what they are, whatever the map says; a DDL command has just made it stale itself. */
	if (c->decision.kind == ROUTE_COORDINATOR && c->facts.executed &&
	    (c->decision.reason == REASON_DDL || c->decision.reason == REASON_UTILITY))
		return c->decision.reason;
	if (!cluster_map_is_current(c->tenant->database->cluster, c->map))
		return REASON_MAP_STALE;
	if (facts->too_large)
		return REASON_TOO_LARGE;
	if (facts->executed == 0 || !c->batch_ends || facts->other)
		return facts->other ? REASON_FUNCTION : REASON_INCOMPLETE;
	if (c->decision.kind != ROUTE_NODE)
		return c->decision.reason;
	bool block = c->held || facts->opens;
	if (block && !facts->ends && conf->route_transactions != ROUTE_TRANSACTIONS_ALL)
		return REASON_TRANSACTION_BLOCK;
	struct target *target = tenant_target(c->tenant, c->map, c->decision.node);
	if (c->decision.node != MAP_NODE_COORDINATOR &&
	    account_is_down(target->accounts[ACCOUNT_NODE], loop_now_us(c->sessions->loop)))
		return REASON_NODE_DOWN;
	return REASON_KEY;
}

static void decide(struct client *c)
{
	/* A Describe inside a held transaction that has no key yet is answered outside of it. */
	c->outside = c->held && c->status == 'T' && c->facts.executed == 0 && !c->facts.other && !c->facts.portals &&
		     c->batch_ends && !c->facts.too_large;
	enum reason reason = refusal(c);
	c->node = -1;
	if (reason == REASON_KEY)
		c->node = c->decision.node;
	else
		c->decision = (struct route_decision){ .kind = ROUTE_COORDINATOR, .reason = reason };
	struct sessions *s = c->sessions;
	unsigned count = c->facts.executed ? c->facts.executed : 1;
	atomic_fetch_add_explicit(&s->reasons[reason], count, memory_order_relaxed);
	counters_add(&c->tenant->database->counters, reason == REASON_KEY ? COUNTER_ROUTED : COUNTER_COORDINATOR,
		     count);
}

/* A transaction on a worker stays there: what has to be elsewhere is refused. */
static void judge_in_transaction(struct client *c, struct op *op, struct route_decision decision)
{
	struct sessions *s = c->sessions;
	bool fits = c->node < 0 || (decision.kind == ROUTE_NODE && decision.node == c->node) ||
		    decision.kind == ROUTE_ANYWHERE;
	if (!fits && op->error == OP_FINE)
		op->error = OP_LEFT_NODE;
	/* At rest a pinned client has its server, too. What could not have been routed anyway says why. */
	enum reason reason = c->status == 'I' && client_pinned(c)                ? REASON_PINNED
			     : c->node < 0 && decision.kind == ROUTE_COORDINATOR ? decision.reason
										 : REASON_IN_TRANSACTION;
	atomic_fetch_add_explicit(&s->reasons[reason], 1, memory_order_relaxed);
	counters_add(&c->tenant->database->counters, c->node < 0 ? COUNTER_COORDINATOR : COUNTER_ROUTED, 1);
}
