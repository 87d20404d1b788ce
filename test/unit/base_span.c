/* Spans: comparing, trimming, splitting, reading numbers. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/span.h"

static void test_equal(void **state)
{
	(void)state;
	assert_true(span_equal(span_of(NULL, 0), span_of("x", 0)));
	assert_true(span_equal(span_of("a\0b", 3), span_of("a\0b", 3)));
	assert_false(span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
	assert_false(span_equal(span_text("ab"), span_text("abc")));
	assert_true(span_is(span_text(NULL), ""));
	assert_true(span_is(span_of("abc", 2), "ab"));
	assert_false(span_is(span_of("abc", 2), "abc"));
	assert_false(span_is(span_of("ab\0", 3), "ab"));
}

static void test_case_of_ascii_only(void **state)
{
	(void)state;
	assert_true(span_is_nocase(span_text("SeLeCt"), "select"));
	assert_true(span_is_nocase(span_text(""), ""));
	assert_false(span_is_nocase(span_text("select"), "selec"));
	assert_false(span_is_nocase(span_text("selec"), "select"));
	assert_false(span_is_nocase(span_of("a\0", 2), "a"));
	assert_false(span_is_nocase(span_text("["), "{"));
	assert_false(span_is_nocase(span_text("@"), "`"));
	assert_false(span_is_nocase(span_text("\xc4"), "\xe4")); /* Ä and ä of Latin 1 */
}

static void test_trim(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },   { "   ", "" },          { " a ", "a" }, { "\t\r\n\v\fa b\t", "a b" },
		{ "a", "a" }, { "\x01 a", "\x01 a" },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		assert_true(span_is(span_trim(span_text(rows[i][0])), rows[i][1]));
	assert_int_equal(span_trim(span_of("\0 ", 2)).len, 1);
}

static void test_split(void **state)
{
	(void)state;
	struct span rest = span_text("a,,bc,");
	static const char *const parts[] = { "a", "", "bc", "", "" };
	for (size_t i = 0; i < MEM_COUNT(parts); i++)
		assert_true(span_is(span_split(&rest, ','), parts[i]));
	assert_int_equal(rest.len, 0);
	rest = span_text("whole");
	assert_true(span_is(span_split(&rest, ','), "whole"));
	assert_int_equal(rest.len, 0);
	assert_true(span_is(span_split(&rest, ','), ""));
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool fine;
		long long value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "+7", true, 7 },
		{ "007", true, 7 },
		{ "9223372036854775807", true, LLONG_MAX },
		{ "-9223372036854775808", true, LLONG_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+-1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1e3", false, 0 },
		{ "0x1", false, 0 },
		{ "\xd9\xa1", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		long long value = 42;
		assert_int_equal(span_to_int(span_text(rows[i].text), LLONG_MIN, LLONG_MAX, &value), rows[i].fine);
		assert_int_equal(value, rows[i].fine ? rows[i].value : 42);
	}
}

static void test_numbers_have_bounds(void **state)
{
	(void)state;
	long long value;
	assert_true(span_to_int(span_text("5"), 5, 5, &value));
	assert_false(span_to_int(span_text("4"), 5, 9, &value));
	assert_false(span_to_int(span_text("10"), 5, 9, &value));
	assert_true(span_to_int(span_of("123", 2), 0, 100, &value));
	assert_int_equal(value, 12);
	assert_false(span_to_int(span_of("1\0", 2), 0, 100, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),   cmocka_unit_test(test_case_of_ascii_only),
		cmocka_unit_test(test_trim),    cmocka_unit_test(test_split),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_numbers_have_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
