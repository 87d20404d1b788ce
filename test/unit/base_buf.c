/* Buffers: what is appended comes out again, in order, up to the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void assert_holds(const struct buf *b, const char *text)
{
	assert_int_equal(buf_held(b), strlen(text));
	assert_memory_equal(buf_span(b).ptr, text, strlen(text));
}

static void test_what_is_appended_is_held_in_order(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	assert_holds(&b, "");
	buf_add(&b, "one ", 4);
	buf_add_text(&b, "two ");
	buf_add_span(&b, span_of("three", 5));
	buf_add_printf(&b, " %d", 4);
	assert_holds(&b, "one two three 4");
	buf_take(&b, 4);
	assert_holds(&b, "two three 4");
	buf_add_text(&b, "!");
	assert_holds(&b, "two three 4!");
	buf_done(&b);
	assert_holds(&b, "");
	buf_add_text(&b, "usable again");
	assert_holds(&b, "usable again");
	buf_done(&b);
}

static void test_numbers_are_in_network_byte_order(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	buf_add_u8(&b, 0x01);
	buf_add_u16(&b, 0x0203);
	buf_add_u32(&b, 0x04050607);
	assert_int_equal(buf_held(&b), 7);
	assert_memory_equal(buf_head(&b), "\1\2\3\4\5\6\7", 7);
	buf_done(&b);
}

static void test_room_is_what_was_asked_for(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	char *room = buf_room(&b, 100);
	assert_non_null(room);
	memset(room, 'x', 100);
	buf_wrote(&b, 3);
	assert_holds(&b, "xxx");
	buf_done(&b);
}

/* A limit is on what is held, not on what went through; beyond it the failure stays. */
static void test_the_limit_holds_and_failure_sticks(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 8);
	buf_add_text(&b, "12345678");
	assert_false(buf_failed(&b));
	buf_take(&b, 4);
	buf_add_text(&b, "9abc");
	assert_false(buf_failed(&b));
	assert_holds(&b, "56789abc");
	buf_add_text(&b, "d");
	assert_true(buf_failed(&b));
	assert_null(buf_room(&b, 1));
	buf_take(&b, buf_held(&b));
	buf_add_text(&b, "e");
	assert_true(buf_failed(&b));
	buf_done(&b);
}

static void test_a_size_nobody_has_fails(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1024);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_true(buf_failed(&b));
	buf_done(&b);
}

static void test_clear_keeps_the_buffer_usable(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	for (int i = 0; i < 1000; i++)
		buf_add_text(&b, "0123456789");
	assert_int_equal(buf_held(&b), 10000);
	buf_clear(&b);
	assert_holds(&b, "");
	buf_add_text(&b, "new");
	assert_holds(&b, "new");
	buf_done(&b);
}

/* Taken bit by bit while it is filled, nothing is lost or moved out of order. */
static void test_a_long_run_through_a_small_buffer(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 64);
	unsigned written = 0, taken = 0;
	while (taken < 10000) {
		while (buf_held(&b) + 2 <= 50)
			buf_add_u16(&b, (uint16_t)written++);
		for (int i = 0; i < 7; i++) {
			const unsigned char *head = (const unsigned char *)buf_head(&b);
			assert_int_equal(head[0] << 8 | head[1], taken++ & 0xffff);
			buf_take(&b, 2);
		}
	}
	assert_false(buf_failed(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_appended_is_held_in_order),
		cmocka_unit_test(test_numbers_are_in_network_byte_order),
		cmocka_unit_test(test_room_is_what_was_asked_for),
		cmocka_unit_test(test_the_limit_holds_and_failure_sticks),
		cmocka_unit_test(test_a_size_nobody_has_fails),
		cmocka_unit_test(test_clear_keeps_the_buffer_usable),
		cmocka_unit_test(test_a_long_run_through_a_small_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
