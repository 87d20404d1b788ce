/* Protocol v3 as bytes: framing, reading, writing. No sockets, no state.
 * Source: PostgreSQL manual, "Frontend/Backend Protocol", Message Formats.
 *
 *    type (1 byte) | length (4 bytes, itself included) | body (length - 4 bytes)
 *
 * The first packet of a client has no type byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

enum wire_result { WIRE_OK, WIRE_MORE, WIRE_BAD };

enum {
	WIRE_HEAD_BYTES = 5,
	WIRE_MAX_STARTUP_BYTES = 10000,
	WIRE_MAX_PASSWORD_BYTES = 65535,
	WIRE_MAX_MESSAGE_BYTES = 0x3fffffff, /* PostgreSQL's own limit (MaxAllocSize) */
	WIRE_V3 = 3 << 16,
	WIRE_CANCEL_CODE = 80877102,
	WIRE_SSL_CODE = 80877103,
	WIRE_GSS_CODE = 80877104,
};

/* A typed message's head. */
struct wire_head {
	char type;
	size_t total; /* bytes of the whole message, head included */
};

/* Reads the head at the front of `bytes`. WIRE_BAD: a length under 4 or over
 * WIRE_MAX_MESSAGE_BYTES. */
enum wire_result wire_read_head(struct span bytes, struct wire_head *head);

/* --- reading a body: a cursor that fails sticky --- */
struct wire_reader {
	struct span rest;
	bool failed; /* something was missing; all values read since are 0 or empty */
};

static inline struct wire_reader wire_reader_of(struct span body)
{
	return (struct wire_reader){ body, false };
}
uint8_t wire_read_u8(struct wire_reader *r);
uint16_t wire_read_u16(struct wire_reader *r);
uint32_t wire_read_u32(struct wire_reader *r);
struct span wire_read_bytes(struct wire_reader *r, size_t len);
struct span wire_read_text(struct wire_reader *r); /* up to a NUL, which is taken too */
/* True if nothing failed and nothing is left. */
bool wire_read_done(const struct wire_reader *r);

/* --- the first packet --- */
enum startup_kind { STARTUP_SESSION, STARTUP_CANCEL, STARTUP_SSL, STARTUP_GSS };

struct startup {
	enum startup_kind kind;
	uint32_t protocol; /* STARTUP_SESSION: as asked for, major << 16 | minor */
	struct span parameters; /* STARTUP_SESSION: name NUL value NUL …, checked, without the last NUL */
	uint32_t cancel_id; /* STARTUP_CANCEL */
	struct span cancel_key;
};

/* Reads a whole first packet at the front of `bytes`; *total is its size. On
 * WIRE_BAD *why is what a user should read. Nothing is believed unchecked. */
enum wire_result wire_read_startup(struct span bytes, struct startup *startup, size_t *total, const char **why);
/* Next name and value of startup parameters; false at the end. */
bool wire_next_parameter(struct span *parameters, struct span *name, struct span *value);

/* --- Bind --- */
struct wire_bind {
	struct span portal, statement;
	unsigned format_count, param_count, result_format_count;
	struct span formats; /* 2 bytes each */
	struct span params; /* length and bytes each */
};
bool wire_read_bind(struct span body, struct wire_bind *bind);
/* Next parameter's length and bytes; *null for -1. Checked by wire_read_bind. */
struct span wire_next_param(struct span *params, bool *null);
/* Format code of parameter `index`: 0 text, 1 binary. */
bool wire_param_binary(const struct wire_bind *bind, unsigned index);

/* --- writing --- */
/* Starts a message and returns the token for wire_end, which fills the length in.
 * Type '\0' starts an untyped packet. Failure sticks to the buffer. */
size_t wire_begin(struct buf *out, char type);
void wire_end(struct buf *out, size_t token);
void wire_add_text(struct buf *out, const char *text); /* with its NUL */
void wire_add_text_span(struct buf *out, struct span text); /* with a NUL */
void wire_simple(struct buf *out, char type); /* a message without body */
void wire_text_message(struct buf *out, char type, const char *text);

/* An ErrorResponse or NoticeResponse of ours. detail and hint may be NULL. */
struct wire_error {
	const char *severity, *sqlstate, *message, *detail, *hint;
};
void wire_add_error(struct buf *out, char type, const struct wire_error *error);
/* A field ('S', 'C', 'M', …) of an ErrorResponse or NoticeResponse body; empty if absent. */
struct span wire_error_field(struct span body, char field);

void wire_add_ready(struct buf *out, char status);
void wire_add_complete(struct buf *out, const char *tag);
void wire_add_parameter(struct buf *out, struct span name, struct span value);
void wire_add_key(struct buf *out, uint32_t id, const void *key, size_t key_bytes);

/* --- rows, for the console: text columns only --- */
void wire_add_columns(struct buf *out, const char *const *names, size_t count);
size_t wire_begin_row(struct buf *out, size_t column_count);
void wire_add_value(struct buf *out, struct span value);
void wire_add_null(struct buf *out);

/* Client messages, for servers. */
void wire_add_query(struct buf *out, const char *sql);
void wire_add_parse(struct buf *out, const char *name, struct span sql, const uint32_t *types, unsigned type_count);
void wire_add_bind(struct buf *out, const char *statement, const struct span *values,
		   unsigned count); /* portal '', text */
void wire_add_execute(struct buf *out); /* portal '', all rows */
