/* Protocol v3 as bytes: heads, bodies, first packets, Bind, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "wire/proto.h"

#define BYTES(text) span_of(text, sizeof text - 1)

static void assert_bytes(struct buf *b, struct span wanted)
{
	assert_false(buf_failed(b));
	assert_int_equal(buf_held(b), wanted.len);
	assert_memory_equal(buf_head(b), wanted.ptr, wanted.len);
	buf_done(b);
}

/* --- heads --- */

static void test_heads(void **state)
{
	static const struct {
		struct span bytes;
		enum wire_result result;
		size_t total;
	} rows[] = {
		{ { "Q\0\0\0\4", 5 }, WIRE_OK, 5 },
		{ { "Q\0\0\1\0rest", 9 }, WIRE_OK, 257 },
		{ { "Q\0\0\0\3", 5 }, WIRE_BAD, 0 },
		{ { "Q\0\0\0\0", 5 }, WIRE_BAD, 0 },
		{ { "Q\x3f\xff\xff\xff", 5 }, WIRE_OK, 0x40000000 },
		{ { "Q\x40\0\0\0", 5 }, WIRE_BAD, 0 },
		{ { "Q\x7f\xff\xff\xff", 5 }, WIRE_BAD, 0 },
		{ { "Q\x80\0\0\0", 5 }, WIRE_BAD, 0 },
		{ { "Q\xff\xff\xff\xff", 5 }, WIRE_BAD, 0 },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct wire_head head = { 0 };
		assert_int_equal(wire_read_head(rows[i].bytes, &head), rows[i].result);
		assert_int_equal(head.total, rows[i].total);
		for (size_t len = 0; len < WIRE_HEAD_BYTES; len++)
			assert_int_equal(wire_read_head(span_of(rows[i].bytes.ptr, len), &head), WIRE_MORE);
	}
}

/* --- the cursor --- */

static void test_reading(void **state)
{
	(void)state;
	struct wire_reader r = wire_reader_of(BYTES("\7\1\2\1\2\3\4two\0abc"));
	assert_int_equal(wire_read_u8(&r), 7);
	assert_int_equal(wire_read_u16(&r), 0x0102);
	assert_int_equal(wire_read_u32(&r), 0x01020304);
	assert_true(span_is(wire_read_text(&r), "two"));
	assert_false(wire_read_done(&r));
	assert_true(span_is(wire_read_bytes(&r, 3), "abc"));
	assert_true(wire_read_done(&r));
	assert_int_equal(wire_read_bytes(&r, 0).len, 0);
	assert_true(wire_read_done(&r));
}

static void test_failure_sticks(void **state)
{
	(void)state;
	struct wire_reader r = wire_reader_of(BYTES("\1\2\3"));
	assert_int_equal(wire_read_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(wire_read_u8(&r), 0);
	assert_int_equal(wire_read_u16(&r), 0);
	assert_int_equal(wire_read_text(&r).len, 0);
	assert_int_equal(wire_read_bytes(&r, 0).len, 0);
	assert_false(wire_read_done(&r));
}

static void test_text_needs_its_nul(void **state)
{
	(void)state;
	struct wire_reader r = wire_reader_of(BYTES("open"));
	assert_int_equal(wire_read_text(&r).len, 0);
	assert_true(r.failed);
	r = wire_reader_of(span_of("x", 0));
	wire_read_text(&r);
	assert_true(r.failed);
	r = wire_reader_of(BYTES("x"));
	wire_read_bytes(&r, SIZE_MAX);
	assert_true(r.failed);
}

/* --- first packets --- */

static enum wire_result read_startup(struct span bytes, struct startup *startup)
{
	size_t total = 0;
	const char *why = NULL;
	enum wire_result result = wire_read_startup(bytes, startup, &total, &why);
	if (result == WIRE_OK)
		assert_int_equal(total, bytes.len);
	if (result == WIRE_BAD)
		assert_non_null(why);
	return result;
}

/* The packet of a session with these parameters. */
static struct span session_packet(struct buf *b, uint32_t protocol, struct span body)
{
	buf_init(b, 0);
	buf_add_u32(b, (uint32_t)body.len + 8);
	buf_add_u32(b, protocol);
	buf_add_span(b, body);
	return buf_span(b);
}

static void test_startup_parameters(void **state)
{
	static const struct {
		struct span body;
		bool fine;
		unsigned count;
	} rows[] = {
		{ { "user\0app\0\0", 10 }, true, 1 },
		{ { "user\0app\0database\0bank\0\0", 24 }, true, 2 },
		{ { "user\0\0\0", 7 }, true, 1 },
		{ { "\0", 1 }, true, 0 },
		{ { "", 0 }, false, 0 },
		{ { "user\0app\0", 9 }, false, 0 }, /* no end */
		{ { "user\0app", 8 }, false, 0 },
		{ { "user\0", 5 }, false, 0 }, /* no value */
		{ { "user\0app\0odd\0\0", 14 }, false, 0 },
		{ { "user\0app\0\0more", 14 }, false, 0 }, /* something behind the end */
		{ { "\0user\0app\0\0", 11 }, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct startup startup;
		struct buf b;
		struct span packet = session_packet(&b, WIRE_V3, rows[i].body), name, value;
		assert_int_equal(read_startup(packet, &startup), rows[i].fine ? WIRE_OK : WIRE_BAD);
		if (rows[i].fine) {
			unsigned count = 0;
			assert_int_equal(startup.kind, STARTUP_SESSION);
			assert_int_equal(startup.protocol, WIRE_V3);
			while (wire_next_parameter(&startup.parameters, &name, &value))
				count++;
			assert_int_equal(count, rows[i].count);
			for (size_t len = 0; len < packet.len; len++)
				assert_int_equal(read_startup(span_of(packet.ptr, len), &startup), WIRE_MORE);
		}
		buf_done(&b);
	}
}

static void test_startup_parameters_in_order(void **state)
{
	struct startup startup;
	struct buf b;
	struct span name, value;
	(void)state;
	assert_int_equal(read_startup(session_packet(&b, WIRE_V3 | 2, BYTES("user\0app\0a\0\0b\0c\0\0")), &startup),
			 WIRE_OK);
	assert_int_equal(startup.protocol, WIRE_V3 | 2);
	static const char *const wanted[][2] = { { "user", "app" }, { "a", "" }, { "b", "c" } };
	for (size_t i = 0; i < MEM_COUNT(wanted); i++) {
		assert_true(wire_next_parameter(&startup.parameters, &name, &value));
		assert_true(span_is(name, wanted[i][0]) && span_is(value, wanted[i][1]));
	}
	assert_false(wire_next_parameter(&startup.parameters, &name, &value));
	buf_done(&b);
}

static void test_startup_sizes(void **state)
{
	struct startup startup;
	(void)state;
	assert_int_equal(read_startup(BYTES("\0\0\0\7"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\0\0\0\0"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\0\0\x27\x11"), &startup), WIRE_BAD); /* 10,001 */
	assert_int_equal(read_startup(BYTES("\0\0\x27\x10"), &startup), WIRE_MORE);
	assert_int_equal(read_startup(BYTES("\xff\xff\xff\xff"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("GET "), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\x16\3\1\0"), &startup), WIRE_BAD); /* TLS without asking */
}

static void test_startup_codes(void **state)
{
	struct startup startup;
	(void)state;
	assert_int_equal(read_startup(BYTES("\0\0\0\x08\x04\xd2\x16\x2f"), &startup), WIRE_OK);
	assert_int_equal(startup.kind, STARTUP_SSL);
	assert_int_equal(read_startup(BYTES("\0\0\0\x08\x04\xd2\x16\x30"), &startup), WIRE_OK);
	assert_int_equal(startup.kind, STARTUP_GSS);
	assert_int_equal(read_startup(BYTES("\0\0\0\x09\x04\xd2\x16\x2f\0"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\0\0\0\x10\x04\xd2\x16\x2e\1\2\3\4\5\6\7\x08"), &startup), WIRE_OK);
	assert_int_equal(startup.kind, STARTUP_CANCEL);
	assert_int_equal(startup.cancel_id, 0x01020304);
	assert_true(span_is(startup.cancel_key, "\5\6\7\x08"));
	assert_int_equal(read_startup(BYTES("\0\0\0\x0f\x04\xd2\x16\x2e\1\2\3\4\5\6\7"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\0\0\1\x0d\x04\xd2\x16\x2e"), &startup),
			 WIRE_BAD); /* a key of 257 bytes */
	assert_int_equal(read_startup(BYTES("\0\0\1\x0c\x04\xd2\x16\x2e"), &startup), WIRE_MORE); /* of 256 */
	assert_int_equal(read_startup(BYTES("\0\0\0\x09\0\2\0\0\0"), &startup), WIRE_BAD); /* protocol 2 */
	assert_int_equal(read_startup(BYTES("\0\0\0\x09\0\4\0\0\0"), &startup), WIRE_BAD);
	assert_int_equal(read_startup(BYTES("\0\0\0\x09\0\0\0\0\0"), &startup), WIRE_BAD);
}

/* --- Bind --- */

static void test_bind(void **state)
{
	struct wire_bind bind;
	bool null;
	(void)state;
	assert_true(wire_read_bind(BYTES("p\0s\0\0\2\0\0\0\1\0\2\0\0\0\2ab\xff\xff\xff\xff\0\1\0\1"), &bind));
	assert_true(span_is(bind.portal, "p") && span_is(bind.statement, "s"));
	assert_int_equal(bind.param_count, 2);
	assert_int_equal(bind.result_format_count, 1);
	assert_false(wire_param_binary(&bind, 0));
	assert_true(wire_param_binary(&bind, 1));
	assert_true(span_is(wire_next_param(&bind.params, &null), "ab"));
	assert_false(null);
	assert_int_equal(wire_next_param(&bind.params, &null).len, 0);
	assert_true(null);
}

static void test_bind_formats(void **state)
{
	struct wire_bind bind;
	(void)state;
	/* None: text. One: for all. */
	assert_true(wire_read_bind(BYTES("\0\0\0\0\0\1\0\0\0\0\0\0"), &bind));
	assert_false(wire_param_binary(&bind, 0));
	assert_true(wire_read_bind(BYTES("\0\0\0\1\0\1\0\2\0\0\0\0\0\0\0\0\0\0"), &bind));
	assert_true(wire_param_binary(&bind, 0) && wire_param_binary(&bind, 1));
	/* As many as there are parameters, or not at all. */
	assert_false(wire_read_bind(BYTES("\0\0\0\2\0\0\0\0\0\1\0\0\0\0\0\0"), &bind));
	assert_true(wire_read_bind(BYTES("\0\0\0\1\0\1\0\0\0\0"), &bind));
}

static void test_bind_that_is_cut_or_too_long(void **state)
{
	static const char whole[] = "p\0s\0\0\2\0\0\0\1\0\2\0\0\0\2ab\xff\xff\xff\xff\0\1\0\1";
	struct wire_bind bind;
	(void)state;
	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char *copy = mem_alloc(len);
		memcpy(copy, whole, len);
		assert_false(wire_read_bind(span_of(copy, len), &bind));
		mem_free(copy);
	}
	assert_false(wire_read_bind(span_of(whole, sizeof whole), &bind)); /* a byte behind the end */
	assert_false(wire_read_bind(BYTES("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), &bind));
	assert_false(wire_read_bind(BYTES("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"), &bind)); /* a length of -2 */
	assert_false(wire_read_bind(BYTES("\0\0\xff\xff\0\0\0\0"), &bind));
	assert_false(wire_read_bind(BYTES("\0\0\0\0\xff\xff\0\0"), &bind));
}

/* --- errors --- */

static void test_error_fields(void **state)
{
	struct span body = BYTES("SERROR\0VERROR\0C42P01\0Mno table\0\0");
	(void)state;
	assert_true(span_is(wire_error_field(body, 'C'), "42P01"));
	assert_true(span_is(wire_error_field(body, 'M'), "no table"));
	assert_int_equal(wire_error_field(body, 'H').len, 0);
	assert_non_null(wire_error_field(body, 'H').ptr);
	for (size_t len = 0; len < body.len; len++)
		wire_error_field(span_of(body.ptr, len), 'M');
	assert_int_equal(wire_error_field(BYTES("\0"), '\0').len, 0);
	assert_int_equal(wire_error_field(BYTES("Mopen"), 'M').len, 0);
}

/* --- writing --- */

static void test_messages(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	wire_simple(&b, 'S');
	assert_bytes(&b, BYTES("S\0\0\0\4"));
	wire_add_query(&b, "BEGIN");
	assert_bytes(&b, BYTES("Q\0\0\0\x0a"
			       "BEGIN\0"));
	wire_add_parse(&b, "s", BYTES("SELECT 1"), (const uint32_t[]){ 23 }, 1);
	assert_bytes(&b, BYTES("P\0\0\0\x15s\0SELECT 1\0\0\1\0\0\0\x17"));
	wire_add_bind(&b, "s", (const struct span[]){ { "x", 1 } }, 1);
	assert_bytes(&b, BYTES("B\0\0\0\x12\0s\0\0\0\0\1\0\0\0\1x\0\0"));
	wire_add_execute(&b);
	assert_bytes(&b, BYTES("E\0\0\0\x09\0\0\0\0\0"));
	wire_add_ready(&b, 'T');
	assert_bytes(&b, BYTES("Z\0\0\0\5T"));
	wire_add_complete(&b, "SELECT 1");
	assert_bytes(&b, BYTES("C\0\0\0\x0dSELECT 1\0"));
	wire_add_parameter(&b, BYTES("a"), BYTES("b"));
	assert_bytes(&b, BYTES("S\0\0\0\x08"
			       "a\0b\0"));
	wire_add_key(&b, 1, "key!", 4);
	assert_bytes(&b, BYTES("K\0\0\0\x0c\0\0\0\1key!"));
	wire_add_error(&b, 'E', &(struct wire_error){ "ERROR", "42601", "no", NULL, "yes" });
	assert_bytes(&b, BYTES("E\0\0\0\x23SERROR\0VERROR\0C42601\0Mno\0Hyes\0\0"));
}

static void test_an_untyped_packet(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	size_t token = wire_begin(&b, '\0');
	buf_add_u32(&b, WIRE_V3);
	wire_end(&b, token);
	assert_bytes(&b, BYTES("\0\0\0\x08\0\3\0\0"));
}

static void test_rows(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	size_t token = wire_begin_row(&b, 2);
	wire_add_value(&b, BYTES("ab"));
	wire_add_null(&b);
	wire_end(&b, token);
	assert_bytes(&b, BYTES("D\0\0\0\x10\0\2\0\0\0\2ab\xff\xff\xff\xff"));
	wire_add_columns(&b, (const char *const[]){ "a" }, 1);
	assert_bytes(&b, BYTES("T\0\0\0\x1a\0\1a\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"));
}

static void test_what_is_held_does_not_move_the_token(void **state)
{
	struct buf b;
	(void)state;
	/* Taken from the front and grown while a message is open. */
	buf_init(&b, 0);
	buf_add(&b, "before", 6);
	buf_take(&b, 6);
	buf_add(&b, "xy", 2);
	buf_take(&b, 1);
	size_t token = wire_begin(&b, 'Q');
	char text[2000];
	memset(text, 'a', sizeof text);
	buf_add(&b, text, sizeof text);
	wire_end(&b, token);
	struct wire_head head;
	assert_int_equal(wire_read_head(span_of(buf_head(&b) + 1, buf_held(&b) - 1), &head), WIRE_OK);
	assert_int_equal(head.total, 5 + sizeof text);
	buf_done(&b);
}

static void test_a_full_buffer_stays_failed(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 10);
	wire_add_query(&b, "more than ten bytes");
	wire_simple(&b, 'S');
	assert_true(buf_failed(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_text_needs_its_nul),
		cmocka_unit_test(test_startup_parameters),
		cmocka_unit_test(test_startup_parameters_in_order),
		cmocka_unit_test(test_startup_sizes),
		cmocka_unit_test(test_startup_codes),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_bind_formats),
		cmocka_unit_test(test_bind_that_is_cut_or_too_long),
		cmocka_unit_test(test_error_fields),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_an_untyped_packet),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_what_is_held_does_not_move_the_token),
		cmocka_unit_test(test_a_full_buffer_stays_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
