/* Key values: what a distribution column's type makes of a literal or a
 * parameter, and the hash that the server would give it.
 *
 *    text or binary ──key_from_*──► struct key_value ──key_hash_citus──► int32
 *                                                  └──key_hash_native──► uint64 ─► remainder
 *
 * "Declined" is an answer, not an error: whatever is not certain to be what the
 * server would make of it is declined, and the statement goes to the coordinator. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* Built-in type OIDs that this layer names (pg_type.dat). */
enum {
	TYPE_UNSPECIFIED = 0,
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_CHAR = 18,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_OID = 26,
	TYPE_FLOAT4 = 700,
	TYPE_FLOAT8 = 701,
	TYPE_UNKNOWN = 705,
	TYPE_BPCHAR = 1042,
	TYPE_VARCHAR = 1043,
	TYPE_DATE = 1082,
	TYPE_TIME = 1083,
	TYPE_TIMESTAMP = 1114,
	TYPE_TIMESTAMPTZ = 1184,
	TYPE_NUMERIC = 1700,
	TYPE_UUID = 2950,
	TYPE_FIRST_USER_DEFINED = 16384,
};

enum { KEY_INLINE_BYTES = 16 };

/* A value of a key column's own type, in the form that is hashed. Plain data;
 * `bytes` may point into the statement or the Bind message it was read from. */
struct key_value {
	uint32_t type; /* the column's type OID */
	int64_t number; /* int2/4/8, oid, date (days), time (µs), timestamp(tz) (µs since 2000), bool, "char";
	                      float4/8: the bits of the value as a double */
	struct span bytes; /* text, varchar, …: the characters, of bpchar without trailing blanks; uuid: its 16
	                      bytes (in `store`) */
	char store[KEY_INLINE_BYTES];
	bool bytes_in_store; /* `bytes` is `store`: copying the struct must not leave it dangling */
};

/* The bytes of a value, wherever they are; empty for a number. */
struct span key_bytes(const struct key_value *value);

/* True if the value is characters beyond ASCII: its hash is the server's only if the
 * client's encoding is the server's too. Also said, to no harm, of a binary bytea. */
bool key_needs_encoding(const struct key_value *value);

/* True if a column of the value's type and this typmod (-1 = none) would store it
 * unchanged, or refuse it: varchar(n) silently cuts blanks, timestamp(n) rounds. To be asked
 * of a value that is inserted; a comparison does not apply the column's typmod. */
bool key_stored_as_is(const struct key_value *value, int32_t typmod);

/* True if values of this type can be hashed here at all. */
bool key_type_supported(uint32_t type);

/* Reads `text` as the type's input function would, if that is certain
 * whatever the session's DateStyle and TimeZone are. False = declined. A value
 * that the server would refuse is declined too: the server gives the error.
 * (Bytes that are no characters of the server's encoding are not noticed here; it
 * refuses those alike on every node.) `text` must outlive the value. */
bool key_from_text(struct key_value *value, uint32_t column_type, struct span text);

/* Reads an integer literal as it stands in a statement (no quotes), `negative` if a minus
 * stood before it. For columns int2, int4 and int8 only; what exceeds bigint's positive
 * range is numeric to the server and is declined. */
bool key_from_integer(struct key_value *value, uint32_t column_type, struct span digits, bool negative);

/* Reads a parameter of a Bind message. `declared_type` is the Parse's (0 or
 * TYPE_UNKNOWN: the server infers the column's type), `binary` its format code.
 * Accepts only declared types whose `=` with the column's type is that of
 * the column's own hash family and whose value the column's type can hold: the
 * column's own type; int2, int4 and int8 among each other; text and varchar
 * likewise. NULL is the caller's business. `bytes` must outlive the value. */
bool key_from_parameter(struct key_value *value, uint32_t column_type, uint32_t declared_type, bool binary,
			struct span bytes);

/* worker_hash(): the type's own 32-bit hash function (src/backend/access/hash). */
int32_t key_hash_citus(const struct key_value *value);

/* The remainder in `modulus` of a row whose PARTITION BY HASH columns are these
 * values (compute_partition_hash_value(): hash_combine64 over the extended
 * hashes, seed HASH_PARTITION_SEED). */
uint32_t key_remainder_native(const struct key_value *values, unsigned count, uint32_t modulus);
