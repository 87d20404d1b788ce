/* Protocol v3 as bytes. Every length is checked against what is there before it
 * is used; the cursor and the buffer fail sticky, so callers ask once. */
#include "wire/proto.h"

#include <arpa/inet.h>
#include <string.h>

static uint32_t load_u32(const char *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return ntohl(value);
}

enum wire_result wire_read_head(struct span bytes, struct wire_head *head)
{
	if (bytes.len < WIRE_HEAD_BYTES)
		return WIRE_MORE;
	uint32_t len = load_u32(bytes.ptr + 1);
	if (len < 4 || len > WIRE_MAX_MESSAGE_BYTES)
		return WIRE_BAD;
	head->type = bytes.ptr[0];
	head->total = (size_t)len + 1;
	return WIRE_OK;
}

struct span wire_read_bytes(struct wire_reader *r, size_t len)
{
	if (r->failed || len > r->rest.len) {
		r->failed = true;
		return span_of("", 0);
	}
	struct span taken = span_of(r->rest.ptr, len);
	r->rest = span_of(r->rest.ptr + len, r->rest.len - len);
	return taken;
}

uint8_t wire_read_u8(struct wire_reader *r)
{
	struct span b = wire_read_bytes(r, 1);
	return b.len ? (uint8_t)b.ptr[0] : 0;
}

uint16_t wire_read_u16(struct wire_reader *r)
{
	struct span b = wire_read_bytes(r, 2);
	uint16_t value = 0;
	if (b.len)
		memcpy(&value, b.ptr, sizeof value);
	return ntohs(value);
}

uint32_t wire_read_u32(struct wire_reader *r)
{
	struct span b = wire_read_bytes(r, 4);
	return b.len ? load_u32(b.ptr) : 0;
}

struct span wire_read_text(struct wire_reader *r)
{
	const char *end = r->failed || r->rest.len == 0 ? NULL : memchr(r->rest.ptr, '\0', r->rest.len);
	if (end == NULL) {
		r->failed = true;
		return span_of("", 0);
	}
	struct span text = wire_read_bytes(r, (size_t)(end - r->rest.ptr));
	wire_read_bytes(r, 1);
	return text;
}

bool wire_read_done(const struct wire_reader *r)
{
	return !r->failed && r->rest.len == 0;
}

/* name NUL value NUL … NUL: pairs only, one terminator, nothing behind it. */
static const char *check_parameters(struct span body, struct span *parameters)
{
	struct wire_reader r = wire_reader_of(body);
	for (;;) {
		struct span name = wire_read_text(&r);
		if (r.failed)
			return "invalid startup packet layout: expected terminator as last byte";
		if (name.len == 0)
			break;
		wire_read_text(&r);
		if (r.failed)
			return "invalid startup packet layout: a parameter has no value";
	}
	if (!wire_read_done(&r))
		return "invalid startup packet layout: expected terminator as last byte";
	*parameters = span_of(body.ptr, body.len - 1);
	return NULL;
}

enum wire_result wire_read_startup(struct span bytes, struct startup *startup, size_t *total, const char **why)
{
	*why = "invalid length of startup packet";
	if (bytes.len < 4)
		return WIRE_MORE;
	uint32_t len = load_u32(bytes.ptr);
	if (len < 8 || len > WIRE_MAX_STARTUP_BYTES)
		return WIRE_BAD;
	if (bytes.len < 8)
		return WIRE_MORE;
	uint32_t code = load_u32(bytes.ptr + 4);
	*startup = (struct startup){ .protocol = code };
	bool cancel = code == WIRE_CANCEL_CODE, request = code == WIRE_SSL_CODE || code == WIRE_GSS_CODE;
	/* A cancel request has a key of 4 to 256 bytes (protocol 3.2), the others no body. */
	if ((cancel && (len < 16 || len > 12 + 256)) || (request && len != 8)) {
		*why = "invalid length of request packet";
		return WIRE_BAD;
	}
	if (!cancel && !request && code >> 16 != 3) {
		*why = "unsupported frontend protocol: this server speaks 3.0";
		return WIRE_BAD;
	}
	if (bytes.len < len)
		return WIRE_MORE;
	*total = len;
	struct span body = span_of(bytes.ptr + 8, len - 8);
	if (request) {
		startup->kind = code == WIRE_SSL_CODE ? STARTUP_SSL : STARTUP_GSS;
	} else if (cancel) {
		startup->kind = STARTUP_CANCEL;
		startup->cancel_id = load_u32(body.ptr);
		startup->cancel_key = span_of(body.ptr + 4, body.len - 4);
	} else {
		startup->kind = STARTUP_SESSION;
		*why = check_parameters(body, &startup->parameters);
		return *why ? WIRE_BAD : WIRE_OK;
	}
	return WIRE_OK;
}

bool wire_next_parameter(struct span *parameters, struct span *name, struct span *value)
{
	struct wire_reader r = wire_reader_of(*parameters);
	*name = wire_read_text(&r);
	*value = wire_read_text(&r);
	*parameters = r.rest;
	return !r.failed && name->len > 0;
}

bool wire_read_bind(struct span body, struct wire_bind *bind)
{
	struct wire_reader r = wire_reader_of(body);
	bind->portal = wire_read_text(&r);
	bind->statement = wire_read_text(&r);
	bind->format_count = wire_read_u16(&r);
	bind->formats = wire_read_bytes(&r, 2 * (size_t)bind->format_count);
	bind->param_count = wire_read_u16(&r);
	const char *start = r.rest.ptr;
	for (unsigned i = 0; i < bind->param_count && !r.failed; i++) {
		uint32_t len = wire_read_u32(&r);
		if (len != UINT32_MAX)
			wire_read_bytes(&r, len);
	}
	bind->params = span_of(start, (size_t)(r.rest.ptr - start));
	bind->result_format_count = wire_read_u16(&r);
	wire_read_bytes(&r, 2 * (size_t)bind->result_format_count);
	return wire_read_done(&r) && (bind->format_count <= 1 || bind->format_count == bind->param_count);
}

struct span wire_next_param(struct span *params, bool *null)
{
	struct wire_reader r = wire_reader_of(*params);
	uint32_t len = wire_read_u32(&r);
	*null = len == UINT32_MAX;
	struct span value = *null ? span_of("", 0) : wire_read_bytes(&r, len);
	*params = r.rest;
	return value;
}

bool wire_param_binary(const struct wire_bind *bind, unsigned index)
{
	if (bind->format_count == 0)
		return false;
	unsigned at = bind->format_count == 1 ? 0 : index;
	return bind->formats.ptr[2 * at + 1] == 1;
}

size_t wire_begin(struct buf *out, char type)
{
	if (type)
		buf_add_u8(out, (uint8_t)type);
	size_t token = buf_held(out);
	buf_add_u32(out, 0);
	return token;
}

void wire_end(struct buf *out, size_t token)
{
	if (buf_failed(out))
		return;
	uint32_t len = htonl((uint32_t)(buf_held(out) - token));
	memcpy(out->bytes + out->start + token, &len, sizeof len);
}

void wire_add_text(struct buf *out, const char *text)
{
	buf_add(out, text, strlen(text) + 1);
}

void wire_add_text_span(struct buf *out, struct span text)
{
	buf_add_span(out, text);
	buf_add_u8(out, 0);
}

void wire_simple(struct buf *out, char type)
{
	wire_end(out, wire_begin(out, type));
}

void wire_text_message(struct buf *out, char type, const char *text)
{
	size_t token = wire_begin(out, type);
	wire_add_text(out, text);
	wire_end(out, token);
}

static void add_field(struct buf *out, char field, const char *text)
{
	if (text) {
		buf_add_u8(out, (uint8_t)field);
		wire_add_text(out, text);
	}
}

void wire_add_error(struct buf *out, char type, const struct wire_error *error)
{
	size_t token = wire_begin(out, type);
	add_field(out, 'S', error->severity);
	add_field(out, 'V', error->severity);
	add_field(out, 'C', error->sqlstate);
	add_field(out, 'M', error->message);
	add_field(out, 'D', error->detail);
	add_field(out, 'H', error->hint);
	buf_add_u8(out, 0);
	wire_end(out, token);
}

struct span wire_error_field(struct span body, char field)
{
	struct wire_reader r = wire_reader_of(body);
	while (r.rest.len > 1) {
		char code = (char)wire_read_u8(&r);
		struct span text = wire_read_text(&r);
		if (r.failed)
			break;
		if (code == field)
			return text;
	}
	return span_of("", 0);
}

void wire_add_ready(struct buf *out, char status)
{
	size_t token = wire_begin(out, 'Z');
	buf_add_u8(out, (uint8_t)status);
	wire_end(out, token);
}

void wire_add_complete(struct buf *out, const char *tag)
{
	wire_text_message(out, 'C', tag);
}

void wire_add_parameter(struct buf *out, struct span name, struct span value)
{
	size_t token = wire_begin(out, 'S');
	wire_add_text_span(out, name);
	wire_add_text_span(out, value);
	wire_end(out, token);
}

void wire_add_key(struct buf *out, uint32_t id, const void *key, size_t key_bytes)
{
	size_t token = wire_begin(out, 'K');
	buf_add_u32(out, id);
	buf_add(out, key, key_bytes);
	wire_end(out, token);
}

void wire_add_columns(struct buf *out, const char *const *names, size_t count)
{
	enum { TEXT_OID = 25 };
	size_t token = wire_begin(out, 'T');
	buf_add_u16(out, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		wire_add_text(out, names[i]);
		buf_add_u32(out, 0);
		buf_add_u16(out, 0);
		buf_add_u32(out, TEXT_OID);
		buf_add_u16(out, (uint16_t)-1);
		buf_add_u32(out, (uint32_t)-1);
		buf_add_u16(out, 0);
	}
	wire_end(out, token);
}

size_t wire_begin_row(struct buf *out, size_t column_count)
{
	size_t token = wire_begin(out, 'D');
	buf_add_u16(out, (uint16_t)column_count);
	return token;
}

void wire_add_value(struct buf *out, struct span value)
{
	buf_add_u32(out, (uint32_t)value.len);
	buf_add_span(out, value);
}

void wire_add_null(struct buf *out)
{
	buf_add_u32(out, UINT32_MAX);
}

void wire_add_query(struct buf *out, const char *sql)
{
	wire_text_message(out, 'Q', sql);
}

void wire_add_parse(struct buf *out, const char *name, struct span sql, const uint32_t *types, unsigned type_count)
{
	size_t token = wire_begin(out, 'P');
	wire_add_text(out, name);
	wire_add_text_span(out, sql);
	buf_add_u16(out, (uint16_t)type_count);
	for (unsigned i = 0; i < type_count; i++)
		buf_add_u32(out, types[i]);
	wire_end(out, token);
}

void wire_add_bind(struct buf *out, const char *statement, const struct span *values, unsigned count)
{
	size_t token = wire_begin(out, 'B');
	wire_add_text(out, "");
	wire_add_text(out, statement);
	buf_add_u16(out, 0);
	buf_add_u16(out, (uint16_t)count);
	for (unsigned i = 0; i < count; i++)
		wire_add_value(out, values[i]);
	buf_add_u16(out, 0);
	wire_end(out, token);
}

void wire_add_execute(struct buf *out)
{
	size_t token = wire_begin(out, 'E');
	wire_add_text(out, "");
	buf_add_u32(out, 0);
	wire_end(out, token);
}
