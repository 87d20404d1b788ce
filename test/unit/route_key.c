/* Key values: what is read, what is declined, and that text and binary forms of a
 * value hash alike. The hashes themselves are compared with servers' in route_vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"
#include "route/calendar.h"
#include "route/key.h"

static bool reads(uint32_t type, const char *text)
{
	struct key_value value;
	return key_from_text(&value, type, span_text(text));
}

static int64_t number_of(uint32_t type, const char *text)
{
	struct key_value value;
	assert_true(key_from_text(&value, type, span_text(text)));
	return value.number;
}

static int32_t hash_of(uint32_t type, const char *text)
{
	struct key_value value;
	assert_true(key_from_text(&value, type, span_text(text)));
	return key_hash_citus(&value);
}

static bool reads_bound(uint32_t column, uint32_t declared, const char *text)
{
	struct key_value value;
	return key_from_parameter(&value, column, declared, false, span_text(text));
}

#define BINARY(bytes) span_of(bytes, sizeof(bytes) - 1)

static bool reads_binary(uint32_t column, uint32_t declared, struct span bytes)
{
	struct key_value value;
	return key_from_parameter(&value, column, declared, true, bytes);
}

static void test_integers_as_the_server(void **state)
{
	(void)state;
	static const char *const declined[] = { "",     " ",   "-",     "+",      "- 5", "5 5",         "0x1F", "1_000",
						"42.0", "1e3", "32768", "-32769", "5a",  "\v5\xc2\xa0", "٣" };
	for (size_t i = 0; i < MEM_COUNT(declined); i++)
		assert_false(reads(TYPE_INT2, declined[i]));
	assert_int_equal(number_of(TYPE_INT2, " 42 "), 42);
	assert_int_equal(number_of(TYPE_INT2, "+5"), 5);
	assert_int_equal(number_of(TYPE_INT2, "\t-0007\n"), -7);
	assert_int_equal(number_of(TYPE_INT2, "-32768"), INT16_MIN);
	assert_int_equal(number_of(TYPE_INT4, "2147483647"), INT32_MAX);
	assert_false(reads(TYPE_INT4, "2147483648"));
	assert_int_equal(number_of(TYPE_INT8, "-9223372036854775808"), INT64_MIN);
	assert_false(reads(TYPE_INT8, "9223372036854775808"));
	assert_false(reads(TYPE_INT8, "99999999999999999999999999"));
	assert_false(reads(TYPE_NUMERIC, "42"));
}

static void test_an_integer_hashes_alike_in_every_width(void **state)
{
	(void)state;
	static const char *const numbers[] = { "0", "1", "-1", "17", "-32768", "32767" };
	for (size_t i = 0; i < MEM_COUNT(numbers); i++) {
		assert_int_equal(hash_of(TYPE_INT2, numbers[i]), hash_of(TYPE_INT4, numbers[i]));
		assert_int_equal(hash_of(TYPE_INT8, numbers[i]), hash_of(TYPE_INT4, numbers[i]));
	}
	assert_int_equal(hash_of(TYPE_INT4, "1"), -1905060026);
	assert_int_equal(hash_of(TYPE_INT4, "0"), -272711505);
}

static void test_integer_literals(void **state)
{
	(void)state;
	struct key_value value;
	assert_true(key_from_integer(&value, TYPE_INT4, span_text("42"), true));
	assert_int_equal(value.number, -42);
	assert_int_equal(value.type, TYPE_INT4);
	assert_true(key_from_integer(&value, TYPE_INT8, span_text("9223372036854775807"), true));
	/* -9223372036854775808 is minus applied to a numeric. */
	assert_false(key_from_integer(&value, TYPE_INT8, span_text("9223372036854775808"), true));
	assert_false(key_from_integer(&value, TYPE_INT2, span_text("32768"), false));
	assert_true(key_from_integer(&value, TYPE_INT2, span_text("32768"), true));
	assert_false(key_from_integer(&value, TYPE_TEXT, span_text("42"), false));
	assert_false(key_from_integer(&value, TYPE_FLOAT8, span_text("42"), false));
	assert_false(key_from_integer(&value, TYPE_NUMERIC, span_text("42"), false));
	assert_false(key_from_integer(&value, TYPE_INT4, span_text(""), false));
	assert_false(key_from_integer(&value, TYPE_INT4, span_text("-42"), false));
}

static void test_declared_types(void **state)
{
	(void)state;
	assert_true(reads_bound(TYPE_INT8, TYPE_UNSPECIFIED, "5"));
	assert_true(reads_bound(TYPE_INT8, TYPE_UNKNOWN, "5"));
	assert_true(reads_bound(TYPE_INT8, TYPE_INT2, "5"));
	assert_true(reads_bound(TYPE_INT2, TYPE_INT8, "5"));
	assert_false(reads_bound(TYPE_INT2, TYPE_INT8, "40000"));
	assert_false(reads_bound(TYPE_INT8, TYPE_INT2, "40000"));
	assert_false(reads_bound(TYPE_INT4, TYPE_TEXT, "5"));
	assert_false(reads_bound(TYPE_INT4, TYPE_NUMERIC, "5"));
	assert_false(reads_bound(TYPE_INT4, TYPE_OID, "5"));
	assert_false(reads_bound(TYPE_NUMERIC, TYPE_INT4, "5"));
	assert_false(reads_bound(TYPE_TEXT, TYPE_INT4, "5"));
	assert_true(reads_bound(TYPE_TEXT, TYPE_VARCHAR, "a"));
	assert_true(reads_bound(TYPE_VARCHAR, TYPE_TEXT, "a"));
	assert_false(reads_bound(TYPE_BPCHAR, TYPE_TEXT, "a"));
	assert_false(reads_bound(TYPE_TEXT, TYPE_BPCHAR, "a"));
	assert_false(reads_bound(TYPE_NAME, TYPE_TEXT, "a"));
	assert_false(reads_bound(TYPE_DATE, TYPE_TIMESTAMP, "2024-01-01"));
	assert_false(reads_bound(TYPE_TIMESTAMPTZ, TYPE_TIMESTAMP, "2024-01-01 00:00:00"));
	assert_false(reads_bound(TYPE_FLOAT4, TYPE_FLOAT8, "1"));
	assert_false(reads_bound(TYPE_FIRST_USER_DEFINED, TYPE_UNSPECIFIED, "5"));
}

static void test_a_converted_parameter_has_the_columns_type(void **state)
{
	(void)state;
	struct key_value value;
	assert_true(key_from_parameter(&value, TYPE_INT8, TYPE_INT4, true, BINARY("\xff\xff\xff\xfe")));
	assert_int_equal(value.type, TYPE_INT8);
	assert_int_equal(value.number, -2);
	assert_int_equal(key_hash_citus(&value), hash_of(TYPE_INT8, "-2"));
	assert_true(key_from_parameter(&value, TYPE_INT2, TYPE_INT8, true, BINARY("\0\0\0\0\0\0\x7f\xff")));
	assert_int_equal(value.number, INT16_MAX);
	assert_false(key_from_parameter(&value, TYPE_INT2, TYPE_INT8, true, BINARY("\0\0\0\0\0\0\x80\0")));
	assert_true(key_from_parameter(&value, TYPE_VARCHAR, TYPE_TEXT, true, BINARY("abc")));
	assert_int_equal(value.type, TYPE_VARCHAR);
}

/* Each binary value with the text of the same value. */
static void test_binary_and_text_agree(void **state)
{
	(void)state;
	const struct {
		uint32_t type;
		struct span bytes;
		const char *text;
	} pairs[] = {
		{ TYPE_INT2, BINARY("\x80\0"), "-32768" },
		{ TYPE_INT4, BINARY("\0\0\0\x2a"), "42" },
		{ TYPE_INT8, BINARY("\x7f\xff\xff\xff\xff\xff\xff\xff"), "9223372036854775807" },
		{ TYPE_TEXT, BINARY("caf\xc3\xa9"), "caf\xc3\xa9" },
		{ TYPE_TEXT, BINARY(""), "" },
		{ TYPE_VARCHAR, BINARY(" a "), " a " },
		{ TYPE_BPCHAR, BINARY("a  "), "a" },
		{ TYPE_NAME, BINARY("tenant"), "tenant" },
		{ TYPE_UUID, BINARY("\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11"),
		  "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
		{ TYPE_DATE, BINARY("\0\0\0\0"), "2000-01-01" },
		{ TYPE_DATE, BINARY("\xff\xff\xd5\x33"), "1970-01-01" },
		{ TYPE_DATE, BINARY("\x7f\xff\xff\xff"), "infinity" },
		{ TYPE_DATE, BINARY("\x80\0\0\0"), "-infinity" },
		{ TYPE_TIMESTAMPTZ, BINARY("\0\0\0\0\0\x0f\x42\x40"), "2000-01-01 00:00:01+00" },
		{ TYPE_TIMESTAMPTZ, BINARY("\x80\0\0\0\0\0\0\0"), "-infinity" },
		{ TYPE_TIMESTAMP, BINARY("\xff\xff\xff\xff\xff\xff\xff\xff"), "1999-12-31 23:59:59.999999" },
		{ TYPE_TIME, BINARY("\0\0\0\0\0\x0f\x42\x40"), "00:00:01" },
		{ TYPE_BOOL, BINARY("\x01"), "true" },
		{ TYPE_BOOL, BINARY("\xff"), "true" },
		{ TYPE_BOOL, BINARY("\0"), "false" },
		{ TYPE_CHAR, BINARY("Z"), "Z" },
		{ TYPE_CHAR, BINARY("\0"), "" },
		{ TYPE_OID, BINARY("\xff\xff\xff\xff"), "4294967295" },
		{ TYPE_BYTEA, BINARY("\0\xde\xad"), "\\x00dead" },
		{ TYPE_FLOAT4, BINARY("\x3f\xc0\0\0"), "1.5" },
		{ TYPE_FLOAT4, BINARY("\x80\0\0\0"), "0" },
		{ TYPE_FLOAT8, BINARY("\x3f\xf8\0\0\0\0\0\0"), "1.5" },
		{ TYPE_FLOAT8, BINARY("\xff\xf8\0\0\0\0\0\x01"), "NaN" },
	};
	for (size_t i = 0; i < MEM_COUNT(pairs); i++) {
		struct key_value binary, text;
		assert_true(key_from_parameter(&binary, pairs[i].type, pairs[i].type, true, pairs[i].bytes));
		assert_true(
			key_from_parameter(&text, pairs[i].type, TYPE_UNSPECIFIED, false, span_text(pairs[i].text)));
		assert_int_equal(key_hash_citus(&binary), key_hash_citus(&text));
		assert_int_equal(key_remainder_native(&binary, 1, 1021), key_remainder_native(&text, 1, 1021));
	}
}

static void test_binary_of_a_wrong_length_or_range_is_declined(void **state)
{
	(void)state;
	const struct {
		uint32_t type;
		struct span bytes;
	} wrong[] = {
		{ TYPE_INT2, BINARY("") },
		{ TYPE_INT2, BINARY("\0\0\0\0") },
		{ TYPE_INT4, BINARY("\0\0\0") },
		{ TYPE_INT4, BINARY("\0\0\0\0\0\0\0\0") },
		{ TYPE_INT8, BINARY("\0\0\0\0") },
		{ TYPE_UUID, BINARY("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ TYPE_UUID, BINARY("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11") },
		{ TYPE_DATE, BINARY("\0\0\0\0\0") },
		{ TYPE_DATE, BINARY("\x80\0\0\x01") },
		{ TYPE_DATE, BINARY("\x7f\xff\xff\xfe") },
		{ TYPE_TIMESTAMPTZ, BINARY("\0\0\0\0") },
		{ TYPE_TIMESTAMPTZ, BINARY("\x80\0\0\0\0\0\0\x01") },
		{ TYPE_TIME, BINARY("\xff\xff\xff\xff\xff\xff\xff\xff") },
		{ TYPE_TEXT, BINARY("a\0b") },
		{ TYPE_BPCHAR, BINARY("a\0 ") },
		{ TYPE_CHAR, BINARY("\xe9") },
		{ TYPE_CHAR, BINARY("ab") },
		{ TYPE_BOOL, BINARY("") },
		{ TYPE_FLOAT4, BINARY("\x3f\xf8\0\0\0\0\0\0") },
		{ TYPE_FLOAT8, BINARY("\x3f\xc0\0\0") },
		{ TYPE_NUMERIC, BINARY("\0\x01\0\0\0\0\0\0\0\x2a") },
	};
	for (size_t i = 0; i < MEM_COUNT(wrong); i++)
		assert_false(reads_binary(wrong[i].type, wrong[i].type, wrong[i].bytes));
}

static void test_uuid_forms(void **state)
{
	(void)state;
	static const char *const same[] = {
		"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",    "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
		"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",  "a0eebc999c0b4ef8bb6d6bb9bd380a11",
		"a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"
	};
	static const char *const declined[] = { "",
						"{}",
						" a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
						"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
						"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
						"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
						"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
						"a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
						"a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11",
						"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
						"g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" };
	for (size_t i = 0; i < MEM_COUNT(same); i++)
		assert_int_equal(hash_of(TYPE_UUID, same[i]), hash_of(TYPE_UUID, same[0]));
	for (size_t i = 0; i < MEM_COUNT(declined); i++)
		assert_false(reads(TYPE_UUID, declined[i]));
}

static void test_a_copied_value_keeps_its_bytes(void **state)
{
	(void)state;
	struct key_value value, copied;
	assert_true(key_from_text(&value, TYPE_UUID, span_text("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")));
	int32_t hash = key_hash_citus(&value);
	copied = value;
	memset(&value, 0, sizeof value);
	assert_int_equal(key_hash_citus(&copied), hash);
	assert_int_equal(key_bytes(&copied).len, 16);
}

static void test_text_is_taken_as_it_is(void **state)
{
	(void)state;
	struct key_value value;
	assert_int_not_equal(hash_of(TYPE_TEXT, "a"), hash_of(TYPE_TEXT, "a "));
	assert_int_not_equal(hash_of(TYPE_VARCHAR, "a"), hash_of(TYPE_VARCHAR, "a "));
	assert_int_equal(hash_of(TYPE_BPCHAR, "a"), hash_of(TYPE_BPCHAR, "a   "));
	assert_int_not_equal(hash_of(TYPE_BPCHAR, "a"), hash_of(TYPE_BPCHAR, "a\t"));
	assert_false(key_from_text(&value, TYPE_TEXT, BINARY("a\0b")));
	assert_true(key_from_text(&value, TYPE_TEXT, span_of(NULL, 0)));
	assert_int_equal(key_hash_citus(&value), hash_of(TYPE_TEXT, ""));
	assert_false(reads(TYPE_NAME, "a234567890123456789012345678901234567890123456789012345678901234"));
}

static void test_encoding_matters_beyond_ascii(void **state)
{
	(void)state;
	struct key_value value;
	assert_true(key_from_text(&value, TYPE_TEXT, span_text("caf\xc3\xa9")));
	assert_true(key_needs_encoding(&value));
	assert_true(key_from_text(&value, TYPE_TEXT, span_text("cafe")));
	assert_false(key_needs_encoding(&value));
	assert_true(key_from_text(&value, TYPE_UUID, span_text("ffffffffffffffffffffffffffffffff")));
	assert_false(key_needs_encoding(&value));
	assert_true(key_from_text(&value, TYPE_INT4, span_text("-1")));
	assert_false(key_needs_encoding(&value));
	/* Bytes given as characters were characters of the client's encoding. */
	assert_true(key_from_text(&value, TYPE_BYTEA, span_text("caf\xc3\xa9")));
	assert_true(key_needs_encoding(&value));
}

static void test_dates(void **state)
{
	(void)state;
	static const char *const declined[] = {
		"",           "01/02/2024",    "2024/01/02",    "02-01-2024",          "20240102",
		"24-01-02",   "2023-02-29",    "1900-02-29",    "2024-04-31",          "2024-13-01",
		"2024-00-01", "2024-01-00",    "0000-01-01",    "2024-01-02 00:00:00", "today",
		"now",        "2024-01",       "5874898-01-01", "4714-11-23 BC",       "2024-01-02 AD BC",
		"Jan 2 2024", "12345678-01-01"
	};
	for (size_t i = 0; i < MEM_COUNT(declined); i++)
		assert_false(reads(TYPE_DATE, declined[i]));
	assert_int_equal(number_of(TYPE_DATE, "2000-01-01"), 0);
	assert_int_equal(number_of(TYPE_DATE, " 2000-1-2 "), 1);
	assert_int_equal(number_of(TYPE_DATE, "2024-02-29"), 8825);
	assert_int_equal(number_of(TYPE_DATE, "1999-12-31"), -1);
	assert_int_equal(number_of(TYPE_DATE, "0001-01-01"), -730119);
	assert_int_equal(number_of(TYPE_DATE, "0001-12-31 BC"), -730120);
	assert_int_equal(number_of(TYPE_DATE, "4714-11-24 BC"), CALENDAR_DATE_MIN);
	assert_int_equal(number_of(TYPE_DATE, "5874897-12-31"), CALENDAR_DATE_MAX);
	assert_int_equal(number_of(TYPE_DATE, "Infinity"), INT32_MAX);
	assert_int_equal(number_of(TYPE_DATE, "-infinity"), INT32_MIN);
}

static void test_moments_need_an_offset(void **state)
{
	(void)state;
	static const char *const declined[] = { "2024-01-01",
						"2024-01-01 00:00:00",
						"2024-01-01 00:00:00 Europe/Berlin",
						"2024-01-01 00:00:00 CET",
						"2024-01-01 00:00:00+16",
						"2024-01-01 00:00:00+5",
						"2024-01-01 00:00:00+05:60",
						"2024-01-01 25:00:00+00",
						"2024-01-01 24:00:01+00",
						"2024-01-01 00:60:00+00",
						"2024-01-01 00:00:60+00",
						"2024-01-01 00:00:00.+00",
						"2024-01-01 00:00:00+00 AD",
						"01/01/2024 00:00:00+00",
						"294277-01-01 00:00:00+00",
						"now" };
	for (size_t i = 0; i < MEM_COUNT(declined); i++)
		assert_false(reads(TYPE_TIMESTAMPTZ, declined[i]));
	int64_t moment = number_of(TYPE_TIMESTAMPTZ, "2024-01-01 12:00:00+00");
	static const char *const same[] = { "2024-01-01T12:00:00Z",      "2024-01-01 17:30:00+05:30",
					    "2024-01-01 17:30:00+0530",  "2024-01-01 04:00:00-08",
					    "2024-01-01 12:00+00",       "2024-01-01 12:00:00.000000 +00:00",
					    "2023-12-31 21:00:00-15:00", "2024-01-01 12:19:32+00:19:32" };
	for (size_t i = 0; i < MEM_COUNT(same); i++)
		assert_int_equal(number_of(TYPE_TIMESTAMPTZ, same[i]), moment);
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "2024-01-01 12:00:00.5+00"), moment + 500000);
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "2024-01-01 12:00:00.0000004+00"), moment);
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "2024-01-01 12:00:00.0000006+00"), moment + 1);
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "infinity"), INT64_MAX);
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "4714-11-24 00:00:00+00 BC"), CALENDAR_TIMESTAMP_MIN);
	assert_false(reads(TYPE_TIMESTAMPTZ, "4714-11-24 00:00:00+01 BC"));
	assert_int_equal(number_of(TYPE_TIMESTAMPTZ, "294276-12-31 23:59:59.999999+00"), CALENDAR_TIMESTAMP_MAX);
}

static void test_timestamps_have_none(void **state)
{
	(void)state;
	assert_int_equal(number_of(TYPE_TIMESTAMP, "2000-01-01"), 0);
	assert_int_equal(number_of(TYPE_TIMESTAMP, "2000-01-01T00:00:01"), 1000000);
	assert_int_equal(number_of(TYPE_TIMESTAMP, "1999-12-31 24:00:00"), 0);
	assert_false(reads(TYPE_TIMESTAMP, "2000-01-01 00:00:01+02"));
	assert_int_equal(number_of(TYPE_TIME, "24:00:00"), CALENDAR_DAY_US);
	assert_false(reads(TYPE_TIME, "24:00:01"));
	assert_false(reads(TYPE_TIME, "1:00 PM"));
	assert_false(reads(TYPE_TIME, "10:00:00+02"));
}

static void test_lesser_types(void **state)
{
	(void)state;
	assert_int_equal(number_of(TYPE_BOOL, " TRU "), 1);
	assert_int_equal(number_of(TYPE_BOOL, "of"), 0);
	assert_false(reads(TYPE_BOOL, "o"));
	assert_false(reads(TYPE_BOOL, ""));
	assert_false(reads(TYPE_BOOL, "truee"));
	assert_false(reads(TYPE_OID, "-1"));
	assert_false(reads(TYPE_OID, "4294967296"));
	assert_false(reads(TYPE_CHAR, "ab"));
	assert_false(reads(TYPE_CHAR, "\xe9"));
	assert_false(reads(TYPE_BYTEA, "\\x0"));
	assert_false(reads(TYPE_BYTEA, "\\x0g"));
	assert_false(reads(TYPE_BYTEA, "a\\000b"));
	assert_true(reads(TYPE_BYTEA, ""));
	assert_true(reads(TYPE_BYTEA, "\\x"));
	assert_int_equal(hash_of(TYPE_BYTEA, "abc"), hash_of(TYPE_BYTEA, "\\x616263"));
	assert_int_equal(hash_of(TYPE_FLOAT8, "-0"), hash_of(TYPE_FLOAT8, "0"));
	assert_int_equal(hash_of(TYPE_FLOAT8, " 1.5e0 "), hash_of(TYPE_FLOAT4, "1.5"));
	assert_false(reads(TYPE_FLOAT8, "0x10"));
	assert_false(reads(TYPE_FLOAT8, "1e999"));
	assert_false(reads(TYPE_FLOAT4, "1e39"));
	assert_false(reads(TYPE_FLOAT8, "1.5.5"));
	assert_false(reads(TYPE_FLOAT8, ""));
}

static void test_stored_as_is(void **state)
{
	(void)state;
	struct key_value value;
	assert_true(key_from_text(&value, TYPE_VARCHAR, span_text("abc ")));
	assert_true(key_stored_as_is(&value, -1));
	assert_true(key_stored_as_is(&value, 4 + 4));
	assert_false(key_stored_as_is(&value, 4 + 3));
	assert_true(key_from_text(&value, TYPE_VARCHAR, span_text("abcd")));
	assert_true(key_stored_as_is(&value, 4 + 3)); /* refused by the server, not changed */
	assert_true(key_from_text(&value, TYPE_BPCHAR, span_text("abc ")));
	assert_true(key_stored_as_is(&value, 4 + 3));
	assert_true(key_from_text(&value, TYPE_TIMESTAMPTZ, span_text("1999-12-31 00:00:00.123+00")));
	assert_true(key_stored_as_is(&value, 6));
	assert_true(key_stored_as_is(&value, 3));
	assert_false(key_stored_as_is(&value, 2));
	assert_true(key_from_text(&value, TYPE_TIMESTAMP, span_text("infinity")));
	assert_true(key_stored_as_is(&value, 0));
}

static void test_supported_types(void **state)
{
	(void)state;
	static const uint32_t yes[] = { TYPE_INT2,    TYPE_INT4, TYPE_INT8, TYPE_TEXT,
					TYPE_VARCHAR, TYPE_UUID, TYPE_DATE, TYPE_TIMESTAMPTZ };
	for (size_t i = 0; i < MEM_COUNT(yes); i++)
		assert_true(key_type_supported(yes[i]));
	assert_false(key_type_supported(TYPE_NUMERIC));
	assert_false(key_type_supported(TYPE_UNSPECIFIED));
	assert_false(key_type_supported(TYPE_UNKNOWN));
	assert_false(key_type_supported(TYPE_FIRST_USER_DEFINED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_as_the_server),
		cmocka_unit_test(test_an_integer_hashes_alike_in_every_width),
		cmocka_unit_test(test_integer_literals),
		cmocka_unit_test(test_declared_types),
		cmocka_unit_test(test_a_converted_parameter_has_the_columns_type),
		cmocka_unit_test(test_binary_and_text_agree),
		cmocka_unit_test(test_binary_of_a_wrong_length_or_range_is_declined),
		cmocka_unit_test(test_uuid_forms),
		cmocka_unit_test(test_a_copied_value_keeps_its_bytes),
		cmocka_unit_test(test_text_is_taken_as_it_is),
		cmocka_unit_test(test_encoding_matters_beyond_ascii),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_moments_need_an_offset),
		cmocka_unit_test(test_timestamps_have_none),
		cmocka_unit_test(test_lesser_types),
		cmocka_unit_test(test_stored_as_is),
		cmocka_unit_test(test_supported_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
