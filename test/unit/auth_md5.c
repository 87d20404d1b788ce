/* MD5 passwords: PostgreSQL's own stored form, responses, and near misses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/md5.h"

/* pg_authid.rolpassword of role m with password pencil, from PostgreSQL 15. */
static const char stored[] = "md58bbf3f45673bf67d02e4214911f3417f";
static const uint8_t salt[MD5_SALT_BYTES] = { 0x00, 0xff, 0x41, 0x10 };

static void test_secret_as_postgres(void **state)
{
	char secret[MD5_TEXT + 1];
	(void)state;
	assert_true(md5_make_secret(span_text("pencil"), span_text("m"), secret));
	assert_string_equal(secret, stored);
	assert_true(md5_make_secret(span_text("pencil"), span_text("n"), secret));
	assert_string_not_equal(secret, stored);
}

static void test_what_is_a_secret(void **state)
{
	(void)state;
	assert_true(md5_is_secret(span_text(stored)));
	assert_false(md5_is_secret(span_text("")));
	assert_false(md5_is_secret(span_text("md5")));
	assert_false(md5_is_secret(span_of(stored, MD5_TEXT - 1)));
	assert_false(md5_is_secret(span_text("md58bbf3f45673bf67d02e4214911f3417f0")));
	assert_false(md5_is_secret(span_text("md58BBF3F45673BF67D02E4214911F3417F")));
	assert_false(md5_is_secret(span_text("md58bbf3f45673bf67d02e4214911f3417g")));
	assert_false(md5_is_secret(span_of("md58bbf3f45673bf67d02e4214911f3417\0", MD5_TEXT)));
	assert_false(md5_is_secret(span_text("MD58bbf3f45673bf67d02e4214911f3417f")));
}

static void test_response(void **state)
{
	static const uint8_t other_salt[MD5_SALT_BYTES] = { 0x00, 0xff, 0x41, 0x11 };
	char response[MD5_TEXT + 1];
	(void)state;
	assert_true(md5_make_response(span_text(stored), salt, response));
	assert_true(md5_check_response(span_text(response), span_text(stored), salt));
	assert_false(md5_check_response(span_text(response), span_text(stored), other_salt));
	assert_false(md5_check_response(span_text(stored), span_text(stored), salt));
	assert_false(md5_make_response(span_text("pencil"), salt, response));
	assert_false(md5_check_response(span_text(response), span_text("pencil"), salt));
}

static void test_every_changed_byte_is_wrong(void **state)
{
	char response[MD5_TEXT + 1];
	(void)state;
	assert_true(md5_make_response(span_text(stored), salt, response));
	for (size_t i = 0; i < MD5_TEXT; i++) {
		response[i] ^= 1;
		assert_false(md5_check_response(span_text(response), span_text(stored), salt));
		response[i] ^= 1;
		assert_false(md5_check_response(span_of(response, i), span_text(stored), salt));
	}
	assert_false(md5_check_response(span_of(response, MD5_TEXT + 1), span_text(stored), salt));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret_as_postgres),
		cmocka_unit_test(test_what_is_a_secret),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_every_changed_byte_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
