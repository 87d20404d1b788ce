/* Key values: one row a type says how its values are read and which hash family they have.
 *
 *    text   ──read_text────┐
 *                          ├──► number or bytes ──► hash family of the row
 *    binary ──read_binary──┘
 *
 * Every type whose values are numbers is read from binary in the same way: so many
 * bytes in network order, within the type's range. The rules are those of each type's
 * input and receive function (src/backend/utils/adt); where one depends on the session, or is
 * looser than anybody writes, the value is declined. doc/routing.md lists what is. */
#include "route/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "route/calendar.h"
#include "route/hash.h"

#define HASH_PARTITION_SEED UINT64_C(0x7A5B22367996DCFD) /* src/backend/partitioning/partbounds.c */

enum { UUID_BYTES = 16, NAME_BYTES = 63, MAX_FLOAT_TEXT = 63, TYPMOD_HEADER = 4, MAX_PRECISION = 6 };

enum hash_family { HASH_INT4, HASH_INT8, HASH_FLOAT8, HASH_BYTES };

struct key_type {
	uint32_t oid;
	enum hash_family hash;
	size_t width; /* binary: bytes of a number; 0 = not a number */
	int64_t min, max;
	int64_t no_begin, no_end; /* infinities; 0 = none */
	bool (*read_text)(struct key_value *value, struct span text);
	bool (*read_binary)(struct key_value *value, struct span bytes);
};

static bool text_to_integer(struct key_value *value, struct span text);
static bool text_to_oid(struct key_value *value, struct span text);
static bool text_to_bool(struct key_value *value, struct span text);
static bool text_to_char(struct key_value *value, struct span text);
static bool text_to_float4(struct key_value *value, struct span text);
static bool text_to_float8(struct key_value *value, struct span text);
static bool text_to_date(struct key_value *value, struct span text);
static bool text_to_time(struct key_value *value, struct span text);
static bool text_to_timestamp(struct key_value *value, struct span text);
static bool text_to_timestamptz(struct key_value *value, struct span text);
static bool text_to_text(struct key_value *value, struct span text);
static bool text_to_bpchar(struct key_value *value, struct span text);
static bool text_to_name(struct key_value *value, struct span text);
static bool text_to_bytea(struct key_value *value, struct span text);
static bool text_to_uuid(struct key_value *value, struct span text);
static bool binary_to_number(struct key_value *value, struct span bytes);
static bool binary_to_bool(struct key_value *value, struct span bytes);
static bool binary_to_float4(struct key_value *value, struct span bytes);
static bool binary_to_bytea(struct key_value *value, struct span bytes);
static bool binary_to_uuid(struct key_value *value, struct span bytes);

#define ALL_OF_INT64 INT64_MIN, INT64_MAX, 0, 0
#define DATE_RANGE CALENDAR_DATE_MIN, CALENDAR_DATE_MAX, CALENDAR_DATE_NO_BEGIN, CALENDAR_DATE_NO_END
#define TIMESTAMP_RANGE                                                                                                \
	CALENDAR_TIMESTAMP_MIN, CALENDAR_TIMESTAMP_MAX, CALENDAR_TIMESTAMP_NO_BEGIN, CALENDAR_TIMESTAMP_NO_END
#define NOT_A_NUMBER 0, 0, 0, 0, 0

/* clang-format off */
static const struct key_type types[] = {
	{ TYPE_INT4, HASH_INT4, 4, INT32_MIN, INT32_MAX, 0, 0, text_to_integer, binary_to_number },
	{ TYPE_INT8, HASH_INT8, 8, ALL_OF_INT64, text_to_integer, binary_to_number },
	{ TYPE_TEXT, HASH_BYTES, NOT_A_NUMBER, text_to_text, text_to_text },
	{ TYPE_UUID, HASH_BYTES, NOT_A_NUMBER, text_to_uuid, binary_to_uuid },
	{ TYPE_VARCHAR, HASH_BYTES, NOT_A_NUMBER, text_to_text, text_to_text },
	{ TYPE_INT2, HASH_INT4, 2, INT16_MIN, INT16_MAX, 0, 0, text_to_integer, binary_to_number },
	{ TYPE_DATE, HASH_INT4, 4, DATE_RANGE, text_to_date, binary_to_number },
	{ TYPE_TIMESTAMPTZ, HASH_INT8, 8, TIMESTAMP_RANGE, text_to_timestamptz, binary_to_number },
	{ TYPE_TIMESTAMP, HASH_INT8, 8, TIMESTAMP_RANGE, text_to_timestamp, binary_to_number },
	{ TYPE_TIME, HASH_INT8, 8, 0, CALENDAR_DAY_US, 0, 0, text_to_time, binary_to_number },
	{ TYPE_BOOL, HASH_INT4, 1, INT8_MIN, INT8_MAX, 0, 0, text_to_bool, binary_to_bool },
	{ TYPE_CHAR, HASH_INT4, 1, 0, INT8_MAX, 0, 0, text_to_char, binary_to_number },
	{ TYPE_OID, HASH_INT4, 4, INT32_MIN, INT32_MAX, 0, 0, text_to_oid, binary_to_number },
	{ TYPE_BPCHAR, HASH_BYTES, NOT_A_NUMBER, text_to_bpchar, text_to_bpchar },
	{ TYPE_NAME, HASH_BYTES, NOT_A_NUMBER, text_to_name, text_to_name },
	{ TYPE_BYTEA, HASH_BYTES, NOT_A_NUMBER, text_to_bytea, binary_to_bytea },
	{ TYPE_FLOAT4, HASH_FLOAT8, 4, INT32_MIN, INT32_MAX, 0, 0, text_to_float4, binary_to_float4 },
	{ TYPE_FLOAT8, HASH_FLOAT8, 8, ALL_OF_INT64, text_to_float8, binary_to_number },
};
/* clang-format on */

static const struct key_type *type_of(uint32_t oid);
static bool is_integer(uint32_t oid);
static bool is_text(uint32_t oid);
static bool set_number(struct key_value *value, int64_t number);
static bool set_bytes(struct key_value *value, struct span bytes);
static bool convert(struct key_value *value, uint32_t column_type);
static double float_of(const struct key_value *value);
static bool set_float(struct key_value *value, double number);
static bool special_float(struct span text, double *number);
static void float_text(struct span text, char out[]);
static bool take_hex(struct span *text, char *out, size_t pairs);
static bool set_store(struct key_value *value, size_t len);
static uint64_t extended_hash(const struct key_value *value);

struct span key_bytes(const struct key_value *value)
{
	return value->bytes_in_store ? span_of(value->store, value->bytes.len) : value->bytes;
}

bool key_type_supported(uint32_t type)
{
	return type_of(type) != NULL;
}

bool key_needs_encoding(const struct key_value *value)
{
	if (value->type == TYPE_UUID || value->bytes_in_store)
		return false; /* read from hex digits, or not characters at all */
	struct span bytes = key_bytes(value);
	for (size_t i = 0; i < bytes.len; i++)
		if ((unsigned char)bytes.ptr[i] >= 0x80)
			return true;
	return false;
}

bool key_stored_as_is(const struct key_value *value, int32_t typmod)
{
	static const int64_t steps[MAX_PRECISION + 1] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
	struct span bytes = key_bytes(value);
	if (typmod < 0)
		return true;
	switch (value->type) {
	case TYPE_VARCHAR:
		/* Too long a value is refused, unless what is too much is blanks. Characters are never more than bytes. */
		return bytes.len == 0 || bytes.ptr[bytes.len - 1] != ' ' ||
		       (typmod >= TYPMOD_HEADER && bytes.len <= (size_t)(typmod - TYPMOD_HEADER));
	case TYPE_TIME:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMPTZ:
		if (value->type != TYPE_TIME &&
		    (value->number == CALENDAR_TIMESTAMP_NO_BEGIN || value->number == CALENDAR_TIMESTAMP_NO_END))
			return true;
		return typmod <= MAX_PRECISION && value->number % steps[typmod] == 0;
	default:
		return true;
	}
}

bool key_from_text(struct key_value *value, uint32_t column_type, struct span text)
{
	const struct key_type *type = type_of(column_type);
	/* A NUL never gets into a value from text. */
	if (type == NULL || (text.len && memchr(text.ptr, '\0', text.len) != NULL))
		return false;
	*value = (struct key_value){ .type = column_type };
	return type->read_text(value, text);
}

bool key_from_integer(struct key_value *value, uint32_t column_type, struct span digits, bool negative)
{
	long long number;
	if (!is_integer(column_type) || digits.len == 0 || digits.ptr[0] < '0' || digits.ptr[0] > '9' ||
	    !span_to_int(digits, 0, INT64_MAX, &number))
		return false;
	*value = (struct key_value){ .type = column_type };
	return set_number(value, negative ? -number : number);
}

bool key_from_parameter(struct key_value *value, uint32_t column_type, uint32_t declared_type, bool binary,
			struct span bytes)
{
	uint32_t read_as = declared_type;
	if (declared_type == TYPE_UNSPECIFIED || declared_type == TYPE_UNKNOWN)
		read_as = column_type;
	const struct key_type *type = type_of(read_as);
	if (type == NULL)
		return false;
	if (!binary)
		return key_from_text(value, read_as, bytes) && convert(value, column_type);
	*value = (struct key_value){ .type = read_as };
	return type->read_binary(value, bytes) && convert(value, column_type);
}

int32_t key_hash_citus(const struct key_value *value)
{
	switch (type_of(value->type)->hash) {
	case HASH_INT4:
		return (int32_t)hash32_int4((uint32_t)value->number);
	case HASH_INT8:
		return (int32_t)hash32_int8(value->number);
	case HASH_FLOAT8:
		return (int32_t)hash32_float8(float_of(value));
	case HASH_BYTES:
		break;
	}
	return (int32_t)hash32_bytes(key_bytes(value));
}

uint32_t key_remainder_native(const struct key_value *values, unsigned count, uint32_t modulus)
{
	uint64_t hash = 0;
	for (unsigned i = 0; i < count; i++)
		hash = hash64_combine(hash, extended_hash(&values[i]));
	return (uint32_t)(hash % modulus);
}

static uint64_t extended_hash(const struct key_value *value)
{
	switch (type_of(value->type)->hash) {
	case HASH_INT4:
		return hash64_int4((uint32_t)value->number, HASH_PARTITION_SEED);
	case HASH_INT8:
		return hash64_int8(value->number, HASH_PARTITION_SEED);
	case HASH_FLOAT8:
		return hash64_float8(float_of(value), HASH_PARTITION_SEED);
	case HASH_BYTES:
		break;
	}
	return hash64_bytes(key_bytes(value), HASH_PARTITION_SEED);
}

/* Few rows, the frequent ones first. */
static const struct key_type *type_of(uint32_t oid)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].oid == oid)
			return &types[i];
	return NULL;
}

static bool is_integer(uint32_t oid)
{
	return oid == TYPE_INT2 || oid == TYPE_INT4 || oid == TYPE_INT8;
}

static bool is_text(uint32_t oid)
{
	return oid == TYPE_TEXT || oid == TYPE_VARCHAR;
}

/* From the type it was declared as to the column's, which is the one that is hashed. */
static bool convert(struct key_value *value, uint32_t column_type)
{
	if (value->type == column_type)
		return true;
	if (is_integer(value->type) && is_integer(column_type)) {
		value->type = column_type;
		return set_number(value, value->number);
	}
	if (is_text(value->type) && is_text(column_type)) {
		value->type = column_type;
		return true;
	}
	return false;
}

static bool set_number(struct key_value *value, int64_t number)
{
	const struct key_type *type = type_of(value->type);
	value->number = number;
	return (number >= type->min && number <= type->max) ||
	       (type->no_end != 0 && (number == type->no_begin || number == type->no_end));
}

static bool set_bytes(struct key_value *value, struct span bytes)
{
	value->bytes = bytes;
	return bytes.len <= INT32_MAX;
}

static double float_of(const struct key_value *value)
{
	double number;
	memcpy(&number, &value->number, sizeof number);
	return number;
}

static bool set_float(struct key_value *value, double number)
{
	memcpy(&value->number, &number, sizeof number);
	return true;
}

/* --- from text --- */

/* pg_strtoint16/32/64: blanks around, a sign, decimal digits. What newer servers also take (0x, 1_000) is declined. */
static bool text_to_integer(struct key_value *value, struct span text)
{
	const struct key_type *type = type_of(value->type);
	long long number;
	return span_to_int(span_trim(text), type->min, type->max, &number) && set_number(value, number);
}

/* oidin goes through strtoul, with signs and all; only plain digits are read here. */
static bool text_to_oid(struct key_value *value, struct span text)
{
	long long number;
	if (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '9' || !span_to_int(text, 0, UINT32_MAX, &number))
		return false;
	return set_number(value, (int32_t)(uint32_t)number);
}

/* boolin: any unambiguous beginning of true, false, yes, no, on, off; or 1, 0. */
static bool text_to_bool(struct key_value *value, struct span text)
{
	static const struct {
		const char *word;
		size_t shortest;
		bool means;
	} words[] = { { "true", 1, true }, { "false", 1, false }, { "yes", 1, true }, { "no", 1, false },
		      { "on", 2, true },   { "off", 2, false },   { "1", 1, true },   { "0", 1, false } };
	text = span_trim(text);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char beginning[sizeof "false"] = "";
		if (text.len < words[i].shortest || text.len > strlen(words[i].word))
			continue;
		memcpy(beginning, words[i].word, text.len);
		if (span_is_nocase(text, beginning))
			return set_number(value, words[i].means);
	}
	return false;
}

/* charin takes the first byte of several, and octal from PostgreSQL 16 on: only one ASCII character is certain.
 * The sign of others depends on the server's processor. */
static bool text_to_char(struct key_value *value, struct span text)
{
	return text.len <= 1 && set_number(value, text.len ? (signed char)text.ptr[0] : 0);
}

/* Copies a decimal number of usual look, as strtod() wants its text; "" if it has another look. `out` has
 * MAX_FLOAT_TEXT bytes and one for the end. */
static void float_text(struct span text, char out[])
{
	out[0] = '\0';
	text = span_trim(text);
	if (text.len == 0 || text.len > MAX_FLOAT_TEXT)
		return;
	for (size_t i = 0; i < text.len; i++)
		if (strchr("0123456789+-.eE", text.ptr[i]) == NULL)
			return;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static bool special_float(struct span text, double *number)
{
	static const struct {
		const char *word;
		double means;
	} words[] = { { "NaN", __builtin_nan("") },
		      { "Infinity", __builtin_inf() },
		      { "-Infinity", -__builtin_inf() } };
	text = span_trim(text);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		*number = words[i].means;
		if (span_is_nocase(text, words[i].word))
			return true;
	}
	return false;
}

/* Not in extra precision: float4in reads a float at once, which a double rounded afterwards need not equal. */
static bool text_to_float4(struct key_value *value, struct span text)
{
	char copy[MAX_FLOAT_TEXT + 1], *end;
	double special;
	if (special_float(text, &special))
		return set_float(value, special);
	float_text(text, copy);
	errno = 0;
	float number = strtof(copy, &end);
	return end != copy && *end == '\0' && errno == 0 && set_float(value, (double)number);
}

static bool text_to_float8(struct key_value *value, struct span text)
{
	char copy[MAX_FLOAT_TEXT + 1], *end;
	double number;
	if (special_float(text, &number))
		return set_float(value, number);
	float_text(text, copy);
	errno = 0;
	number = strtod(copy, &end);
	return end != copy && *end == '\0' && errno == 0 && set_float(value, number);
}

static bool text_to_date(struct key_value *value, struct span text)
{
	return calendar_read_date(text, &value->number);
}

static bool text_to_time(struct key_value *value, struct span text)
{
	return calendar_read_time(text, &value->number);
}

static bool text_to_timestamp(struct key_value *value, struct span text)
{
	return calendar_read_timestamp(text, &value->number);
}

static bool text_to_timestamptz(struct key_value *value, struct span text)
{
	return calendar_read_timestamptz(text, &value->number);
}

/* Also the binary form: the same bytes, and no NUL in them either. */
static bool text_to_text(struct key_value *value, struct span text)
{
	return (text.len == 0 || memchr(text.ptr, '\0', text.len) == NULL) && set_bytes(value, text);
}

/* hashbpchar leaves trailing blanks out (bpchartruelen). */
static bool text_to_bpchar(struct key_value *value, struct span text)
{
	while (text.len && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text_to_text(value, text);
}

/* A longer name is cut, at a place that depends on the encoding. */
static bool text_to_name(struct key_value *value, struct span text)
{
	return text.len <= NAME_BYTES && text_to_text(value, text);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads up to `pairs` pairs of hex digits into the store; false at anything else. */
static bool take_hex(struct span *text, char *out, size_t pairs)
{
	for (size_t i = 0; i < pairs; i++) {
		int high = text->len > 1 ? hex_digit(text->ptr[0]) : -1;
		int low = text->len > 1 ? hex_digit(text->ptr[1]) : -1;
		if (high < 0 || low < 0)
			return false;
		out[i] = (char)(high << 4 | low);
		text->ptr += 2, text->len -= 2;
	}
	return true;
}

static bool set_store(struct key_value *value, size_t len)
{
	value->bytes = span_of(NULL, len);
	value->bytes_in_store = true;
	return true;
}

/* byteain: \x and hex, as far as it fits the value; else the old form, where no backslash makes it more than characters. */
static bool text_to_bytea(struct key_value *value, struct span text)
{
	if (text.len == 0 || memchr(text.ptr, '\\', text.len) == NULL)
		return set_bytes(value, text);
	if (text.len < 2 || text.ptr[0] != '\\' || text.ptr[1] != 'x')
		return false;
	text = span_of(text.ptr + 2, text.len - 2);
	size_t pairs = text.len / 2;
	return text.len % 2 == 0 && pairs <= KEY_INLINE_BYTES && take_hex(&text, value->store, pairs) &&
	       set_store(value, pairs);
}

/* string_to_uuid: braces around it, and a dash after any four digits but the last. */
static bool text_to_uuid(struct key_value *value, struct span text)
{
	bool braces = text.len >= 2 && text.ptr[0] == '{';
	if (braces && text.ptr[text.len - 1] != '}')
		return false;
	if (braces)
		text = span_of(text.ptr + 1, text.len - 2);
	for (size_t i = 0; i < UUID_BYTES; i += 2) {
		if (i > 0 && text.len && text.ptr[0] == '-')
			text.ptr++, text.len--;
		if (!take_hex(&text, value->store + i, 2))
			return false;
	}
	return text.len == 0 && set_store(value, UUID_BYTES);
}

/* --- from binary --- */

static bool binary_to_number(struct key_value *value, struct span bytes)
{
	if (bytes.len != type_of(value->type)->width)
		return false;
	uint64_t number = (signed char)bytes.ptr[0] < 0 ? UINT64_MAX : 0;
	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | (unsigned char)bytes.ptr[i];
	return set_number(value, (int64_t)number);
}

/* boolrecv: everything but 0 is true. */
static bool binary_to_bool(struct key_value *value, struct span bytes)
{
	return binary_to_number(value, bytes) && set_number(value, value->number != 0);
}

static bool binary_to_float4(struct key_value *value, struct span bytes)
{
	float number;
	if (!binary_to_number(value, bytes))
		return false;
	uint32_t bits = (uint32_t)value->number;
	memcpy(&number, &bits, sizeof number);
	return set_float(value, (double)number);
}

static bool binary_to_bytea(struct key_value *value, struct span bytes)
{
	return set_bytes(value, bytes);
}

static bool binary_to_uuid(struct key_value *value, struct span bytes)
{
	return bytes.len == UUID_BYTES && set_bytes(value, bytes);
}
